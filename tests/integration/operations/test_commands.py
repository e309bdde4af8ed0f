"""The commands of operations, as an operator calls them."""

import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import psutil
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from integration_hub.kernel import embedded
from integration_hub.operations.management.commands import db

ROOT = Path(__file__).resolve().parents[3]


def run(act, monkeypatch, settings, tmp_path, **environment):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings.VAR_DIR = tmp_path
    settings.ENV = settings.ENV.model_copy(update={"database_url": ""})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = StringIO()
    call_command("db", act, stdout=out)
    return out.getvalue().strip()


def test_db_speaks_only_of_the_embedded_server(monkeypatch, settings, tmp_path):
    url = "postgresql://elsewhere/throughline"
    assert run("url", monkeypatch, settings, tmp_path, DATABASE_URL=url) == url
    with pytest.raises(CommandError, match="names another server"):
        run("stop", monkeypatch, settings, tmp_path, DATABASE_URL=url)


def test_db_without_a_server(monkeypatch, settings, tmp_path):
    with pytest.raises(CommandError, match="Not running"):
        run("status", monkeypatch, settings, tmp_path)
    assert run("stop", monkeypatch, settings, tmp_path) == "It was not running"
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "postmaster.pid").write_text("999999999\n")
    assert db._pid() is None, "a pid file of a server that crashed"


def test_db_starts_shows_and_stops_a_server(monkeypatch, settings, tmp_path):
    try:
        address = run("start", monkeypatch, settings, tmp_path)
        assert str(tmp_path) in address
        assert run("url", monkeypatch, settings, tmp_path) == address
        assert run("status", monkeypatch, settings, tmp_path).startswith("Running: PostgreSQL 1")
        assert run("stop", monkeypatch, settings, tmp_path) == "Stopped"
        assert db._pid() is None
    finally:
        embedded.stop(tmp_path)


@pytest.mark.django_db
def test_serve_refuses_a_database_that_is_not_up_to_date(monkeypatch, settings, tmp_path):
    from django.db.migrations.recorder import MigrationRecorder

    settings.VAR_DIR = tmp_path
    MigrationRecorder.Migration.objects.filter(app="hub_work").delete()
    with pytest.raises(CommandError, match=r"manage\.py migrate"):
        call_command("serve")


@pytest.mark.django_db(transaction=True)
def test_serve_runs_the_whole_tree_and_ends_it_on_ctrl_c(tmp_path):
    from tests.concurrency.work.test_cluster import address

    environment = {**os.environ, "DATABASE_URL": address(), "THROUGHLINE_VAR_DIR": str(tmp_path)}
    served = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", "18437"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert served.stdout is not None
        assert b"http://127.0.0.1:18437/" in served.stdout.readline()
        family = until_everyone_is_there(served.pid)
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=120) == 0
        assert [process for process in family if process.is_running()] == []
    finally:
        if served.poll() is None:
            served.kill()


def until_everyone_is_there(pid, seconds=120):
    """All processes of the tree, once ticker, three clusters and the web server are among them."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        family = psutil.Process(pid).children(recursive=True)
        said = " ".join(" ".join(process.cmdline()) for process in family if process.is_running())
        if said.count("qcluster") >= 3 and "ticker" in said and "gunicorn" in said:
            return family
        time.sleep(0.1)
    raise AssertionError("Not everything was started.")
