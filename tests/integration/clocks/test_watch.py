"""Exceptions of clocks: one for each subject, with its money, near before late, closing themselves."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from contracts.models import Contract
from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.cases.registry import still_holds
from integration_hub.clocks.actions import watch
from integration_hub.clocks.registry import CLOCKS
from integration_hub.kernel.clock import now, today
from integration_hub.trail.models import Event
from integration_hub.work.models import Item
from integration_hub.work.registry import Job
from tests import factories
from tests.integration.clocks.conftest import aim

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def contract() -> Contract:
    """Signed on a Monday, with a deal of 50,000."""
    row = factories.contract_signed("C-1", signed_on=MONDAY.date())
    return Contract.objects.get(pk=row.pk)


def watched(slug: str, as_of: datetime) -> list[tuple[str, str]]:
    """(code, what holds) of the open exceptions of a clock after a pass as of a moment."""
    kind = CLOCKS.get(slug)
    watch.watch(kind, as_of)
    rows = Case.objects.filter(code__in=[kind.late_code, kind.near_code], status__in=Case.OPEN_STATES)
    return [(row.code, row.subject_label) for row in rows.order_by("code", "pk")]


def test_near_then_late_then_closed_by_its_end(contract, admin):
    aim(admin, "project-activation", "4")
    at = {days: MONDAY + timedelta(days=days, hours=6) for days in (1, 2, 3, 4)}
    assert watched("project-activation", at[1]) == []
    assert watched("project-activation", at[3]) == [("PROJECT_ACTIVATION_NEAR", "C-1 Advisory")]
    assert watched("project-activation", at[4]) == [("PROJECT_ACTIVATION_LATE", "C-1 Advisory")]
    late = Case.objects.get(code="PROJECT_ACTIVATION_LATE")
    assert (late.severity, late.owner_role, late.legal_entity) == (2, "pmo", "US01")
    assert (late.subject_type, late.subject_id) == ("contracts.contract", str(contract.pk))
    assert [member.target_id for member in late.members.filter(is_open=True)] == [str(contract.pk)]
    near = Case.objects.get(code="PROJECT_ACTIVATION_NEAR")
    assert (near.status, near.outcome) == ("resolved", "auto")
    Contract.objects.filter(pk=contract.pk).update(status="active", activated_at=at[4])
    assert watched("project-activation", at[4] + timedelta(minutes=5)) == []
    late.refresh_from_db()
    assert (late.status, late.outcome) == ("resolved", "auto")


def test_without_a_target_nothing_is_late(contract, admin):
    assert watched("project-activation", MONDAY + timedelta(days=300)) == []
    aim(admin, "project-activation", "4")
    assert len(watched("project-activation", MONDAY + timedelta(days=300))) == 1
    aim(admin, "project-activation", None)
    assert watched("project-activation", MONDAY + timedelta(days=300)) == []


def test_a_pass_that_finds_the_same_writes_nothing(contract, admin):
    aim(admin, "project-activation", "4")
    watched("project-activation", MONDAY + timedelta(days=30))
    case, told = Case.objects.get(), Event.objects.count()
    assert len(watched("project-activation", MONDAY + timedelta(days=31))) == 1
    again = Case.objects.get()
    assert (again.version, again.title, again.detail) == (case.version, case.title, case.detail)
    assert Event.objects.count() == told


def test_a_person_cannot_close_by_hand_what_still_runs(contract, admin):
    aim(admin, "project-activation", "4")
    watched("project-activation", now())
    case = Case.objects.get(code="PROJECT_ACTIVATION_LATE")
    assert still_holds(case.code, case.root_cause)
    Contract.objects.filter(pk=contract.pk).update(status="active", activated_at=now())
    assert not still_holds(case.code, case.root_cause)


def test_work_of_a_contract_is_one_exception_with_its_money(admin):
    contract = factories.contract_active("C-2", rate="150")
    for day in (2, 3):
        factories.time_entry(contract, hours="4", on=date(2026, 3, day))
    aim(admin, "time-to-bill", "10")
    assert watched("time-to-bill", now()) == [("TIME_TO_BILL_LATE", "C-2 Advisory")]
    member = Case.objects.get(code="TIME_TO_BILL_LATE").members.get()
    assert (member.amount, member.currency, member.basis, member.label) == (
        Decimal(1200), "USD", "net", "2 pieces of work",
    )  # fmt: skip
    factories.candidate_ready(contract)  # a day's work more, of the same contract
    watched("time-to-bill", now())
    member.refresh_from_db()
    assert (member.amount, member.label) == (Decimal(2400), "3 pieces of work")


def test_posting_the_invoice_ends_both_clocks_of_its_work(admin):
    for slug in ("time-to-bill", "approval-to-bill", "invoice-release"):
        aim(admin, slug, "0.01", on=date(2020, 1, 1))
    candidate = factories.candidate_ready()
    later = now() + timedelta(days=30)
    for slug, code in (
        ("time-to-bill", "TIME_TO_BILL_LATE"),
        ("approval-to-bill", "APPROVAL_TO_BILL_LATE"),
        ("invoice-release", "INVOICE_RELEASE_LATE"),
    ):
        assert [found for found, _ in watched(slug, later)] == [code]
    factories.invoice_posted(candidate)
    for slug in ("time-to-bill", "approval-to-bill", "invoice-release"):
        assert watched(slug, now() + timedelta(seconds=1)) == []


def test_late_exceptions_are_told_once_and_never_of_themselves(admin):
    aim(admin, "exception-resolution", "8")
    cases.raise_case(code="RATE_MISSING", root_cause="x", title="No price", legal_entity="US01", by="system:test")
    later = now() + timedelta(days=30)
    for _ in range(3):
        found = watched("exception-resolution", later)
    assert [code for code, _ in found] == ["EXCEPTION_RESOLUTION_LATE"]
    case = Case.objects.get(code="EXCEPTION_RESOLUTION_LATE")
    assert [member.target_type for member in case.members.all()] == ["case"]


def test_an_amendment_under_way_shows_the_work_that_waits_for_it(admin):
    contract = factories.contract_active("C-3", rate="150")
    contract.amendments.create(
        number="A1", kind="rate", status="signed", signed_on=date(2026, 3, 2), effective_on=date(2026, 3, 10)
    )
    for day in (9, 10, 11):
        factories.time_entry(contract, hours="2", on=date(2026, 3, day))
    aim(admin, "amendment-propagation", "3")
    assert watched("amendment-propagation", now()) == [("AMENDMENT_PROPAGATION_LATE", "C-3 Advisory")]
    assert Case.objects.get(code="AMENDMENT_PROPAGATION_LATE").members.get().amount == Decimal(600)
    contract.amendments.update(propagated_at=now(), status="applied")
    assert watched("amendment-propagation", now()) == []


def test_the_tick_asks_only_where_there_are_targets_and_once(admin):
    assert watch.due() is None
    aim(admin, "project-activation", "4", on=today())
    assert watch.due() is not None
    assert watch.due() is None
    assert Item.objects.filter(kind=watch.KIND).count() == 1


def test_a_pass_over_all_clocks(contract, admin):
    aim(admin, "project-activation", "4")
    watch.due()
    item = Item.objects.get(kind=watch.KIND)
    watch.work(Job(item.pk, "clocks:watch", watch.KIND, {}, 1, 1))
    assert Case.objects.filter(code="PROJECT_ACTIVATION_LATE").count() == 1
