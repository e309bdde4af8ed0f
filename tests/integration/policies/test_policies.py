"""Every rule in every role and state: allowed, or refused with its reason."""

import importlib
import inspect

import pytest

from integration_hub.api import policies as tokens
from integration_hub.people.models import Role
from tests.architecture.code import modules
from tests.integration.policies import billing, hub
from tests.integration.policies.matrix import person

ROWS = (*billing.ROWS, *hub.ROWS)


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
