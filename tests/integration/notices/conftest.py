"""A kind of exception, people of two legal entities, and an exception raised for one."""

from decimal import Decimal

import pytest

from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.cases.models import Case
from integration_hub.cases.registry import KINDS, CaseKind
from integration_hub.notices.actions import telling
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import screens


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    entries = {**KINDS._entries, "RATE_TEST": CaseKind("RATE_TEST", "No price", "pmo", 2, "it has a price")}
    monkeypatch.setattr(KINDS, "_entries", entries)


def raised(root="roles", entity="US01") -> Case:
    """An exception of the PMO."""
    return cases.raise_case(
        code="RATE_TEST",
        root_cause=root,
        title=f"No price for {root}",
        remedy="Add the rate.",
        legal_entity=entity,
        members=[MemberIn("billing.event", f"{root}-1", "work", Decimal(10), "USD")],
        by="system:billing",
    )


@pytest.fixture
def paula(db):
    return screens.user(Role.PMO, "paula", entities=("US01",))


@pytest.fixture
def piet(db):
    """The PMO of the other legal entity."""
    return screens.user(Role.PMO, "piet", entities=("DE01",))


@pytest.fixture
def fiona(db):
    return screens.user(Role.FINANCE, "fiona", entities=("US01",))


@pytest.fixture
def case(db):
    return raised()


def told(**which):
    """Who was told why, after everything that is in the trail has been told: {login: [kinds]}."""
    telling.write(list(Event.objects.filter(object_type="case").order_by("id")))
    from integration_hub.notices.models import Notice

    found: dict[str, list[str]] = {}
    for login, kind in Notice.objects.filter(**which).order_by("event").values_list("person__username", "kind"):
        found.setdefault(login, []).append(kind)
    return found
