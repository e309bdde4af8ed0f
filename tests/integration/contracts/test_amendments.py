"""Amendments: a signed one makes the next version; what it replaces is withdrawn, never lost (R8)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from contracts.actions import amendments, rates
from contracts.models import Amendment, Cap, RateRow
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput
from integration_hub.trail.models import Event
from tests import factories

pytestmark = pytest.mark.django_db
JULY = date(2026, 7, 1)


def amend(contract, number="1", *, kind="rate", status="signed", line=None, **terms):
    record = canonical.Amendment(
        source_id=f"A{number}", version=terms.pop("version", "1"), contract_id=contract.number, number=number,
        kind=kind, status=status, signed_on=date(2026, 6, 20), **{"effective_on": JULY, **terms},
    )  # fmt: skip
    return amendments.save(record=record, contract=contract, line=line, by=factories.BY)


def prices(contract):
    """Prices in force as (role, rate, from, until), oldest first."""
    rows = RateRow.objects.filter(card__contract=contract, withdrawn_in__isnull=True)
    found = [(row.role, int(row.rate), row.validity.lower, row.validity.upper) for row in rows]
    return sorted(found, key=lambda row: (row[0], row[2]))


@pytest.fixture
def contract():
    return factories.contract_signed("C-1", rate="150")


def test_a_rate_changes_in_the_middle_and_earlier_days_keep_their_price(contract):
    amend(contract, new_rate=165)
    assert prices(contract) == [("", 150, date(2026, 1, 1), JULY), ("", 165, JULY, None)]
    assert [version.number for version in contract.versions.order_by("number")] == [1, 2]
    version = contract.versions.get(number=2)
    assert (version.effective_on, version.reason) == (JULY, "Rate")
    [withdrawn] = RateRow.objects.filter(withdrawn_in=version)
    assert (withdrawn.rate, withdrawn.validity.upper) == (150, None)
    assert RateRow.objects.filter(introduced_in=version).count() == 2


def test_a_rate_from_the_first_day_leaves_nothing_of_the_old_one(contract):
    amend(contract, new_rate=165, effective_on=date(2026, 1, 1))
    assert prices(contract) == [("", 165, date(2026, 1, 1), None)]


def test_a_rate_from_before_the_first_price_takes_over_everything(contract):
    amend(contract, new_rate=165, effective_on=date(2025, 11, 1))
    assert prices(contract) == [("", 165, date(2025, 11, 1), None)]


def test_a_price_agreed_earlier_for_later_days_gives_way(contract):
    amend(contract, "1", new_rate=170, effective_on=date(2026, 10, 1))
    amend(contract, "2", new_rate=165)
    assert prices(contract) == [("", 150, date(2026, 1, 1), JULY), ("", 165, JULY, None)]
    assert RateRow.objects.filter(card__contract=contract, withdrawn_in__number=3).count() == 2


def test_an_amendment_of_earlier_days_ends_what_was_agreed_for_later_ones(contract):
    amend(contract, "1", new_rate=165)
    amend(contract, "2", new_rate=155, effective_on=date(2026, 4, 1))
    assert prices(contract) == [("", 150, date(2026, 1, 1), date(2026, 4, 1)), ("", 155, date(2026, 4, 1), None)]


def test_only_the_amended_role_changes_and_its_unit_stays(contract):
    factories.price(contract, "200", role="Architect")
    RateRow.objects.filter(role="Architect").update(unit="day")
    amend(contract, role="Architect", new_rate=220)
    assert prices(contract) == [
        ("", 150, date(2026, 1, 1), None),
        ("Architect", 200, date(2026, 1, 1), JULY),
        ("Architect", 220, JULY, None),
    ]
    assert set(RateRow.objects.filter(role="Architect").values_list("unit", flat=True)) == {"day"}


def test_a_role_without_a_price_gets_one(contract):
    amend(contract, role="Lead", new_rate=250)
    assert ("Lead", 250, JULY, None) in prices(contract)


def test_a_draft_is_remembered_and_changes_nothing(contract):
    draft = amend(contract, status="draft", new_rate=165)
    assert (draft.status, contract.versions.count()) == ("draft", 1)
    assert prices(contract) == [("", 150, date(2026, 1, 1), None)]
    signed = amend(contract, new_rate=170)
    assert signed.pk == draft.pk
    assert prices(contract)[-1] == ("", 170, JULY, None)


def test_a_void_amendment_stays_void(contract):
    assert amend(contract, status="void", new_rate=165).status == "void"
    assert amend(contract, status="signed", new_rate=165).status == "void"
    assert contract.versions.count() == 1


def test_the_same_signed_amendment_again_changes_nothing(contract):
    amend(contract, new_rate=Decimal("165"))
    seen = Event.objects.count()
    amend(contract, new_rate=Decimal("165.00"), version="2")
    assert contract.versions.count() == 2
    assert Event.objects.count() == seen


@pytest.mark.parametrize(
    "later",
    [
        {"new_rate": 170},
        {"new_rate": 165, "effective_on": date(2026, 8, 1)},
        {"new_rate": 165, "role": "Lead"},
        {"new_rate": 165, "status": "void"},
    ],
    ids=["rate", "date", "role", "voided"],
)
def test_terms_that_change_after_application_are_refused(contract, later):
    amend(contract, new_rate=165)
    with pytest.raises(BadInput, match="changed after the amendment was applied.*further amendment"):
        amend(contract, version="2", **later)
    assert prices(contract)[-1] == ("", 165, JULY, None)


@pytest.mark.parametrize(
    ("kind", "first", "later"),
    [
        ("cap", {"new_limit": 500}, {"new_limit": 900}),
        ("term", {"new_end_on": date(2027, 6, 30)}, {"new_end_on": date(2027, 7, 31)}),
    ],
)
def test_limits_and_terms_that_change_after_application_are_refused(contract, kind, first, later):
    amend(contract, kind=kind, **first)
    with pytest.raises(BadInput, match="changed after"):
        amend(contract, kind=kind, version="2", **later)


def test_an_unsigned_contract_cannot_be_amended():
    draft = factories.contract_signed("C-2", status="draft", signed_on=None)
    with pytest.raises(BadInput, match="C-2 is draft, not in force"):
        amend(draft, new_rate=165)
    assert not Amendment.objects.exists(), "the refusal leaves nothing behind"


def test_a_cap_is_raised_lowered_and_made(contract):
    line = contract.lines.get()
    amend(contract, "1", kind="cap", new_limit=500, line=line)
    cap = Cap.objects.get()
    assert (cap.line, cap.limit, cap.lowered_below_billed) == (line, 500, False)
    amend(contract, "2", kind="cap", new_limit=800, line=line)
    amend(contract, "3", kind="cap", new_limit=2000)
    assert {(row.line_id, row.limit) for row in Cap.objects.all()} == {(line.pk, 800), (None, 2000)}
    Cap.objects.filter(line=line).update(committed=600)
    amend(contract, "4", kind="cap", new_limit=550, line=line)
    cap.refresh_from_db()
    assert (cap.limit, cap.committed, cap.lowered_below_billed) == (550, 600, True)
    amend(contract, "5", kind="cap", new_limit=700, line=line)
    cap.refresh_from_db()
    assert (cap.limit, cap.lowered_below_billed) == (700, False)
    Cap.objects.filter(pk=cap.pk).update(reserved=100)
    with pytest.raises(IntegrityError, match="cap_never_over_committed"), transaction.atomic():
        Cap.objects.filter(pk=cap.pk).update(reserved=101)


def test_a_term_moves_the_end_of_the_contract_and_of_the_lines_that_end_with_it(contract):
    early = factories.line(contract, number=2, ends_on=date(2026, 3, 31))
    amend(contract, kind="term", new_end_on=date(2027, 6, 30))
    contract.refresh_from_db()
    early.refresh_from_db()
    assert contract.ends_on == date(2027, 6, 30)
    assert contract.lines.get(number=1).ends_on == date(2027, 6, 30)
    assert early.ends_on == date(2026, 3, 31), "a line that had ended before stays ended"


def test_a_shorter_term_ends_every_line_that_ran_longer(contract):
    later = factories.line(contract, number=2, starts_on=date(2026, 10, 1))
    amend(contract, kind="term", new_end_on=date(2026, 9, 30))
    later.refresh_from_db()
    assert contract.lines.get(number=1).ends_on == date(2026, 9, 30)
    assert later.ends_on == date(2026, 12, 31), "it starts after the contract's end: the contract's end stops it"


def test_a_term_before_the_start_is_refused_with_the_remedy(contract):
    with pytest.raises(BadInput, match="2025-12-31 is before the contract starts.*Correct the amendment"):
        amend(contract, kind="term", new_end_on=date(2025, 12, 31))
    assert contract.versions.count() == 1


def test_a_change_of_scope_makes_a_version_and_moves_no_price(contract):
    amend(contract, kind="scope", description="Two more workshops")
    assert contract.versions.latest("number").reason == "Scope"
    assert prices(contract) == [("", 150, date(2026, 1, 1), None)]


def test_the_trail_says_what_changed(contract):
    amend(contract, new_rate=Decimal("165.50"))
    said = Event.objects.get(action="contracts.amendment.applied")
    assert said.data["changes"]["new_rate"] == "165.5"
    assert said.data["version"] == 2
    assert said.legal_entity == "US01"


def test_the_crm_may_send_the_original_price_again_after_an_amendment(contract):
    contract.activated_at = contract.updated_at
    contract.save()
    record = canonical.RateItem(
        source_id="C-1-", version="2", contract_id="C-1", rate=Decimal(150), currency="USD", valid_from=factories.START
    )
    source = f"test:C-1::{factories.START}"
    amend(contract, new_rate=165)
    assert rates.save_rate(record=record, contract=contract, source=source, by=factories.BY).rate == 150
    amend(contract, "2", new_rate=170, effective_on=factories.START)
    rates.save_rate(record=record, contract=contract, source=source, by=factories.BY)
    assert prices(contract) == [("", 170, factories.START, None)], "it is withdrawn and stays so"
