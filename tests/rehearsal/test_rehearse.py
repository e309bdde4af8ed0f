"""The rehearsal itself, by its command: seeds of items under all faults, on a server and vendors of its own.

A quarter of the seeds at a time, so that two processors have something to do while faults are waited out.
THROUGHLINE_REHEARSE="<seeds> <items of each>" makes it smaller or larger than it is by default.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integration_hub.operations.rehearsal import faults

ROOT = Path(__file__).resolve().parents[2]
SEEDS, ITEMS = (int(word) for word in os.environ.get("THROUGHLINE_REHEARSE", "20 2000").split())
AT_ONCE = 4
PARTS = [range(1 + SEEDS * part // AT_ONCE, 1 + SEEDS * (part + 1) // AT_ONCE) for part in range(AT_ONCE)]
"""The seeds of each."""
FAULTS_PER_THOUSAND = 10
"""What all faults together strike at least, per thousand items."""


@pytest.fixture
def var_dir():
    """Not pytest's own: its folders are closed to the user a database server runs as."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def rehearse(var_dir, *arguments):
    environment = {
        key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "THROUGHLINE_TEST_DB"}
    }
    return subprocess.run(
        [sys.executable, "manage.py", "rehearse", *arguments],
        cwd=ROOT,
        env={**environment, "THROUGHLINE_VAR_DIR": str(var_dir)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.rehearsal
@pytest.mark.parametrize("part", [part for part in PARTS if part])
def test_nothing_is_lost_and_nothing_done_twice_under_all_faults(var_dir, part):
    seeds = len(part)
    several = ("--seed", str(part[0]), "--seeds", str(seeds), "--items", str(ITEMS), "--patience", "600", "--json")
    done = rehearse(var_dir, *several)
    report = json.loads(done.stdout or "{}")
    assert not [row for row in report.get("invariants", ()) if row["violations"]], report["by_seed"]
    assert done.returncode == 0, done.stderr[-4000:]
    assert (report["violations"], report["items"], len(report["seeds"])) == (0, seeds * ITEMS, seeds)
    assert {row["invariant"] for row in report["invariants"]} == {f"I{n}" for n in range(1, 8)}
    assert all(row["checked"] for row in report["invariants"])
    assert report["invariants"][0]["checked"] >= seeds * ITEMS
    assert report["faults_in_all"] >= seeds * ITEMS * FAULTS_PER_THOUSAND / 1000
    struck = {faults.BY_NAME[name].group for name in report["faults"]}
    assert struck == set(faults.GROUPS), "each group of faults struck"
    assert not (var_dir / "rehearsal" / "postgres" / "postmaster.pid").exists(), "its server is stopped"


def test_an_unknown_fault_is_refused_and_its_server_stopped(var_dir):
    refused = rehearse(var_dir, "--faults", "lightning")
    assert refused.returncode == 1
    assert "No fault lightning. Known: all, none, workers" in refused.stderr
    assert not (var_dir / "rehearsal" / "postgres" / "postmaster.pid").exists()


def test_it_never_runs_on_the_products_own_database():
    with pytest.raises(CommandError, match="A rehearsal has its own database"):
        call_command("rehearse")
