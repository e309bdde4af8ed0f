# mypy: disable-error-code="comparison-overlap"
"""Terms of prices from a source to the screens: refused where they contradict, said in words, explained per entry."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from billing.actions import work
from billing.actions.work import Draft
from billing.models import BillableEvent, Piece
from billing.receivers.work import usages
from contracts.actions import references
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.intake.registry import Arrival
from integration_hub.kernel.errors import BadInput
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.billing.screens import signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
DAY = date(2026, 3, 2)


def words(url):
    return " ".join(text(signed_in().get(url)).split())


@pytest.mark.parametrize(
    ("method", "prices", "said"),
    [
        (
            "tm",
            {"premiums": [{"category": "a", "factor": 2}, {"category": "a", "factor": 3}]},
            "names the same",
        ),
        ("retainer_hours", {"tiers": [{"beyond_hours": 5, "rate": 9}]}, "prices.tiers fall with the hours"),
        ("expense", {"increment": {"unit_minutes": 6}}, "are for lines that charge time"),
        ("expense", {"expenses": [{"method": "markup"}]}, "percent is missing for the method markup"),
        ("expense", {"expenses": [{"method": "at_cost", "price": 3}]}, "price is only for the method unit_price"),
        ("tm", {"proration": "fixed30"}, "are for recurring fees"),
        ("tm", {"increment": {"unit_minutes": 0}}, "increment.unit_minutes"),
    ],
)
def test_a_line_whose_terms_contradict_is_refused_with_the_field(method, prices, said):
    known = {"source_id": "1", "version": "1", "contract_id": "K", "number": 1, "name": "L"}
    more = {"amount": 1, "included_hours": 1} if method == "retainer_hours" else {}
    with pytest.raises(ValidationError, match=said):
        canonical.ContractLine(**known, method=method, prices=prices, **more)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ({"rate_precedence": "explicit"}, "rate_order is needed"),
        ({"late_policy": "time_bar"}, "time_bar_days is needed"),
        ({"late_policy": "supplemental", "time_bar_days": 30}, "time_bar_days is needed"),
        ({"rate_order": ["contract.role"]}, "rate_order is needed"),
        ({"rate_precedence": "explicit", "rate_order": ["contract.role", "contract.role"]}, "names the same twice"),
        ({"rate_precedence": "explicit", "rate_order": ["galaxy.role"]}, "rate_order"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(policy, said):
    with pytest.raises(ValidationError, match=said):
        canonical.Policy(**policy)


def test_prices_of_an_active_line_do_not_change_under_its_work():
    contract = factories.contract_active("C-1")
    with pytest.raises(BadInput, match="prices: changed although the contract is active"):
        factories.line(contract, prices={"premiums": [{"category": "overtime", "factor": "1.5"}]})


@pytest.fixture
def contract():
    """Overtime half as much again, a second hour cheaper, and time in steps of a quarter."""
    signed = factories.contract_signed("C-1", rate="120")
    factories.line(
        signed,
        prices={
            "premiums": [{"category": "overtime", "factor": "1.5"}],
            "tiers": [{"beyond_hours": "1", "rate": "100"}],
            "increment": {"unit_minutes": "15", "pool": "day"},
        },
    )
    factories.line(
        signed, number=2, method="expense",
        prices={
            "expenses": [
                {"category": "hotel", "method": "markup", "percent": "5", "tax_rate": "0.07", "limit": "150"},
                {"category": "mileage", "method": "unit_price", "price": "0.42"},
            ]
        },
    )  # fmt: skip
    drain_once()
    return signed


def test_the_lines_say_their_terms_in_words(contract):
    page = words(f"/contracts/{contract.pk}/?tab=lines")
    assert "overtime at 1.5 times the rate" in page
    assert "beyond 1 h at 100 USD per hour" in page
    assert "rounded up to 15 min for a person&#x27;s day in all" in page
    assert "hotel with 5 % markup, 7 % tax recovered, up to 150 USD, more is to be agreed" in page
    assert "mileage at 0.42 USD a unit" in page


def test_an_entry_is_explained_with_all_that_made_its_price(contract):
    event = factories.time_entry(contract, hours="1.15", on=DAY)
    BillableEvent.objects.filter(pk=event.pk).update(category="overtime")
    work.decide_soon([(contract.pk, None)], caused_by="test")
    drain_once()
    made = Piece.objects.filter(event=event, is_current=True).order_by("number")
    assert [(row.minutes, row.rate, row.amount) for row in made] == [(60, 180, 180), (15, 150, Decimal("37.5"))]
    page = words(f"/billing/work/{event.pk}/")
    assert "1.25 h: the person&#x27;s day rounded up to 15 min" in page
    assert "Overtime costs 1.5 times that." in page
    assert "0.00 h were charged before on this line, 1.25 h with it: beyond 1.00 h at 100.00 USD." in page


def test_time_that_was_given_brings_no_other_time_to_a_lower_price(contract):
    factories.candidate_ready(contract, hours="1")
    Piece.objects.filter(state="reserved").update(rate=0, amount=0)
    charged = factories.time_entry(contract, hours="1", on=DAY)
    assert Piece.objects.get(event=charged, is_current=True).rate == 120


def test_an_expense_beyond_the_policy_asks_a_person(contract):
    work.record(
        drafts=[
            Draft(
                work_key="E-1", kind="expense", service_date=DAY, approval="approved", contract_id=contract.pk,
                legal_entity_id=contract.legal_entity_id, category="hotel", amount=Decimal(321), includes_tax=True,
                currency="USD", quantity=Decimal(2),
            )
        ],
        by=factories.BY, caused_by="test",
    )  # fmt: skip
    drain_once()
    event = BillableEvent.objects.get(work_key="E-1")
    assert event.pieces.get().codes == ["EXPENSE_POLICY"]
    case = Case.objects.get(code="EXPENSE_POLICY")
    assert case.title == "Expense beyond the client's policy on C-1"
    page = words(f"/billing/work/{event.pk}/")
    for told in (
        "As delivered: 321.00 USD",
        "Without the 7 % tax that is recovered: 300.00 USD",
        "Marked up by 5 %: 315.00 USD",
        "Beyond the 300.00 USD that the client&#x27;s policy allows: 315.00 USD",
    ):
        assert told in page


def test_usage_from_a_source_is_billed_by_the_unit():
    contract = factories.contract_active("C-2", method="usage")
    there = factories.connection("psa")
    project = factories.project_of(contract)
    references.note(connection=there, entity="project", source_id="P", row=project)
    record = canonical.Usage(
        source_id="U", version="1", project_id="P", item="scan", used_on=DAY, quantity=Decimal("12.5")
    )
    lost = record.model_copy(update={"source_id": "V", "project_id": "Q"})
    receipts = usages([Arrival(there, None, record), Arrival(there, None, lost)])
    assert [receipt.waits_for for receipt in receipts] == ["", "project:Q"]
    drain_once()
    event = BillableEvent.objects.get()
    assert (event.kind, event.quantity, event.task_code) == ("usage", Decimal("12.5"), "scan")
    assert event.pieces.get(is_current=True).codes == ["RATE_MISSING"]


def test_finance_waives_the_time_bar_and_the_work_is_billed():
    contract = factories.contract_active("C-3", rate="100", policy={"late_policy": "time_bar", "time_bar_days": 30})
    assert "Not billed when it arrives more than 30 days after its day" in words(f"/contracts/{contract.pk}/")
    event = factories.time_entry(contract, hours="2", on=DAY)
    BillableEvent.objects.filter(pk=event.pk).update(recorded_at=datetime(2026, 5, 1, tzinfo=UTC))
    work.decide_soon([(contract.pk, None)], caused_by="test")
    drain_once()
    page = f"/billing/work/{event.pk}/"
    assert event.pieces.get(is_current=True).codes == ["TIME_BARRED"]
    assert Case.objects.get(code="TIME_BARRED").is_open
    assert "60 days after its day; the client takes work of 30 days" in words(page)
    assert "Waive the time bar" in words(page)
    refused = signed_in("delivery_lead").post(f"{page}waive/", {"reason": "Please"})
    assert "Only finance can record a waiver." in refused.content.decode()
    assert signed_in().post(f"{page}waive/", {"reason": "Agreed by mail of 4 May"}).status_code == 302
    drain_once()
    assert event.pieces.get(is_current=True).amount == 200
    assert not Case.objects.get(code="TIME_BARRED").is_open
    assert "Waive the time bar" not in words(page)
