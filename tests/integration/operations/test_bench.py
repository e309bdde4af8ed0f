"""Measurements run, say their figures and leave nothing behind. How long they take is for people to judge."""

from contextlib import nullcontext

import pytest
from django.core.management import call_command
from django.db import connection

from integration_hub.effects.models import Effect
from integration_hub.operations.bench import Aim, scratch
from integration_hub.replay.models import Plan
from integration_hub.work.models import Lane

pytestmark = pytest.mark.django_db


def test_a_plan_is_measured_and_nothing_stays(capsys):
    call_command("bench", "replay", "--size", "40")
    said = capsys.readouterr().out
    for step in ("Freeze: 40 in", "Forecast: 40 in", "Totals of the page: 40 in"):
        assert step in said
    assert (Effect.objects.count(), Plan.objects.count(), Lane.objects.count()) == (0, 0, 0)


def test_without_a_name_it_lists_what_can_be_measured(capsys):
    call_command("bench")
    assert "replay: A replay plan is frozen and forecast (100,000)" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_the_trail_is_measured_and_tampering_is_noticed(capsys, monkeypatch):
    monkeypatch.setattr(scratch, "database", nullcontext)
    call_command("bench", "audit", "--size", "40")
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_event")
    said = capsys.readouterr().out
    assert said.count(": noticed") == 7
    assert "the end is cut off with its seal: not noticed" in said
    assert said.count("aim:") == 3


@pytest.mark.django_db
def test_a_reconciliation_is_measured_against_a_scan(capsys, monkeypatch):
    monkeypatch.setattr(scratch, "database", nullcontext)
    call_command("bench", "reconcile", "--size", "2000")
    said = capsys.readouterr().out
    for goal in ("P7 full pass", "P9 sums", "P10 precision", "P10 recall", "memory of Python"):
        assert goal in said


def test_an_aim_is_met_at_its_limit_and_says_so():
    most, least = Aim("s", floor=2, target=1, most=True), Aim("a second", floor=1, target=2)
    assert most.verdict(1.5) == "1.5 s (floor at most 2: met, target at most 1: not met)"
    assert least.verdict(2) == "2 a second (floor at least 1: met, target at least 2: met)"
    assert least.verdict(0.5) == "0.5 a second (floor at least 1: not met, target at least 2: not met)"
