"""People who write and publish decision tables, and the rules they write."""

from pathlib import Path

import pytest

from integration_hub.people.models import Role, User
from integration_hub.rules.actions import tables
from integration_hub.rules.models import DecisionTable
from integration_hub.rules.tables import RuleSpec
from tests import factories

HERE = Path(__file__).parent
KIND = "billing.approvals"
ALL_TWO = (RuleSpec("", {"people": "2", "first": "", "second": "finance", "third": ""}, "Always two"),)
ALL_ONE = (RuleSpec("", {"people": "1", "first": "", "second": "", "third": ""}, "Always one"),)


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:No directory at"))


@pytest.fixture
def writer() -> User:
    return factories.user(Role.INTEGRATION_ADMIN, name="wendy", everything=True)


@pytest.fixture
def publisher() -> User:
    return factories.user(Role.FINANCE, name="peter", everything=True)


def in_force(writer: User, publisher: User, rules=ALL_TWO, *, legal_entity: str = "") -> DecisionTable:
    """A version of these rules, written, checked and published."""
    made = tables.draft(kind=KIND, legal_entity=legal_entity, by=writer, rules=rules)
    assert tables.check(table_id=made.pk, by=writer, seen_version=made.version).problems == ()
    made.refresh_from_db()
    return tables.publish(table_id=made.pk, by=publisher, seen_version=made.version)
