"""Measurements run, say their figures and leave nothing behind. How long they take is for people to judge."""

import pytest
from django.core.management import call_command

from integration_hub.effects.models import Effect
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
