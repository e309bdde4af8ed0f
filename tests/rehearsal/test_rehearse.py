"""The rehearsal itself, by its command: seeds of items under all faults, on a server and vendors of its own.

A quarter of the seeds at a time, so that two processors have something to do while faults are waited out.
THROUGHLINE_REHEARSE="<seeds> <items of each>" makes it smaller or larger than it is by default.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integration_hub.kernel import embedded
from integration_hub.operations import installed
from integration_hub.operations.rehearsal import faults, premises

COPY = shutil.which("cp") or "cp"
ROOT = Path(__file__).resolve().parents[2]
SEEDS, ITEMS = (int(word) for word in os.environ.get("THROUGHLINE_REHEARSE", "20 10000").split())
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


def start(var_dir, *arguments):
    environment = {
        key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "THROUGHLINE_TEST_DB"}
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "rehearse", *arguments],
        cwd=ROOT,
        env={**environment, "THROUGHLINE_VAR_DIR": str(var_dir)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(started):
    """Exit code, output and complaints."""
    output, complaints = started.communicate()
    return started.returncode, output, complaints


def all_of(started):
    """What each of several says, whoever ends first: none waits for another to be read."""
    with ThreadPoolExecutor(len(started)) as pool:
        return list(pool.map(ended, started))


@pytest.fixture(scope="module")
def prepared():
    """A home with the server of a rehearsal, stopped, and the database it copies: made once, not in every part."""
    with tempfile.TemporaryDirectory(prefix="prepared-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        installed.template(embedded.ensure(home / premises.DATABASE))
        embedded.stop(home / premises.DATABASE)
        yield home


def copy(prepared, home):
    """The files stay those of the user the server runs as."""
    subprocess.run([COPY, "--archive", prepared, home], check=True)


@pytest.mark.rehearsal
def test_nothing_is_lost_and_nothing_done_twice_under_all_faults(prepared, var_dir):
    several = ("--items", str(ITEMS), "--patience", "600", "--json")
    parts = [part for part in PARTS if part]
    homes = [var_dir / f"part{number}" for number in range(len(parts))]
    for home in homes:
        copy(prepared, home)
    started = [
        start(home, "--seed", str(part[0]), "--seeds", str(len(part)), *several)
        for home, part in zip(homes, parts, strict=True)
    ]
    for part, home, (code, output, complaints) in zip(parts, homes, all_of(started), strict=True):
        report = json.loads(output or "{}")
        assert not [row for row in report.get("invariants", ()) if row["violations"]], report["by_seed"]
        assert code == 0, complaints[-4000:]
        look_at(report, seeds=len(part))
        assert not (home / "rehearsal" / "postgres" / "postmaster.pid").exists(), "its server is stopped"


def look_at(report, *, seeds):
    """Everything was checked, and enough struck."""
    assert (report["violations"], report["items"], len(report["seeds"])) == (0, seeds * ITEMS, seeds)
    assert {row["invariant"] for row in report["invariants"]} == {f"I{n}" for n in range(1, 8)}
    assert all(row["checked"] for row in report["invariants"])
    assert report["invariants"][0]["checked"] >= seeds * ITEMS
    assert report["faults_in_all"] >= seeds * ITEMS * FAULTS_PER_THOUSAND / 1000
    struck = {faults.BY_NAME[name].group for name in report["faults"]}
    assert struck == set(faults.GROUPS), "each group of faults struck"


@pytest.mark.rehearsal
def test_an_unknown_fault_is_refused_and_its_server_stopped(prepared, var_dir):
    home = var_dir / "home"
    copy(prepared, home)
    code, _, complaints = ended(start(home, "--faults", "lightning"))
    assert code == 1
    assert "No fault lightning. Known: all, none, workers" in complaints
    assert not (home / "rehearsal" / "postgres" / "postmaster.pid").exists()


def test_it_never_runs_on_the_products_own_database():
    with pytest.raises(CommandError, match="A rehearsal has its own database"):
        call_command("rehearse")
