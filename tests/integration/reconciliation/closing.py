"""A close of March, people who sign it, and work that stands in its way."""

from dataclasses import replace
from datetime import date

import pytest

from billing.models import Piece
from integration_hub.kernel.clock import now
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import closes
from reconciliation.closing import standing
from reconciliation.closing.checks import CHECKS
from reconciliation.closing.found import Found
from reconciliation.models import ClosePack, PeriodClose
from tests import factories, screens

MARCH = date(2026, 3, 31)


@pytest.fixture
def contract(db):
    return factories.contract_active("C-CLOSE")


@pytest.fixture
def close(contract) -> PeriodClose:
    return closes.open_close(legal_entity="US01", month=MARCH, by="system:test")


@pytest.fixture
def fiona(db):
    return screens.user(Role.FINANCE, "fiona")


@pytest.fixture
def conrad(db):
    return screens.user(Role.FINANCE, "conrad")


@pytest.fixture
def nothing_else(monkeypatch):
    """Only the checks named are asked; the rest finds nothing."""

    def only(*names: str) -> None:
        told = tuple(check if check.name in names else _silent(check) for check in CHECKS)
        monkeypatch.setattr(standing, "CHECKS", told)

    return only


def _silent(check):
    return replace(check, find=lambda period: Found())


def found(close: PeriodClose, name: str) -> Found:
    return standing.of_check(close, name, now()).found


def fresh(close: PeriodClose) -> PeriodClose:
    return PeriodClose.objects.get(pk=close.pk)


def held_work(contract, hours="8"):
    """Work of the period that nothing lets through."""
    factories.time_entry(contract, hours=hours)
    drain_once()
    Piece.objects.filter(contract=contract, is_current=True).update(state="held", codes=["PM_HOLD"])


def signed(close: PeriodClose, *people) -> ClosePack:
    for person in people:
        pack = closes.sign(close_id=close.pk, seen_version=fresh(close).version, by=person)
    return pack


def accept(close, by, check="held", *, seen=None, reason="Client pays in April"):
    seen = seen or found(close, check).digest
    return closes.accept(
        close_id=close.pk, check=check, seen_version=fresh(close).version, seen=seen, reason=reason, by=by
    )
