"""Exchange rates: foreign expenses wait for one and are converted by it; thresholds count other currencies too."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.actions import approvals
from billing.models import Candidate, Piece
from contracts.actions import exchange, references
from contracts.models import ExchangeRate, LegalEntity
from contracts.queries import quote_of
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput, Denied
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories, money, vendors
from tests.integration.billing.screens import nobody, signed_in, text
from tests.vendors import arrive
from tests.worlds import shared

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)


@shared
def contract():
    with vendors.silent() as landscape:
        there = money.contract_in(landscape, "C-1")
        factories.line(there, number=2, method="expense")
        return there


@shared
def psa(contract):
    """The PSA, which knows the contract's project as P-1 and Ann as U-1."""
    there = factories.connection("kantata", code="psa")
    references.note(connection=there, entity="project", source_id="P-1", row=factories.project_of(contract))
    references.note(connection=there, entity="resource", source_id="U-1", row=factories.resource())
    return there


def expense(key="X-1", *, amount="100", currency="EUR", on=DAY):
    return canonical.Expense(
        source_id=key, version="1", amount=Decimal(amount), approval="approved", currency=currency,
        project_id="P-1", resource_id="U-1", spent_on=on,
    )  # fmt: skip


def rate(text, *, base="EUR", quote="USD", day=DAY, key="R-1", version="1", **more):
    return canonical.ExchangeRate(
        source_id=key, version=version, base=base, quote=quote, day=day, rate=Decimal(text), **more
    )


def known(text, **where):
    exchange.record(
        rates=[exchange.RateIn("EUR", "USD", where.get("day", DAY), Decimal(text), "test")], by=factories.BY
    )


def enter(*, by, **more):
    rate = {"base": "EUR", "quote": "USD", "day": DAY, "rate": Decimal("1.1"), **more}
    return exchange.enter(rates=[exchange.entered(**rate, by=by)], by=by)


def piece():
    return Piece.objects.get(is_current=True)


def worth():
    drain_once(["ingest"])
    return piece().state, piece().amount, piece().currency


def open_codes():
    return sorted(Case.objects.exclude(status="resolved").values_list("code", flat=True))


# -- waiting and converting ------------------------------------------------------------------------------------------


def test_an_expense_waits_for_its_rate_and_goes_on_when_it_comes(psa):
    arrive(psa, expense())
    assert worth() == ("blocked", None, "")
    assert open_codes() == ["FX_MISSING"]
    [receipt] = arrive(psa, rate("1.0857"))
    assert receipt.status == "applied"
    assert worth() == ("billable", Decimal("108.57"), "USD")
    assert open_codes() == []
    assert ExchangeRate.objects.get().source == "psa:exchange_rate:R-1"


def test_a_rate_that_was_quoted_the_other_way_round_divides(psa):
    arrive(psa, rate("0.9211", base="USD", quote="EUR"))
    arrive(psa, expense())
    assert worth() == ("billable", Decimal("108.57"), "USD")


def test_the_last_rate_on_or_before_the_day_counts_and_one_of_later_does_not(psa):
    arrive(psa, rate("1.10", day=date(2026, 2, 27)), rate("1.20", key="R-2", day=date(2026, 3, 3)))
    arrive(psa, expense())
    assert worth()[1] == 110


def test_a_rate_that_is_too_old_is_called_stale_until_a_fresh_one_is_entered(psa):
    arrive(psa, rate("1.10", day=date(2026, 2, 20)))
    arrive(psa, expense())
    assert worth() == ("blocked", None, "")
    assert open_codes() == ["FX_STALE"]
    enter(by=finance(), rate=Decimal("1.11"))
    assert worth()[:2] == ("billable", 111)
    assert open_codes() == []


def test_how_old_a_rate_may_be_is_the_legal_entitys(psa):
    LegalEntity.objects.update(fx_max_age_days=10)
    arrive(psa, rate("1.10", day=date(2026, 2, 20)))
    arrive(psa, expense())
    assert worth()[:2] == ("billable", 110)


def test_a_corrected_rate_decides_unbilled_work_again_and_keeps_what_was_known(psa):
    arrive(psa, rate("1.10"))
    arrive(psa, expense())
    assert worth()[1] == 110
    arrive(psa, rate("1.12", version="2"))
    assert worth()[1] == 112
    assert [row.rate for row in ExchangeRate.objects.order_by("pk")] == [Decimal("1.10"), Decimal("1.12")]


def test_other_currencies_and_time_are_left_alone_by_a_rate(psa, contract):
    factories.time_entry(contract)
    arrive(psa, rate("1.10"))
    assert drain_once(["ingest"]) == 0


# -- recording -------------------------------------------------------------------------------------------------------


def test_a_rate_that_is_known_is_not_recorded_again(db):
    known("1.10")
    known("1.10")
    assert ExchangeRate.objects.count() == 1
    assert Event.objects.filter(action="contracts.exchange_rate.recorded").count() == 1
    known("1.11")
    known("1.10")
    assert ExchangeRate.objects.count() == 3, "back to what it was is a correction too"


@pytest.mark.parametrize("change", [lambda rows: rows.update(rate=2), lambda rows: rows.delete()])
def test_the_database_refuses_to_change_a_rate(db, change):
    known("1.10")
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        change(ExchangeRate.objects.all())


def test_a_withdrawn_rate_is_refused_and_the_others_of_its_page_are_taken(psa):
    gone, taken = arrive(psa, rate("1.10", deleted=True), rate("1.20", key="R-2"))
    assert (gone.status, taken.status) == ("refused", "applied")
    assert "never taken back" in gone.problems[0].message
    assert [row.rate for row in ExchangeRate.objects.all()] == [Decimal("1.20")]


def test_a_rate_between_a_currency_and_itself_is_no_record():
    with pytest.raises(ValueError, match="same currency"):
        rate("1", quote="EUR")


def test_the_later_row_of_a_day_is_the_one_that_counts(db):
    known("1.10")
    known("1.12")
    known("1.05", day=date(2026, 2, 1))
    assert quote_of("EUR", "USD", DAY).rate == Decimal("1.12")
    assert quote_of("USD", "EUR", DAY).convert(Decimal("1.12")) == 1
    assert quote_of("EUR", "USD", date(2026, 1, 31)) is None


# -- entering --------------------------------------------------------------------------------------------------------


FORM = {"base": "eur", "quote": "usd", "rate": "1.0857", "day": "2026-03-02", "note": "ECB"}


def finance(**more):
    return factories.user(Role.FINANCE, everything=True, **more)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"base": "EUX"}, "base"),
        ({"quote": "EUR"}, "quote"),
        ({"rate": Decimal(0)}, "rate"),
        ({"day": date(2199, 1, 1)}, "day"),
    ],
)
def test_what_cannot_be_a_rate_is_refused_by_field(db, wrong, field):
    with pytest.raises(BadInput) as refused:
        enter(by=finance(), **wrong)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert not ExchangeRate.objects.exists()


def test_only_finance_that_sees_every_entity_enters_rates(db):
    with pytest.raises(Denied, match="Only finance"):
        enter(by=factories.user(Role.PMO, everything=True))
    with pytest.raises(Denied, match="ask somebody who sees them all"):
        enter(by=factories.user(Role.FINANCE))


def test_a_rate_is_entered_on_its_screen_and_listed(db):
    client = signed_in(everything=True)
    assert "No exchange rate yet" in text(client.get("/contracts/exchange-rates/"))
    assert client.post("/contracts/exchange-rates/enter/", FORM)["Location"] == "/contracts/exchange-rates/"
    html = text(client.get("/contracts/exchange-rates/?q=usd"))
    assert "1.0857" in html
    assert f"{client.person.username}: ECB" in html
    refused = text(client.post("/contracts/exchange-rates/enter/", {**FORM, "base": "zzz"}), 422)
    assert "ISO 4217" in refused


def test_who_may_not_enter_reads_why_and_sees_the_rates(db):
    client = signed_in("pmo")
    assert "Only finance can enter exchange rates." in text(client.get("/contracts/exchange-rates/"))
    text(client.post("/contracts/exchange-rates/enter/", FORM), 403)
    text(nobody().get("/contracts/exchange-rates/"), 403)


# -- thresholds ------------------------------------------------------------------------------------------------------


@pytest.fixture
def candidate(landscape):
    """USD 1,320 gross for a customer that was invoiced before."""
    contract = money.contract_in(landscape, "C-9")
    money.posted_in(landscape, money.ready_in(landscape, contract))
    return money.ready_in(landscape, contract)


def needed(candidate):
    return approvals.standing(Candidate.objects.get(pk=candidate.pk)).needed


def test_what_the_customer_was_invoiced_in_another_currency_counts_at_the_rate_of_the_day(candidate):
    assert needed(candidate) == 1
    abroad = approved_abroad(candidate, "45000")
    assert needed(candidate) == 3, "nobody can say how much it is: it counts as above every threshold"
    known("1.08", day=abroad.invoice_date)
    assert needed(candidate) == 2, "48,600 and what was invoiced before are above 50,000"


def approved_abroad(candidate, gross):
    """Another contract of the customer in EUR has an approved invoice of this sum."""
    there = factories.contract_active("C-EUR", client=candidate.contract.customer)
    row = Candidate.objects.get(pk=candidate.pk)
    row.pk, row.contract, row.currency, row.status = None, there, "EUR", "approved"
    row.number, row.net, row.tax, row.gross = "TL-EUR-1", Decimal(gross), Decimal(0), Decimal(gross)
    row._state.adding = True
    row.save()
    return row
