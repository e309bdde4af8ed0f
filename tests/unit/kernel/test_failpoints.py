"""Fail points: a process dies where its environment says, with the odds it says, and tells where."""

import os
import subprocess
import sys

import pytest

from integration_hub.kernel import failpoints

PASS_TWICE = (
    "from integration_hub.kernel import failpoints as f; [f.hit('after_send') for _ in range(400)]; print('alive')"
)


def run(**environment):
    return subprocess.run(
        [sys.executable, "-c", PASS_TWICE],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_named_point_kills_and_says_so():
    done = run(THROUGHLINE_FAILPOINT="after_send")
    assert (done.returncode, done.stderr, done.stdout) == (-9, "fail point after_send\n", "")


def test_other_points_and_no_odds_let_pass():
    assert run(THROUGHLINE_FAILPOINT="planned").stdout == "alive\n"
    assert run(THROUGHLINE_FAILPOINT="after_send:0.000001", THROUGHLINE_FAILPOINT_SEED="1").stdout == "alive\n"


def test_odds_kill_sooner_or_later():
    assert run(THROUGHLINE_FAILPOINT="planned:0.5, after_send:0.1", THROUGHLINE_FAILPOINT_SEED="1").returncode == -9


def test_an_unknown_point_is_named():
    done = run(THROUGHLINE_FAILPOINT="nowhere")
    assert "No fail point 'nowhere'" in done.stderr
    with pytest.raises(LookupError, match="No fail point"), failpoints.armed("nowhere"):
        pass
