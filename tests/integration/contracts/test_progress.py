"""Fixed prices that are billed by progress: what is new is billed, what fell is asked about, no cent is lost."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from billing.models import BillableEvent, RevenueLine
from contracts.actions import progress
from contracts.models import ContractLine, Milestone, ProgressMeasure
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from tests import factories, screens

pytestmark = pytest.mark.django_db
PRICE = Decimal("10000.01")
MARCH = date(2026, 3, 31)


@pytest.fixture
def line() -> ContractLine:
    return factories.contract_active("C-P", method="progress", amount=str(PRICE)).lines.get()


@pytest.fixture
def lead():
    return screens.user(Role.DELIVERY_LEAD)


@pytest.fixture
def boss():
    return screens.user(Role.FINANCE)


def said(percent: str, *, as_of: date = MARCH) -> progress.MeasureIn:
    return progress.MeasureIn(as_of=as_of, percent=Decimal(percent), measured_by="Client", evidence="Report 3")


def measured(line, percent, by, **more) -> ProgressMeasure:
    return progress.measure(line_id=line.pk, said=said(percent, **more), by=by)


def charged(line) -> list[Decimal]:
    """What is delivered of the line, by billing's own copies of it."""
    rows = BillableEvent.objects.filter(line=line, is_current=True, is_deleted=False).order_by("milestone__sequence")
    return [row.amount for row in rows]


def question() -> Case:
    return Case.objects.get(code="PROGRESS_REGRESSED")


def test_each_measure_adds_what_is_new_and_the_whole_adds_up(line, lead):
    for number, percent in enumerate(("33.3333", "33.3333", "66.6667", "100")):
        measured(line, percent, lead, as_of=MARCH + timedelta(days=number))
    assert charged(line) == [Decimal("3333.33"), Decimal("3333.35"), Decimal("3333.33")]
    assert [row.step is None for row in line.measures.order_by("pk")] == [False, True, False, False]
    plan = RevenueLine.objects.filter(plan__line=line, plan__is_current=True)
    assert sum(row.amount for row in plan) == PRICE


def test_revenue_that_is_still_to_come_stands_in_the_last_month(line, lead):
    measured(line, "40", lead)
    [now, later] = RevenueLine.objects.filter(plan__line=line, plan__is_current=True)
    assert (now.period_from, now.amount, later.amount) == (date(2026, 3, 1), Decimal("4000.00"), Decimal("6000.01"))
    assert later.period_from > now.period_from


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.decimals(0, 100, places=4), min_size=1, max_size=6), st.integers(1, 10**7))
@example([Decimal(0), Decimal(100)], 1)
def test_the_steps_come_to_the_price_times_what_was_measured(line, lead, boss, percents, cents):
    line.measures.all().delete()
    Milestone.objects.filter(line=line).update(status="cancelled", accepted_on=None)
    ContractLine.objects.filter(pk=line.pk).update(amount=Decimal(cents) / 100)
    line.refresh_from_db()
    for percent in percents:
        row = measured(line, str(percent), lead)
        if row.status == "questioned":
            progress.confirm(measure_id=row.pk, by=boss, seen_version=row.version)
        assert progress.billed(line) == progress.earned(line, percent)


def test_what_fell_changes_nothing_until_a_second_person_confirms(line, lead, boss):
    measured(line, "50", lead)
    measured(line, "80", lead, as_of=MARCH + timedelta(days=1))
    fell = measured(line, "60", lead, as_of=MARCH + timedelta(days=2))
    assert charged(line) == [Decimal("5000.01"), Decimal("3000.00")]
    case = question()
    assert (case.owner_role, case.subject_id) == (str(Role.PMO), str(fell.pk))
    [held] = case.members.all()
    assert (held.amount, held.currency) == (Decimal("2000.00"), "USD")
    with pytest.raises(Denied, match="Only PMO and finance"):
        progress.confirm(measure_id=fell.pk, by=lead, seen_version=fell.version)
    with pytest.raises(Stale):
        progress.confirm(measure_id=fell.pk, by=boss, seen_version=fell.version + 1)
    progress.confirm(measure_id=fell.pk, by=boss, seen_version=fell.version)
    drain_once(factories.LOCAL)
    assert charged(line) == [Decimal("5000.01"), Decimal("1000.00")]
    assert question().status == "resolved"
    assert progress.standing(line) == fell


def test_a_fall_that_is_declined_or_measured_again_changes_nothing(line, lead):
    measured(line, "50", lead)
    pmo = screens.user(Role.PMO)
    fell = measured(line, "40", lead)
    with pytest.raises(Denied, match="Say why"):
        progress.decline(measure_id=fell.pk, by=pmo, seen_version=fell.version, reason=" ")
    progress.decline(measure_id=fell.pk, by=pmo, seen_version=fell.version, reason="A slip")
    assert question().status == "resolved"
    fell = measured(line, "30", lead)
    assert question().status != "resolved"
    measured(line, "55", lead)
    fell.refresh_from_db()
    assert (fell.status, question().status) == ("declined", "resolved")
    assert charged(line) == [Decimal("5000.01"), Decimal("500.00")]


def test_who_recorded_a_fall_does_not_decide_on_it(line):
    pmo = screens.user(Role.PMO)
    measured(line, "50", pmo)
    fell = measured(line, "40", pmo)
    with pytest.raises(Denied, match="someone else"):
        progress.confirm(measure_id=fell.pk, by=pmo, seen_version=fell.version)


def test_wrong_measures_are_named(line, lead):
    measured(line, "50", lead)
    wrong = progress.MeasureIn(as_of=MARCH - timedelta(days=1), percent=Decimal(101), measured_by=" ", evidence="")
    with pytest.raises(BadInput) as caught:
        progress.measure(line_id=line.pk, said=wrong, by=lead)
    assert [problem.field for problem in caught.value.problems] == ["percent", "measured_by", "evidence", "as_of"]
    with pytest.raises(BadInput, match="still to come"):
        measured(line, "60", lead, as_of=date(2199, 1, 1))
    other = factories.contract_active("C-T").lines.first()
    with pytest.raises(Denied, match="not billed by progress"):
        measured(other, "10", lead)


def test_progress_is_recorded_and_decided_on_the_screens(line, lead, boss):
    tab = f"/contracts/{line.contract_id}/?tab=projects"
    client = screens.browser(lead)
    assert "Nothing measured yet" in screens.page(client, tab)
    url = f"/contracts/lines/{line.pk}/progress/"
    form = {"as_of": "2026-03-31", "percent": "25", "measured_by": "Client", "evidence": "Report 1"}
    assert "What is new of the price is billed" in screens.page(client, url)
    assert client.post(url, form | {"percent": "250"}).status_code == 422
    assert client.post(url, form).status_code == 302
    assert client.post(url, form | {"percent": "20"}).status_code == 302
    fell = ProgressMeasure.objects.get(status="questioned")
    body = screens.page(client, tab)
    for shown in ("25 %", "2,500.00", "Questioned: it fell", "Report 1"):
        assert shown in body, shown
    decider = screens.browser(boss)
    ask = f"/contracts/progress/{fell.pk}/confirm/"
    assert "500.00" in screens.page(decider, ask)
    assert decider.post(ask, {"version": fell.version}).status_code == 302
    decline = f"/contracts/progress/{fell.pk}/decline/"
    assert decider.post(decline, {"version": fell.version + 1, "reason": "no"}).status_code in (403, 409, 422)
    kept = line.measures.filter(status="in_force").values_list("percent", flat=True)
    assert list(kept) == [20, 25]
    for address in (url, ask, decline):
        screens.assert_needs_right(address)
