"""Every rule in every role and state: allowed, or refused with its reason."""

import importlib
import inspect

import pytest

from integration_hub.api import policies as tokens
from integration_hub.people.models import Role
from integration_hub.replay import policies as replay
from tests.architecture.code import modules
from tests.integration.policies import (
    billing,
    closing,
    handling,
    hub,
    lending,
    measuring,
    reconciling,
    repair,
    repaying,
    setting_aside,
    streams,
    telling,
    transferring,
)
from tests.integration.policies.matrix import ELSEWHERE, person

TABLES = (
    billing,
    closing,
    handling,
    hub,
    lending,
    measuring,
    reconciling,
    repair,
    repaying,
    setting_aside,
    streams,
    telling,
    transferring,
)
ROWS = tuple(row for table in TABLES for row in table.ROWS)


@pytest.mark.parametrize("row", ROWS, ids=str)
@pytest.mark.django_db
def test_each_role_in_each_state_gets_its_answer(row):
    assert row.differences() == []


def test_every_rule_has_a_row():
    paths = (path for path, _ in modules() if path.endswith("/policies.py"))
    found = [importlib.import_module(path.removesuffix(".py").replace("/", ".")) for path in paths]
    rules = {
        rule
        for module in found
        for name, rule in inspect.getmembers(module, inspect.isfunction)
        if name.startswith("can_") and rule.__module__ == module.__name__
    }
    assert rules, "the policies are found"
    missing = rules - {row.rule for row in ROWS}
    assert not missing, f"no table says who may: {sorted(f'{rule.__module__}.{rule.__name__}' for rule in missing)}"


def test_a_superuser_makes_tokens_for_others():
    assert tokens.can_issue(person(Role.AUDITOR, is_superuser=True), person(Role.FINANCE, pk=99))


def test_who_replays_source_records_may_read_feeds_and_see_all():
    everywhere = person(Role.INTEGRATION_ADMIN, all_legal_entities=True)
    assert replay.can_plan("source", everywhere)
    plan = repair.plan("ready", kind="source")
    assert replay.can_approve(plan, everywhere)
    refused = replay.can_approve(plan, person(Role.FINANCE))
    assert refused.reason == "Approving needs the right for a single item too: hub_intake.run_feed."


def test_whoever_planned_a_replay_may_cancel_it_wherever_they_work():
    mine = repair.plan("ready", author=repair.OWN)
    assert replay.can_cancel(mine, person(Role.BILLING_ANALYST, entity=ELSEWHERE))
    assert replay.can_cancel(mine, person(Role.AUDITOR)).reason == repair.NO_APPROVER
