"""An invoice that is late for its period is dated into the next one, quoted anew and approved anew."""

from datetime import date

import pytest

from billing.models import Approval
from contracts.models import AccountingPeriod
from integration_hub.effects.actions import gates
from integration_hub.effects.models import Effect, PostingGate
from integration_hub.work.inprocess import drain_once
from tests import factories, money

pytestmark = pytest.mark.django_db


def periods(entity, **status):
    """Months of 2026 as the ERP keeps them; open unless said otherwise: `periods(entity, april="closed")`."""
    for number, name, last in ((3, "march", 31), (4, "april", 30), (5, "may", 31)):
        AccountingPeriod.objects.create(
            legal_entity=entity, name=name, starts_on=date(2026, number, 1), ends_on=date(2026, number, last),
            status=status.get(name, "open"),
        )  # fmt: skip


@pytest.fixture
def late(landscape):
    """An approved invoice of March, and a gate that sends on what is late."""
    candidate = money.ready_in(landscape, money.contract_in(landscape))
    candidate = factories.candidate_approved(candidate)
    gates.save(
        row=PostingGate(
            kind="module_lock", name="AR lock", locked_through=date(2026, 3, 31), late="next_period",
            effect_type="*.invoice.post",
        ),
        by="system:test",
    )  # fmt: skip
    return candidate


def test_it_goes_into_the_next_open_period_and_is_approved_again(landscape, late):
    periods(late.legal_entity, april="closed")
    effect = money.post(late)
    drain_once()
    late.refresh_from_db()
    effect.refresh_from_db()
    assert effect.state == "cancelled"
    assert landscape.erp.writes("invoice.post") == []
    assert (late.invoice_date, late.accounting_date) == (date(2026, 5, 1), date(2026, 5, 1))
    assert late.status == "ready", "tax is quoted for the new day and the checks have run"
    assert not Approval.objects.filter(candidate=late, lapsed_at__isnull=True).exists()
    again = money.post(factories.candidate_approved(late))
    drain_once()
    again.refresh_from_db()
    assert (again.state, again.revision, again.posting_date) == ("confirmed", 2, date(2026, 5, 1))
    assert [write.payload["invoice_date"] for write in landscape.erp.writes("invoice.post")] == ["2026-05-01"]


def test_without_a_later_open_period_it_waits_for_finance(landscape, late):
    periods(late.legal_entity, april="closed", may="closed")
    effect = money.post(late)
    drain_once()
    late.refresh_from_db()
    effect.refresh_from_db()
    assert (effect.state, late.status, late.invoice_date) == ("waiting", "posting", date(2026, 3, 31))
    AccountingPeriod.objects.filter(name="may").update(status="open")
    gates.move_on(effect_id=effect.pk, by="system:test", reason="May is open now")
    late.refresh_from_db()
    assert late.invoice_date == date(2026, 5, 1)
    assert Effect.objects.get(pk=effect.pk).state == "cancelled"
