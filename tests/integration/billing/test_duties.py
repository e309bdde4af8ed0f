"""Duties that must not meet in one person, along the chain of one document; a refusal names the earlier act (§5.1)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing import duties
from billing.actions import approvals, delegations, waivers, work
from billing.models import BillableEvent, Candidate
from contracts.actions import configuration, exchange, rates
from contracts.models import EligibilityRule
from integration_hub import canonical
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import Denied
from integration_hub.people.models import Role, User
from integration_hub.work.inprocess import drain_once
from tests import factories, money
from tests.integration.rules.conftest import ALL_ONE, in_force

pytestmark = pytest.mark.django_db


def approve(candidate, by, delegation=None):
    seen = Candidate.objects.get(pk=candidate.pk)
    return approvals.approve(
        candidate_id=seen.pk, by=by, seen_version=seen.version, seen_hash=seen.content_hash,
        delegation_id=delegation.pk if delegation else None,
    )  # fmt: skip


def refused(candidate, by, words, delegation=None):
    with pytest.raises(Denied, match=words):
        approve(candidate, by, delegation)


def test_nobody_approves_the_billing_of_their_own_work(landscape):
    ann = factories.user(name="ann")
    User.objects.filter(pk=ann.pk).update(email="Ann.Lee@firm.example")
    worker = factories.resource()
    worker.email = "ann.lee@firm.example"
    worker.save()
    contract = money.contract_in(landscape, "C-1")
    factories.time_entry(contract, by_whom=worker)
    candidate = money.ready_in(landscape, contract, hours="")
    refused(candidate, User.objects.get(pk=ann.pk), "You worked on what it charges, so someone else must approve it")
    approve(candidate, factories.user())


def test_nobody_approves_what_they_priced(landscape):
    contract = money.contract_in(landscape, "C-1")
    setter = factories.user(name="sue")
    record = canonical.RateItem(
        source_id="C-1-x", version="1", contract_id="C-1", role="Partner", rate=Decimal(400), currency="USD",
        valid_from=factories.START,
    )  # fmt: skip
    rates.save_rate(record=record, contract=contract, source="by hand", by=setter)
    drain_once()
    candidate = money.ready_in(landscape, contract)
    refused(candidate, setter, r"You set a price of this contract on \d+ \w+ 20\d\d, so someone else must approve it")
    approve(money.ready_in(landscape, money.contract_in(landscape, "C-2")), setter)


def test_nobody_approves_by_a_map_they_changed(landscape):
    contract = money.contract_in(landscape, "C-1")
    mapper = factories.user(name="max")
    rule = EligibilityRule(contract=contract, kind="time", line=contract.lines.get())
    configuration.save_rule(row=rule, by=mapper)
    drain_once()
    refused(money.ready_in(landscape, contract), mapper, "You changed which of its work is charged")


def test_nobody_approves_what_was_converted_by_a_rate_they_entered(landscape):
    contract = money.contract_in(landscape, "C-1")
    eve, other = factories.user(name="eve"), factories.user(name="ev")
    day = date(2026, 3, 2)
    rate = exchange.entered(base="EUR", quote="USD", day=day, rate=Decimal("1.1"), by=eve, note="ECB")
    exchange.record(rates=[rate], by=eve)
    plain = money.ready_in(landscape, money.contract_in(landscape, "C-2"))
    assert duties.conflict(plain, [eve]) is None, "nothing in it was converted"
    factories.line(contract, number=2, method="expense")
    factories.expense(contract, amount="100", currency="EUR", on=day)
    candidate = money.ready_in(landscape, contract)
    assert candidate.net == Decimal("1310")
    refused(candidate, eve, "You entered the rate that converts its EUR on 2 March 2026")
    assert duties.conflict(candidate, [other]) is None


def test_nobody_approves_what_was_priced_by_a_rate_they_entered(landscape):
    converts = {"rate_currency_fallback": "convert_at_service_date"}
    contract = money.contract_in(landscape, "C-1", rate_role="Partner", policy=converts)
    record = canonical.RateItem(
        source_id="C-1-x", version="1", contract_id="C-1", role="Clerk", rate=Decimal(100), currency="EUR",
        valid_from=factories.START,
    )  # fmt: skip
    rates.save_rate(record=record, contract=contract, source="by hand", by=factories.BY)
    eve, other = factories.user(name="eve"), factories.user(name="ev")
    rate = exchange.entered(base="EUR", quote="USD", day=date(2026, 3, 1), rate=Decimal("1.1"), by=eve, note="ECB")
    exchange.record(rates=[rate], by=eve)
    drain_once()
    factories.time_entry(contract, hours="1", role="Clerk", on=date(2026, 3, 2))
    candidate = money.ready_in(landscape, contract, hours="")
    assert candidate.net == 110
    refused(candidate, eve, "You entered the rate that converts its EUR on 1 March 2026")
    assert duties.conflict(candidate, [other]) is None


def test_who_wrote_the_matrix_does_not_approve_by_it_and_who_published_it_may(landscape):
    writer = factories.user(Role.INTEGRATION_ADMIN, name="wendy", everything=True)
    publisher = factories.user(name="peter", everything=True)
    in_force(writer, publisher, ALL_ONE)
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-1"))
    ann = factories.user(name="ann", everything=True)
    day = today()
    lent = delegations.give(by=ann, taker=writer, starts_on=day, ends_on=day + timedelta(days=1), reason="Away")
    refused(candidate, writer, "You wrote the approval matrix it is approved by", lent)
    approve(candidate, publisher)


def test_the_conflict_of_who_is_stood_in_for_counts_too(landscape):
    contract = money.contract_in(landscape, "C-1")
    mapper, taker = factories.user(name="max"), factories.user(Role.BILLING_ANALYST)
    rule = EligibilityRule(contract=contract, kind="time", line=contract.lines.get())
    configuration.save_rule(row=rule, by=mapper)
    drain_once()
    candidate = money.ready_in(landscape, contract)
    day = today()
    lent = delegations.give(by=mapper, taker=taker, starts_on=day, ends_on=day, reason="Away")
    refused(candidate, taker, "max changed which of its work is charged", lent)


def test_nobody_approves_late_work_for_which_they_waived_the_time_bar(landscape):
    late = {"late_policy": "time_bar", "time_bar_days": 30}
    contract = money.contract_in(landscape, "C-1", policy=late)
    wendy = factories.user(name="wendy")
    event = factories.time_entry(contract, hours="8", on=date(2026, 3, 2))
    BillableEvent.objects.filter(pk=event.pk).update(recorded_at=datetime(2026, 5, 1, tzinfo=UTC))
    work.decide_soon([(contract.pk, None)], caused_by="test")
    drain_once()
    waivers.waive(event_id=event.pk, reason="Agreed by mail", by=wendy)
    drain_once()
    candidate = money.ready_in(landscape, contract, hours="")
    refused(candidate, wendy, r"You waived the time bar on work in it on \d+ \w+ 20\d\d, so someone else must approve")
    approve(candidate, factories.user())
    other = money.ready_in(landscape, money.contract_in(landscape, "C-2"))
    assert duties.conflict(other, [wendy]) is None, "a waiver of other work bars nobody here"
