"""What people spent: gathered once, posted once by somebody else, paid, told to its source, taken back if it falls."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.models import Piece
from contracts.models import AccountingPeriod, ContractLine, LegalEntity, Resource
from costs.actions import reimbursing
from costs.clocks import REIMBURSEMENT
from costs.models import ExpenseClaim, Reimbursement, ReimbursementItem, ReimbursementJournal
from integration_hub.cases.models import Case
from integration_hub.clocks import reading
from integration_hub.clocks.reading import Asked
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.people.models import User
from integration_hub.work.inprocess import drain_once
from tests import factories, money, vendors
from tests.integration.costs import spending
from tests.integration.costs.spending import expense, owed, pays, post, spend
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


@shared
def contract():
    with vendors.silent() as landscape:
        there = money.contract_in(landscape, "C-1")
        factories.line(
            there, number=2, method="expense", prices={"expenses": [{"category": "Travel", "method": "at_cost"}]}
        )
        return spending.known(landscape, there)


def booked(landscape, number=-1):
    """What the last journal in the ERP says, by charge code."""
    payload = landscape.erp.writes("journal.post")[number].payload
    return {line["charge_code"]: Decimal(line["amount"]) for line in payload["lines"]}


def cases(code):
    return list(Case.objects.filter(code=code, status__in=Case.OPEN_STATES).values_list("title", flat=True))


def person(address):
    """Somebody of finance with this address."""
    user = factories.user()
    User.objects.filter(pk=user.pk).update(email=address)
    return User.objects.get(pk=user.pk)


# -- what is owed ------------------------------------------------------------------------------------------------------


def test_a_report_is_one_reimbursement_per_currency_and_a_second_look_changes_nothing(contract, landscape):
    spend(
        landscape, expense("E-1"), expense("E-2", amount=Decimal(30)), expense("E-3", currency="EUR", amount=Decimal(9))
    )
    sums = {(row.currency, row.amount, row.items.count()) for row in Reimbursement.objects.all()}
    assert sums == {("USD", 150, 2), ("EUR", 9, 1)}
    versions = set(Reimbursement.objects.values_list("pk", "version"))
    spend(landscape, expense("E-1"))
    assert set(Reimbursement.objects.values_list("pk", "version")) == versions


def test_without_a_report_each_expense_is_its_own(contract, landscape):
    spend(landscape, expense("E-1", report_id=""), expense("E-2", report_id=""))
    assert Reimbursement.objects.count() == 2


def test_what_is_charged_and_what_is_reimbursed_do_not_hang_together(contract, landscape):
    assert ContractLine.objects.filter(contract=contract, number=2).exists()
    four = [(billable, back) for billable in (True, False) for back in (True, False)]
    spend(landscape, *(expense(f"E-{n}", billable=one, reimbursable=two) for n, (one, two) in enumerate(four)))
    charged = {
        piece.event.work_key.rpartition(":")[2]
        for piece in Piece.objects.filter(is_current=True, state="billable").select_related("event")
    }
    assert charged == {"E-0", "E-1"}
    assert set(owed().items.values_list("claim__source_id", flat=True)) == {"E-0", "E-2"}


@pytest.mark.parametrize(
    "more",
    [{"approval": "submitted"}, {"spent_on": date(2025, 12, 31)}, {"paid_by": "company"}],
    ids=["not approved", "before it is kept", "the company paid"],
)
def test_what_is_owed_to_nobody(contract, landscape, more):
    spend(landscape, expense(**more))
    assert not Reimbursement.objects.exists()


def test_what_a_subcontractor_spent_comes_with_their_bill(contract, landscape):
    Resource.objects.filter(name="Ann Lee").update(vendor="Bluebird")
    spend(landscape, expense())
    assert not Reimbursement.objects.exists()


def test_who_paid_is_asked_where_the_source_contradicts_itself(contract, landscape):
    spend(landscape, expense(paid_by="company"))
    assert len(cases("CLAIM_UNCLEAR")) == 1
    spend(landscape, expense())
    assert cases("CLAIM_UNCLEAR") == []
    assert owed().amount == 120


def test_what_is_not_posted_follows_its_source(contract, landscape):
    spend(landscape, expense("E-1"), expense("E-2", amount=Decimal(30)))
    spend(landscape, expense("E-2", amount=Decimal(35)))
    assert owed().amount == 155
    spend(landscape, expense("E-1", approval="rejected"), expense("E-2", deleted=True))
    assert Reimbursement.objects.get().status == "withdrawn"


def test_an_expense_that_goes_over_to_somebody_else_is_owed_to_them(contract, landscape):
    spend(landscape, expense())
    spend(landscape, expense(resource_id="bob", approved_by_id="ann"))
    assert owed().resource.name == "Bob Ray"


def test_the_database_lets_nothing_be_reimbursed_twice_or_without_adding_up(contract, landscape):
    spend(landscape, expense("E-1"), expense("E-2", paid_by="company", report_id="R-2"))
    row, item = owed(), ReimbursementItem.objects.get()
    given = {"currency": "USD", "spent_on": spending.DAY, "has_receipt": True, "amount": 1}
    with pytest.raises(IntegrityError, match="claim_reimbursed_once"), transaction.atomic():
        ReimbursementItem.objects.create(reimbursement=row, claim=item.claim, **given)
    company = ExpenseClaim.objects.get(source_id="E-2")
    with pytest.raises(IntegrityError, match="owed to nobody"), transaction.atomic():
        ReimbursementItem.objects.create(reimbursement=row, claim=company, **given)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        ReimbursementItem.objects.update(amount=1)
    Reimbursement.objects.update(amount=1)
    with pytest.raises(IntegrityError, match="does not add up"):
        transaction.get_connection().check_constraints()


# -- posting -----------------------------------------------------------------------------------------------------------


def test_from_the_approval_to_the_source_that_knows_it_is_paid(contract, landscape):
    spend(landscape, expense("E-1"), expense("E-2", amount=Decimal(30), category="Meals"))
    row = post()
    assert row.status == "payable"
    assert booked(landscape) == {"expense:Travel": 120, "expense:Meals": 30, "employee_payable": -150}
    payload = landscape.erp.writes("journal.post")[0].payload
    assert [line.get("payee") for line in payload["lines"]][:-1] == [None, None]
    assert payload["lines"][-1]["payee"]["email"] == "ann@firm.example"
    assert payload["job_reference"] == contract.number
    assert pays(landscape, row, "100").status == "payable"
    assert pays(landscape, row, "150").status == "told"
    assert row.paid_on == date(2026, 4, 2)
    [told] = landscape.psa.writes("reimbursement.write")
    assert told.payload["status"] == "paid"
    assert told.payload["expenses"] == [{"id": "E-1", "amount": "120"}, {"id": "E-2", "amount": "30"}]
    assert pays(landscape, row, "0").status == "payable", "the payment was taken back"
    assert landscape.psa.writes("reimbursement.write")[-1].payload["status"] == "open"
    assert pays(landscape, row, "150").status == "told"


def test_a_source_that_hears_nothing_leaves_it_paid(contract):
    with vendors.living(psa=vendors.plain_tracker()) as landscape:
        spending.known(landscape, contract)
        spend(landscape, expense())
        assert pays(landscape, post(), "120").status == "paid"


def test_it_is_posted_once_and_on_what_was_seen(contract, landscape):
    spend(landscape, expense())
    seen = owed()
    spend(landscape, expense(amount=Decimal(99)))
    with pytest.raises(Stale):
        reimbursing.post(reimbursement=seen, version=seen.version, by=factories.user())
    post()
    with pytest.raises(Denied, match="not to be posted"):
        post()
    assert len(landscape.erp.writes("journal.post")) == 1


def test_all_that_is_due_at_once_but_for_what_the_person_may_not_send(contract, landscape):
    spend(landscape, expense("E-1"), expense("E-2", report_id="R-2", resource_id="bob", approved_by_id="ann"))
    entity = LegalEntity.objects.get(code="US01")
    given = {"legal_entity": entity, "through": date(2026, 3, 31)}
    ann = person("Ann@firm.example")
    with pytest.raises(Denied, match="your own money|You approved"):
        reimbursing.post_all(**given, by=ann)
    assert reimbursing.post_all(legal_entity=entity, through=date(2026, 3, 8), by=factories.user()) == []
    assert len(reimbursing.post_all(**given, by=factories.user())) == 2


def test_a_closed_period_dates_it_on_the_first_open_day_and_one_that_closes_moves_it_on(contract, landscape):
    entity = LegalEntity.objects.get(code="US01")
    for month, status in ((3, "closed"), (4, "open"), (5, "open")):
        AccountingPeriod.objects.create(
            legal_entity=entity,
            name=f"{month}/2026",
            starts_on=date(2026, month, 1),
            ends_on=date(2026, month, 28),
            status=status,
        )
    spend(landscape, expense())
    row = post(sent=False)
    effect = Effect.objects.get()
    assert effect.posting_date == date(2026, 4, 1)
    reimbursing.into_next_period(effect, factories.user(), "April is over")
    drain_once()
    row.refresh_from_db()
    assert row.status == "payable"
    assert [journal.status for journal in row.journals.order_by("pk")] == ["withdrawn", "posted"]
    assert landscape.erp.writes("journal.post")[0].payload["accounting_date"] == "2026-05-01"


def test_a_refusal_waits_for_a_person_who_may_withdraw_it(contract, landscape):
    spend(landscape, expense())
    landscape.erp.refuse["journal.post"] = "no such account"
    assert post().status == "rejected"
    effects.cancel(effect_id=Effect.objects.get().pk, by=factories.user(), reason="wrong account")
    landscape.erp.refuse.clear()
    assert owed().status == "due"
    assert post().status == "payable"


# -- duties and rules --------------------------------------------------------------------------------------------------


def test_nobody_sends_their_own_money_nor_what_they_approved(contract, landscape):
    spend(landscape, expense())
    for address, said in (("ann@firm.example", "your own money"), ("BOB@firm.example", "You approved")):
        with pytest.raises(Denied, match=said):
            post(by=person(address))


def test_what_the_rules_stop_is_accepted_by_one_and_posted_by_another(contract, landscape):
    LegalEntity.objects.update(receipt_above=Decimal(100), expenses_within_days=3650)
    spend(landscape, expense("E-1", has_receipt=False), expense("E-2", amount=Decimal(99), has_receipt=False))
    row = owed()
    [title] = cases("REIMBURSEMENT_STOPPED")
    assert "120.00 USD has no receipt" in title
    one = factories.user()
    with pytest.raises(Denied, match="has no receipt"):
        post(by=one)
    reimbursing.accept(reimbursement=row, reason="the hotel lost it", version=row.version, by=one)
    assert cases("REIMBURSEMENT_STOPPED") == []
    with pytest.raises(Denied, match="a second person"):
        post(by=one)
    spend(landscape, expense("E-3", amount=Decimal(5)))
    assert owed().accepted_by == "", "other content is accepted anew"
    row = owed()
    reimbursing.accept(reimbursement=row, reason="the hotel lost it", version=row.version, by=one)
    assert post().status == "payable"


@pytest.mark.parametrize(
    ("rules", "more", "said"),
    [
        ({"expenses_within_days": 5}, {}, "more than 5 days"),
        ({}, {"approved_by_id": "ann"}, "whose it is"),
        ({"receipt_above": Decimal(1000)}, {"currency": "SEK", "has_receipt": False}, "no receipt"),
    ],
    ids=["late", "approved by oneself", "no rate to compare by"],
)
def test_what_else_has_to_be_accepted(contract, landscape, rules, more, said):
    LegalEntity.objects.update(**rules)
    spend(landscape, expense(**more))
    assert said in cases("REIMBURSEMENT_STOPPED")[0]


# -- what falls afterwards ---------------------------------------------------------------------------------------------


def test_one_that_is_withdrawn_on_its_way_is_recalled(contract, landscape):
    spend(landscape, expense("E-1"), expense("E-2", amount=Decimal(30)))
    post(sent=False)
    spend(landscape, expense("E-1", approval="rejected"))
    drain_once()
    assert (owed().status, owed().amount) == ("due", 30)
    assert landscape.erp.writes("journal.post") == []


def test_one_that_is_withdrawn_after_it_was_posted_is_taken_back_by_a_journal(contract, landscape):
    spend(landscape, expense("E-1"), expense("E-2", amount=Decimal(30)))
    row = post()
    spend(landscape, expense("E-1", approval="rejected"))
    drain_once()
    row.refresh_from_db()
    assert (row.status, row.amount, row.taken_back) == ("payable", 150, 120)
    assert booked(landscape) == {"expense:Travel": -120, "employee_payable": 120}
    spend(landscape, expense("E-2", deleted=True))
    drain_once()
    row.refresh_from_db()
    assert row.status == "reversed"
    assert sum(journal.amount for journal in ReimbursementJournal.objects.all()) == 0
    assert cases("REIMBURSED_WITHDRAWN") == []


def test_another_amount_after_the_payment_is_taken_back_asked_for_and_owed_anew(contract, landscape):
    spend(landscape, expense())
    row = pays(landscape, post(), "120")
    spend(landscape, expense(amount=Decimal(100)))
    drain_once()
    row.refresh_from_db()
    assert row.status == "reversed"
    assert "were paid to Ann Lee" in cases("REIMBURSED_WITHDRAWN")[0]
    assert Reimbursement.objects.get(status="due").amount == 100


def test_what_takes_back_may_be_withdrawn_and_is_sent_again_with_the_next_look(contract, landscape):
    spend(landscape, expense())
    row = post()
    spend(landscape, expense(approval="rejected"))
    back = Effect.objects.latest("pk")
    effects.cancel(effect_id=back.pk, by=factories.user(), reason="not yet")
    assert row.items.get().taken_back_by is None
    spend(landscape, expense("E-9", report_id="R-9"))
    assert row.items.get().taken_back_by.number == f"{row.number}-3"


def test_the_clock_runs_from_the_last_approval_until_it_is_paid(contract, landscape):
    spend(landscape, expense())
    asked = Asked(now() + timedelta(minutes=1), now() - timedelta(days=30), factories.user())
    [running] = reading.running(REIMBURSEMENT, asked)
    assert running.amount == 120
    assert (running.currency, running.legal_entity) == ("USD", "US01")
    pays(landscape, post(), "120")
    asked = Asked(now() + timedelta(minutes=1), asked.since, asked.user)
    assert reading.running(REIMBURSEMENT, asked) == []
    assert len(reading.ended(REIMBURSEMENT, asked)) == 1
