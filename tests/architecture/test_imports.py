"""Imports point one way, the pure rooms are pure, the clock is read in one place."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.code import ROOT, imported, modules

BY_HAND = ("django", "rest_framework", "httpx", "psycopg")


def test_the_import_contracts_are_kept():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "5 kept, 0 broken" in done.stdout


def test_a_process_starts_without_what_few_of_them_need():
    """Each of these is megabytes and a tenth of a second, in every worker and at every start."""
    heavy = ("openpyxl", "lxml", "typst", "joserfc", "prompt_toolkit", "playwright")
    start = "import django, sys; django.setup(); print(*sorted({name.split('.')[0] for name in sys.modules}))"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "integration_hub.settings"}
    done = subprocess.run(
        [sys.executable, "-c", start], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert {"billing", "cel"} <= loaded
    assert loaded.isdisjoint(heavy)


@pytest.mark.parametrize("package", ["billing/engine", "integration_hub/canonical"])
def test_the_pure_rooms_import_no_framework(package):
    found = list(modules(package))
    assert len(found) >= 5
    for path, text in found:
        names = {name.split(".")[0] for name in imported(text)}
        assert names.isdisjoint(BY_HAND), path


def test_only_the_clock_reads_the_clock():
    asking = ("datetime.now(", "datetime.utcnow(", "date.today(", "timezone.now", "time.time(")
    readers = {
        path
        for path, text in modules()
        if not path.startswith("integration_hub/sandbox/") and any(phrase in text for phrase in asking)
    }
    assert readers == {"integration_hub/kernel/clock.py"}


def test_the_rules_are_told_the_date():
    for path, text in modules("billing/engine"):
        assert not {name for name in imported(text) if name.startswith("integration_hub.kernel.clock")}, path


def test_only_the_doorbell_touches_the_queue():
    """Besides the measurement that sets the lanes beside the bare queue."""
    users = {path for path, text in modules() if any(name.startswith("django_q") for name in imported(text))}
    assert users == {"integration_hub/work/doorbell.py", "integration_hub/operations/bench/lanes.py"}


def test_nothing_listens_to_signals():
    for path, text in modules():
        assert not {name for name in imported(text) if name.startswith("django.db.models.signals")}, path
