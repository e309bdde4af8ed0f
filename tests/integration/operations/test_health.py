"""Health is what was finished lately: 200 while ticker and canaries fly, 503 when one falls silent."""

import json

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.test import RequestFactory

from integration_hub.operations import health, views
from integration_hub.work import engine, queries, ticker
from integration_hub.work.canary import send
from integration_hub.work.models import Beat, Stage

pytestmark = pytest.mark.django_db


def fly():
    send()
    for stage in Stage.values:
        engine.drain(stage)
    ticker.beat("ticker")


def page():
    response = views.health(RequestFactory().get("/health"))
    return response.status_code, json.loads(response.content)


def test_a_machine_that_works(capsys):
    fly()
    status, body = page()
    assert (status, body["status"]) == (200, "ok")
    assert set(body["parts"]) == {"database", "ticker", "canary:post", "canary:ingest", "canary:bulk"}
    call_command("health")


def test_a_machine_that_never_worked(capsys):
    status, body = page()
    assert (status, body["parts"]["ticker"]) == (503, {"ok": False, "detail": "never seen"})
    with pytest.raises(SystemExit):
        call_command("health")


@pytest.mark.parametrize("part", ["ticker", "canary:post", "canary:ingest", "canary:bulk"])
def test_one_silent_part_fails_it(part):
    fly()
    Beat.objects.filter(part=part).update(at="2000-01-01T00:00Z")
    status, body = page()
    assert status == 503
    assert [name for name, found in body["parts"].items() if not found["ok"]] == [part]


def test_a_database_that_does_not_answer(monkeypatch):
    def fail():
        raise DatabaseError

    monkeypatch.setattr(queries, "beats", fail)
    assert page() == (503, {"status": "failing", "parts": {"database": {"ok": False, "detail": "DatabaseError"}}})
    assert health.sick_cluster("post") == "", "restarting workers does not mend a database"


def test_a_cluster_is_blamed_only_while_the_ticker_ticks():
    fly()
    assert health.sick_cluster("post") == ""
    Beat.objects.filter(part="canary:post").update(at="2000-01-01T00:00Z")
    assert "its last canary is" in health.sick_cluster("post")
    assert health.sick_cluster("bulk") == ""
    Beat.objects.filter(part="canary:bulk").delete()
    assert health.sick_cluster("bulk") == "it has never completed a canary"
    Beat.objects.filter(part="ticker").update(at="2000-01-01T00:00Z")
    assert health.sick_cluster("post") == ""


def test_a_ticker_that_hangs_is_restarted(monkeypatch):
    assert health.sick_ticker() == "it has never ticked"
    fly()
    assert health.sick_ticker() == ""
    Beat.objects.filter(part="ticker").update(at="2000-01-01T00:00Z")
    assert "its last tick is" in health.sick_ticker()

    def fail():
        raise DatabaseError

    monkeypatch.setattr(queries, "beats", fail)
    assert health.sick_ticker() == ""


def test_the_page_needs_no_sign_in():
    assert getattr(views.health, "login_required", True) is False
