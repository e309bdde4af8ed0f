"""A real queue cluster in its own processes rings, works and answers."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection

from integration_hub.operations.supervisor import stop_trees
from integration_hub.work import canary, queries
from integration_hub.work.models import Item

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

ROOT = Path(__file__).resolve().parents[3]


def address():
    """The test database's address, for another process."""
    values = connection.settings_dict
    host, port = values["HOST"], values["PORT"]
    where = f"?host={host}" if host.startswith("/") else ""
    server = "" if where else f"{host}:{port}" if port else host
    sign_in = f"{values['USER']}:{values['PASSWORD']}@" if values["PASSWORD"] else f"{values['USER']}@"
    return f"postgresql://{sign_in}{server}/{values['NAME']}{where}"


@pytest.fixture
def cluster(tmp_path):
    """The cluster of the bulk stage."""
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen(
            [sys.executable, "manage.py", "qcluster"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": address(), "Q_CLUSTER_NAME": "bulk"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        yield started
        stop_trees([started.pid], 10)
        started.wait()


def test_a_cluster_answers_the_doorbell_and_works_its_stage_only(cluster):
    canary.send()
    deadline = time.monotonic() + 90
    while "canary:bulk" not in queries.beats() and time.monotonic() < deadline:
        assert cluster.poll() is None, "the cluster ended"
        time.sleep(0.1)
    assert "canary:bulk" in queries.beats()
    assert "canary:post" not in queries.beats(), "another stage is another cluster's"
    done = dict(Item.objects.values_list("lane__stage", "state"))
    assert (done["bulk"], done["post"], done["ingest"]) == ("done", "ready", "ready")
