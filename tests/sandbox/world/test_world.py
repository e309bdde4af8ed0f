"""The world itself: the same from the same seed, and believable."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

import pytest

from integration_hub.sandbox.world import TROUBLES, build, calendar, digest, expect, rarities
from integration_hub.sandbox.world.book import COST_CENTRES, PEOPLE, ROLES
from integration_hub.sandbox.world.model import Contract, Entry, World


@pytest.fixture(scope="module")
def world() -> World:
    return build(seed=7)


def test_same_seed_same_world_and_another_seed_another(world: World) -> None:
    assert digest(build(seed=7)) == digest(world)
    assert digest(build(seed=8)) != digest(world)


def test_a_shorter_story_is_the_beginning_of_the_longer_one(world: World) -> None:
    short = build(seed=7, months=2)
    assert set(short.entries) == {entry for entry in world.entries if entry.month <= 6}
    assert set(short.expenses) == {expense for expense in world.expenses if expense.day.month <= 6}


@pytest.mark.parametrize("months", [0, 7])
def test_there_are_one_to_six_months(months: int) -> None:
    with pytest.raises(ValueError, match="1 to 6 months"):
        build(seed=7, months=months)


def test_size(world: World) -> None:
    assert 5000 <= len(world.entries) <= 6000
    assert len(PEOPLE) == 40
    assert 19 <= sum(contract.activates for contract in world.contracts) <= 21
    assert {contract.entity for contract in world.contracts} == {"US01", "UK01", "DE01"}


def test_people_work_on_weekdays_and_never_more_than_ten_hours_but_once(world: World) -> None:
    assert all(entry.day.weekday() < 5 for entry in world.entries)
    days: Counter[tuple[str, object]] = Counter()
    for entry in world.entries:
        days[(entry.person, entry.day)] += entry.minutes
    long_days = {key for key, minutes in days.items() if minutes > 600}
    assert long_days == {rarities.LONG_DAY_OF}
    assert days[rarities.LONG_DAY_OF] == rarities.LONG_DAY_MINUTES


def test_quarter_hours_with_notes_and_known_roles(world: World) -> None:
    for entry in world.entries:
        assert entry.minutes % 15 == 0
        assert len(entry.notes) > 8
        assert entry.role in ROLES


def test_entries_can_be_told_apart(world: World) -> None:
    marks = Counter((e.person, e.contract, e.day, e.minutes, e.notes) for e in world.entries)
    assert [mark for mark, times in marks.items() if times > 1] == []


def test_work_lies_within_its_contract_except_the_trouble(world: World) -> None:
    outside = [
        entry
        for entry in world.entries
        if not world.contract(entry.contract).start <= entry.day <= world.contract(entry.contract).last_day
    ]
    assert outside
    assert {entry.tag for entry in outside} == {rarities.AFTER_THE_END}


def test_negative_hours_exist_once_and_have_no_original(world: World) -> None:
    (negative,) = [entry for entry in world.entries if entry.minutes < 0]
    same = [
        e for e in world.entries if (e.person, e.contract) == (negative.person, negative.contract) and e.minutes > 0
    ]
    assert negative.tag == rarities.NEGATIVE
    assert same == []


def _price(contract: Contract, entry: Entry) -> Decimal | None:
    """The hourly price the contract agreed for the entry."""
    for rate in sorted(contract.rates, key=lambda rate: not rate.person):
        if rate.person == entry.person or (rate.role == entry.role and not rate.person):
            return rate.rate / 8 if rate.unit == "Day" else rate.rate
    return None


def test_only_the_missing_rate_is_missing(world: World) -> None:
    unpriced = {
        (entry.contract, entry.role)
        for entry in world.entries
        if world.contract(entry.contract).line(entry.line).method == "Time and Materials"
        and entry.billable
        and _price(world.contract(entry.contract), entry) is None
    }
    assert unpriced == {("COP-REG", "Analyst")}


def _value_by_month(world: World, key: str) -> dict[int, Decimal]:
    values: dict[int, Decimal] = defaultdict(Decimal)
    contract = world.contract(key)
    for entry in rarities.after(world.entries, world.corrections):
        if entry.contract == key and entry.billable and entry.minutes > 0:
            values[entry.month] += (_price(contract, entry) or Decimal(0)) * entry.minutes / 60
    return values


def test_the_cap_is_reached_in_the_month_the_trouble_names_and_inside_an_entry(world: World) -> None:
    contract = world.contract("AWC-DATA")
    cap, total, month = contract.line(1).cap, Decimal(0), 0
    assert cap is not None
    for entry in (e for e in world.entries if e.contract == contract.key and e.billable):
        value = (_price(contract, entry) or Decimal(0)) * entry.minutes / 60
        if total + value > cap:
            assert total < cap
            month = entry.month
            break
        total += value
    assert month == next(trouble.month for trouble in TROUBLES if trouble.slug == "cap-reached")


def test_the_purchase_order_is_used_up_in_the_month_the_trouble_names(world: World) -> None:
    values, contract = _value_by_month(world, "TID-YARD"), world.contract("TID-YARD")
    month = next(trouble.month for trouble in TROUBLES if trouble.slug == "po-exhausted")
    assert contract.po_amount is not None
    before = sum(value for number, value in values.items() if number < month)
    assert before <= contract.po_amount < before + values[month]


def test_no_other_purchase_order_or_contract_value_is_exceeded(world: World) -> None:
    for contract in world.contracts:
        if contract.po_amount is not None and contract.key != "TID-YARD":
            billed = sum(_value_by_month(world, contract.key).values())
            assert billed < contract.po_amount * Decimal("0.9"), contract.key


def test_milestones_never_exceed_their_line(world: World) -> None:
    for contract in world.contracts:
        for line in contract.lines:
            if line.terms:
                assert line.amount == sum(term.amount for term in line.terms), (contract.key, line.number)


def test_one_cost_centre_is_unknown(world: World) -> None:
    strangers = [person.key for person in world.people if person.cost_centre not in COST_CENTRES]
    assert strangers == [trouble.person for trouble in TROUBLES if trouble.slug == "unmapped-cost-centre"]


def test_troubles_point_at_things_that_exist(world: World) -> None:
    contracts, people = {c.key for c in world.contracts}, {p.key for p in world.people}
    assert [trouble.number for trouble in TROUBLES] == list(range(1, len(TROUBLES) + 1))
    for trouble in TROUBLES:
        assert trouble.contract in contracts | {""}
        assert trouble.person in people | {""}
        assert bool(trouble.code) == (trouble.outcome in {"case", "hold", "warning"})
        assert 5 <= trouble.month <= 10


def test_expected_hours_add_up(world: World) -> None:
    figures = expect(world)
    changed, deleted = world.corrections
    by_hand = Decimal(sum(entry.minutes for entry in world.entries)) / 60
    assert figures.hours == by_hand + 1 - Decimal(deleted.entry.minutes) / 60
    assert changed.minutes == changed.entry.minutes + 60
    assert figures.entries == len(world.entries) - 1
    for entity in figures.entities.values():
        assert sum(entity.hours_by_contract.values()) == entity.hours
        assert 0 < entity.hours_approved < entity.hours
    assert figures.entities["DE01"].expenses["CHF"] == Decimal("412.60")
    assert 0 < figures.hours_parked < 400


def test_weeks_are_cut_at_the_months_end() -> None:
    assert calendar.week(date(2026, 6, 30)) == (date(2026, 6, 29), date(2026, 6, 30))
    assert calendar.week(date(2026, 7, 1)) == (date(2026, 7, 1), date(2026, 7, 5))
