"""Retainers in the app: prepaid money that invoices draw, and hours of a month, each with its ledger (R3)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.actions import candidates, decisions, prepaid
from billing.models import BillableEvent, Piece, RetainerAccount, RetainerEntry
from billing.scenarios.happening import entries
from billing.scenarios.limits import agree
from billing.scenarios.reading import Words
from billing.scenarios.world import build
from integration_hub.work.inprocess import drain_once
from tests import deals, factories, money
from tests.integration.billing.screens import signed_in, text

APRIL = date(2026, 4, 30)


def moves(**which):
    """What moved, in order: kind, amount, balance after it."""
    rows = RetainerEntry.objects.filter(**which).order_by("pk")
    return [(row.kind, row.amount, row.after) for row in rows]


# -- prepaid -------------------------------------------------------------------------------------------------------


@pytest.fixture
def contract(landscape):
    """150 an hour, and a prepaid line that nothing was paid into yet."""
    contract = money.contract_in(landscape, "C-9", rate="150")
    factories.line(contract, number=2, method="retainer_prepaid", amount="0", name="Advance")
    return money.known(landscape, contract)


@pytest.fixture
def account(landscape, contract):
    """The balance once a top-up of 2,000 is billed and posted."""
    line = contract.lines.get(number=2)
    prepaid.top_up(line=line, amount=Decimal(2000), on=date(2026, 3, 1), by="test", because="Agreed")
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    assert (invoice.net, invoice.drawdown) == (2000, 0), "it does not pay itself"
    return RetainerAccount.objects.get(line=line)


def test_what_is_paid_in_counts_once_it_is_posted(account):
    assert account.balance == 2000
    assert moves() == [("fund", 2000, 2000)]


def test_a_candidate_draws_its_gross_and_gives_it_back_when_it_goes(landscape, contract, account):
    candidate = money.ready_in(landscape, contract)
    assert (candidate.gross, candidate.drawdown) == (1320, 1320)
    candidates.dissolve(candidate=candidate, by=factories.BY, reason="Again")
    candidate.refresh_from_db()
    assert candidate.drawdown == 0
    assert moves()[1:] == [("draw", -1320, 680), ("draw", 1320, 2000)]


def test_work_that_leaves_a_candidate_takes_what_it_drew_along(landscape, contract, account):
    factories.time_entry(contract, hours="2")
    candidate = money.ready_in(landscape, contract)
    assert candidate.drawdown == 1650
    event = BillableEvent.objects.filter(contract=contract, minutes=120).get()
    with transaction.atomic():
        candidates.let_go(event_ids=[event.pk], by=factories.BY)
    drain_once()
    candidate.refresh_from_db()
    account.refresh_from_db()
    assert (candidate.drawdown, account.balance) == (1320, 680)


def test_an_empty_balance_leaves_the_rest_due(landscape, contract, account):
    candidate = money.ready_in(landscape, contract, hours="14")
    assert (candidate.gross, candidate.drawdown) == (2310, 2000)
    invoice = money.posted_in(landscape, candidate)
    account.refresh_from_db()
    assert (invoice.drawdown, account.balance) == (2000, 0)
    client = signed_in()
    for page in (
        client.get(reverse("billing:invoice-detail", args=[invoice.pk])),
        client.get(reverse("billing:candidate-detail", args=[candidate.pk])),
    ):
        assert "Paid from retainer" in text(page)
        assert "310.00" in text(page)


def test_what_a_retainer_paid_goes_back_to_it_when_the_invoice_is_credited(landscape, contract, account):
    money.posted_in(landscape, money.ready_in(landscape, contract))
    landscape.arrive("crm", deals.amendment("1", of="C-9", new_rate=100, effective_on=date(2026, 3, 1)))
    drain_once()
    run = money.run_in(landscape, through=APRIL)
    money.post(factories.candidate_approved(run.candidates.get(kind="credit_memo")))
    drain_once()
    account.refresh_from_db()
    charge = run.candidates.get(kind="invoice")
    assert charge.drawdown == 680, "what was left when its tax was known"
    assert moves()[-1] == ("refund", 1320, 1320)
    assert account.balance == 1320


def test_work_billed_before_its_retainer_is_funded_wants_a_look(landscape, contract):
    candidate = money.ready_in(landscape, contract)
    assert "RETAINER_UNFUNDED" not in candidate.warnings, "nothing was to be paid in"
    contract.lines.filter(number=2).update(amount=2000)
    candidate = money.ready_in(landscape, contract, hours="1")
    assert "RETAINER_UNFUNDED" in candidate.warnings


def test_a_line_that_no_retainer_may_pay_is_due(landscape, contract, account):
    contract.lines.filter(number=1).update(draws_retainer=False)
    assert money.ready_in(landscape, contract).drawdown == 0


def test_a_retainer_takes_no_room_under_a_limit(landscape, contract):
    contract.caps.create(limit=1300, currency="USD")
    prepaid.top_up(line=contract.lines.get(number=2), amount=Decimal(2000), on=date(2026, 3, 1), by="t", because="t")
    candidate = money.ready_in(landscape, contract)
    assert (candidate.net, contract.caps.get().reserved) == (3200, 1200)


def test_the_database_keeps_the_ledger(account):
    entry = account.entries.get()
    after = {"account": account, "number": 2, "kind": "draw", "cause": "test"}
    for broken, what in (
        ({"amount": -2001, "before": 2000, "after": -1}, "retainer_never_overdrawn"),
        ({"amount": -10, "before": 2000, "after": 1900}, "retainer_entry_adds_up"),
        ({"amount": -10, "before": 1000, "after": 990}, "does not follow"),
        ({"number": 4, "amount": -10, "before": 2000, "after": 1990}, "does not follow"),
    ):
        with pytest.raises(IntegrityError, match=what), transaction.atomic():
            RetainerEntry.objects.create(**(after | broken))
    for change in (
        lambda: RetainerEntry.objects.filter(pk=entry.pk).update(cause="Another"),
        entry.delete,
        lambda: RetainerAccount.objects.filter(pk=account.pk).update(balance=5000),
    ):
        with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
            change()
    RetainerEntry.objects.create(**after, amount=-2000, before=2000, after=0)
    account.refresh_from_db()
    assert account.balance == 0


def test_the_contract_page_shows_balance_terms_and_every_movement_with_its_cause(landscape, contract, account):
    contract.lines.filter(number=2).update(minimum_balance=500)
    candidate = money.ready_in(landscape, contract)
    page = text(signed_in().get(reverse("contracts:contract-detail", args=[contract.pk])))
    for words in (
        "Retainers", "680.00", "Pays the gross, topped up to 500.00 USD", "Paid in", "Used", "drew on it",
        candidate.number,
    ):  # fmt: skip
        assert words in page, words


# -- hours ---------------------------------------------------------------------------------------------------------


def hour_retainer(**terms):
    agreed = {"included_hours": Decimal(10), "overage_rate": Decimal(160), **terms}
    return factories.contract_active("C-7", method="retainer_hours", amount="1400", line_terms=agreed)


def months():
    """What moved in each month, in hours, by kind."""
    found: dict[int, dict[str, Decimal]] = {}
    for row in RetainerEntry.objects.select_related("account").order_by("pk"):
        kinds = found.setdefault(row.account.month.month, {})
        kinds[row.kind] = kinds.get(row.kind, Decimal(0)) + row.amount / 60
    return {month: {kind: hours for kind, hours in kinds.items() if hours} for month, kinds in found.items()}


@pytest.mark.django_db
def test_hours_are_drawn_by_decisions_and_lost_when_the_month_is_over():
    contract = hour_retainer()
    event = factories.time_entry(contract, hours="7.5", on=date(2026, 2, 5))
    assert months()[2] == {"grant": 10, "draw": Decimal("-7.5"), "forfeit": Decimal("-2.5")}
    late = factories.time_entry(contract, hours="4", on=date(2026, 2, 20))
    assert months()[2] == {"grant": 10, "draw": -10}, "late work opens its month again"
    assert money.pieces(late) == {"included": 0, "billable": 240}
    assert set(RetainerEntry.objects.filter(kind="draw").values_list("event", flat=True)) == {event.pk, late.pk}
    assert decisions.decide_contract(contract_id=contract.pk, caused_by="test") == 0
    assert months()[2] == {"grant": 10, "draw": -10}


@pytest.mark.django_db
def test_late_work_takes_from_the_month_after_what_was_carried_into_it():
    contract = hour_retainer(unused="rollover", carry_limit_hours=Decimal(6))
    factories.time_entry(contract, hours="3", on=date(2026, 2, 5))
    march = factories.time_entry(contract, hours="15", on=date(2026, 3, 5))
    assert months()[2] == {"grant": 10, "carry_in": 6, "draw": -3, "carry_out": -6, "forfeit": -7}
    assert money.pieces(march) == {"included": 0}
    factories.time_entry(contract, hours="9", on=date(2026, 2, 20))
    assert money.pieces(march) == {"included": 0, "billable": 160}, "4 h are carried now: 14 h covered, 1 h beyond"
    assert months()[2] == {"grant": 10, "carry_in": 6, "draw": -12, "carry_out": -4}
    assert months()[3]["carry_in"] == 4


@pytest.mark.django_db
def test_a_deficit_is_carried_in_the_ledger_and_explained():
    contract = hour_retainer(overage="carry_deficit", deficit_limit=Decimal(5))
    factories.time_entry(contract, hours="13", on=date(2026, 2, 5))
    march = factories.time_entry(contract, hours="9", on=date(2026, 3, 5))
    assert months()[2] == {"grant": 10, "draw": -13, "owed_out": 3}
    assert months()[3] == {"grant": 10, "owed_in": -3, "draw": -9, "owed_out": 2}
    page = text(signed_in().get(reverse("billing:work-detail", args=[march.pk])))
    assert "Less what was owed" in page
    page = text(signed_in().get(reverse("contracts:contract-detail", args=[contract.pk])))
    assert "what is beyond up to 5.00 h is taken from the next month" in page


GIVEN = {
    "contracts": [
        {"id": "K1", "customer": "C1", "currency": "USD", "lines": [{"id": "L1", "method": "retainer_hours"}]}
    ],
}
TERMS = st.sampled_from(
    [{}, {"unused": "rollover", "max_rollover": "4"}, {"unused": "rollover", "rollover_months": "2"},
     {"overage": "carry_deficit", "max_deficit": "3"}, {"overage": "carry_deficit"}]
)  # fmt: skip
WORK = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 28), st.integers(1, 720)), min_size=1, max_size=6,
)  # fmt: skip


def state():
    """What each month says: sums by kind, and minutes covered and beyond."""
    sums = RetainerEntry.objects.order_by().values_list("account__month", "kind").annotate(t=Sum("amount"))
    pieces = Piece.objects.filter(is_current=True).order_by().values_list("event__service_date__month", "state")
    return {(*key, total) for *key, total in sums if total}, set(pieces.annotate(t=Sum("minutes")))


RETAINER = {"id": "R", "kind": "hours", "contract": "K1", "hours": "10", "fee": "1400", "overage_rate": "160"}


def play(terms, work, order):
    """The state after work came in in an order, each entry decided as it came; whatever it was, ledgers add up."""
    mark = transaction.savepoint()
    try:
        told = Words("given", {**GIVEN, "retainers": [{**RETAINER, **terms}]})
        world = build(told, Words("policy", {}))
        agree(world, told)
        for at in order:
            month, day, minutes = work[at]
            item = {"id": f"T{at}", "line": "L1", "date": date(2026, month, day).isoformat(), "minutes": str(minutes)}
            entries(world, Words("entries", {"items": [item]}))
            decisions.decide_contract(contract_id=world.contracts["K1"].pk, caused_by="test")
            for account in RetainerAccount.objects.all():
                rows = list(account.entries.order_by("number"))
                assert account.balance == sum(row.amount for row in rows)
                assert account.floor is None or all(row.after >= account.floor for row in rows)
            covered = Piece.objects.filter(is_current=True, state="included").aggregate(t=Sum("minutes"))["t"] or 0
            drawn = RetainerEntry.objects.filter(kind="draw").aggregate(t=Sum("amount"))["t"] or 0
            assert covered == -drawn
        return state()
    finally:
        transaction.savepoint_rollback(mark)


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(TERMS, WORK, st.randoms(use_true_random=False))
def test_the_order_in_which_work_comes_in_moves_no_total(terms, work, random):
    order = range(len(work))
    assert play(terms, work, order) == play(terms, work, random.sample(order, len(order)))


# -- topping up by hand --------------------------------------------------------------------------------------------


def test_finance_tops_up_on_a_screen_once(landscape, contract):
    line, client = contract.lines.get(number=2), signed_in()
    page = f"/billing/retainers/{line.pk}/top-up/"
    assert f'href="{page}"' in text(client.get(f"/contracts/{contract.pk}/"))
    asked = text(client.get(page))
    assert "In USD; tax is added on the invoice." in asked
    said = {"amount": "1500.00", "on": "2026-03-31", "note": "The client asked", "seen": "0"}
    assert client.post(page, said).status_code == 302
    event = BillableEvent.objects.get(line=line)
    assert (event.amount, event.service_date) == (1500, date(2026, 3, 31))
    assert "asked for meanwhile" in client.post(page, said).content.decode()
    assert BillableEvent.objects.filter(line=line).count() == 1


@pytest.mark.parametrize(
    ("amount", "said"), [("0", "is not above nought"), ("10.001", "is finer than USD can be paid")]
)
def test_an_amount_that_cannot_be_paid_in_is_refused_at_its_field(landscape, contract, amount, said):
    line = contract.lines.get(number=2)
    data = {"amount": amount, "on": "2026-03-31", "note": "Agreed", "seen": "0"}
    response = signed_in().post(f"/billing/retainers/{line.pk}/top-up/", data)
    assert said in response.content.decode()
    assert not BillableEvent.objects.filter(line=line).exists()


def test_whoever_starts_no_runs_tops_up_nothing(landscape, contract):
    line = contract.lines.get(number=2)
    assert "Only billing analysts and finance can top up retainers." in text(
        signed_in("delivery_lead").get(f"/billing/retainers/{line.pk}/top-up/")
    )


def test_the_api_says_what_is_left_and_tops_up(landscape, contract, account):
    person = factories.user(entities=(contract.legal_entity.code,))
    headers = {"Authorization": f"Bearer {factories.token(person)}"}
    client = Client()
    [row] = client.get("/api/v1/retainers/", headers=headers).json()["results"]
    assert (row["contract_number"], row["balance"], row["hours"]) == ("C-9", "2000.00", None)
    page = client.get(f"/api/v1/retainers/{row['id']}/", headers=headers).json()
    assert (page["top_ups"], [move["kind"] for move in page["moves"]]) == (1, ["fund"])
    body = {"amount": "250.00", "on": "2026-04-30", "seen": 1, "note": "By mail of today"}
    address = f"/api/v1/retainers/{row['id']}/top-up/"
    sent = client.post(address, body, content_type="application/json", headers=headers)
    assert (sent.status_code, sent.json()["top_ups"]) == (200, 2)
    assert client.post(address, body, content_type="application/json", headers=headers).status_code == 409
