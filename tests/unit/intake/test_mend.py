"""What follows from the values kept back, what does not, and what is said of it."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.intake import mend
from integration_hub.intake.drift import Seen, Shape, judge
from integration_hub.mapping.apply import translate
from integration_hub.mapping.compile import MappingSpec, RuleSpec, ValueTable, compile_mapping

TODAY = date(2026, 5, 29)
SPEC = MappingSpec(
    "psa",
    "expense",
    1,
    (
        RuleSpec("project_id", "project", required=True),
        RuleSpec("spent_on", "Spent (day)", kind="date", required=True),
        RuleSpec("amount", "amount", kind="decimal", required=True),
        RuleSpec("currency", "currency", required=True),
        RuleSpec("approval", "state", required=True),
    ),
)


def cost(number: int, **change: Any) -> dict[str, Any]:
    day = change.pop("day", (date(2026, 3, 1) + timedelta(days=number % 30)).isoformat())
    row = {"project": "P1", "Spent (day)": day, "amount": 40 + number % 60, "currency": "EUR", "state": "approved"}
    return {**row, **change}


def changed(spec: MappingSpec, target: str, **change: Any) -> MappingSpec:
    return mend.Mend("", {target: change}).applied(spec)


def learnt(spec: MappingSpec = SPEC) -> Shape:
    shape, mapping = Shape(), compile_mapping(spec)
    batch = [Seen(raw, translate(mapping, raw, source_id="1", version="1").record) for raw in map(cost, range(300))]
    assert judge(shape, mapping, batch, TODAY) == [None] * 300
    return shape


SHAPE = learnt()
SLASHED = [cost(n, day=f"{n:02d}/03/2026") for n in range(1, 29)]


def proposed(what: str, name: str, *payloads: dict[str, Any], spec: MappingSpec = SPEC) -> mend.Mend | None:
    return mend.find(what, name, spec, payloads, SHAPE)


@pytest.mark.parametrize(
    ("name", "payloads", "change"),
    [
        ("Spent (day)", SLASHED, {"spent_on": {"date_format": "%d/%m/%Y"}}),
        ("Spent (day)", [*SLASHED, cost(1, day="?")], {"spent_on": {"date_format": "%d/%m/%Y"}}),
        ("Spent (day)", [cost(1, day="28-Mar-26")], {"spent_on": {"date_format": "%d-%b-%y"}}),
        ("Spent (day)", [cost(1, day={"value": "2026-03-01"})], {"spent_on": {"source": '"Spent (day)".value'}}),
        ("amount", [cost(1, amount="1.234,50")], {"amount": {"decimal_comma": True}}),
        ("project", [cost(1, project={"name": "Bridge", "id": "P1"})], {"project_id": {"source": "project.id"}}),
        ("project", [cost(1, project=["P1"]), cost(2, project=["P2"])], {"project_id": {"source": "project[0]"}}),
    ],
)  # fmt: skip
def test_another_notation_is_proposed_where_it_follows(name: str, payloads: list[Any], change: dict[str, Any]) -> None:
    found = proposed("kind", name, *payloads)
    assert found is not None
    assert found.changes == change
    wrong = sum(payload["Spent (day)"] == "?" for payload in payloads)
    assert mend.passing(found.applied(SPEC), payloads, SHAPE, TODAY) == len(payloads) - wrong


@pytest.mark.parametrize(
    ("name", "payloads"),
    [
        ("Spent (day)", [cost(1, day="03/02/2026")]),  # February or March
        ("Spent (day)", [cost(1, day="28/02/2026"), cost(1, day="02/28/2026")]),  # both at once
        ("Spent (day)", [*SLASHED[:15], *[cost(1, day="?")] * 2]),  # too many that nobody understands
        ("Spent (day)", [cost(1, day="soon")]),
        ("project", [cost(1, project={"colour": "red"})]),
        ("project", [cost(1, project=["P1", "P2"])]),
        ("amount", [cost(1, amount="1:30")]),
        ("project", [cost(1, project=17)]),  # read as it is: nothing has to change
        ("nothing reads it", [cost(1)]),
        ("Spent (day)", []),
    ],
)
def test_what_does_not_follow_is_not_proposed(name: str, payloads: list[Any]) -> None:
    assert proposed("kind", name, *payloads) is None


def test_whole_numbers_get_decimals() -> None:
    whole = changed(SPEC, "amount", kind="integer")
    found = proposed("kind", "amount", cost(1, amount="2.5"), spec=whole)
    assert found is not None
    assert found.changes == {"amount": {"kind": "decimal"}}


def times(factor: Any) -> list[dict[str, Any]]:
    return [cost(n, amount=str(Decimal(40 + n % 60) * Decimal(factor))) for n in range(30)]


@pytest.mark.parametrize(
    ("before", "factor", "scale"),
    [(None, 100, "0.01"), (None, "0.001", "1000"), (None, "0.1", "10"), ("0.01", "100", "0.0001"),
     ("0.01", "0.01", None)],
)  # fmt: skip
def test_another_unit_becomes_a_scale(before: str | None, factor: Any, scale: str | None) -> None:
    spec = SPEC if before is None else changed(SPEC, "amount", scale=Decimal(before))
    shape = SHAPE if before is None else scaled_shape(spec)
    found = mend.find("unit", "amount", spec, times_of(spec, factor), shape)
    assert found is not None
    told = found.changes["amount"]["scale"]
    assert (None if told is None else str(told)) == scale


def scaled_shape(spec: MappingSpec) -> Shape:
    """Learnt from a source in cents."""
    shape, mapping = Shape(), compile_mapping(spec)
    rows = [cost(n, amount=100 * (40 + n % 60)) for n in range(300)]
    judge(
        shape, mapping, [Seen(raw, translate(mapping, raw, source_id="1", version="1").record) for raw in rows], TODAY
    )
    return shape


def times_of(spec: MappingSpec, factor: Any) -> list[dict[str, Any]]:
    """The usual amounts times a factor, in the source's unit."""
    cents = any(rule.scale is not None for rule in spec.rules)
    return times(Decimal(factor) * (100 if cents else 1))


@pytest.mark.parametrize("factor", [60, 3600, 80, 7])  # 1/60 no scale says; between 60 and 100; nothing near
def test_a_unit_that_is_not_sure_is_not_proposed(factor: int) -> None:
    assert proposed("unit", "amount", *times(factor)) is None


def test_what_is_read_and_still_not_as_always_does_not_pass() -> None:
    cents = times(100)
    assert mend.passing(SPEC, cents, opened(), TODAY) == 0
    assert mend.passing(changed(SPEC, "amount", scale=Decimal("0.01")), cents, opened(), TODAY) == 30
    assert SHAPE.fields["amount"]["n"] == 300, "nothing was learnt from a trial"


def opened() -> Shape:
    """As it stands once the suspicion is open; a trial leaves it alone."""
    shape = learnt()
    mapping = compile_mapping(SPEC)
    batch = [Seen(raw, translate(mapping, raw, source_id="1", version="1").record) for raw in times(100)]
    assert None not in judge(shape, mapping, batch, TODAY)
    return shape


def test_new_values_wait_for_their_meaning() -> None:
    dollars = [cost(1, currency="USD"), cost(2, currency="$"), cost(3, currency=" ")]
    found = proposed("value", "currency", *dollars)
    assert found is not None
    assert (found.theirs, found.value_map, found.in_use) == (("$", "USD"), "expense_currency", False)
    assert mend.passing(found.applied(SPEC, {"USD": "EUR"}), dollars[:1], SHAPE, TODAY) == 1
    assert mend.passing(found.applied(SPEC, {"USD": "CHF"}), dollars[:1], SHAPE, TODAY) == 0


def test_a_map_in_use_is_added_to() -> None:
    table = ValueTable("money", {"E": "EUR"}, refuse=False)
    spec = changed(SPEC, "currency", values=table)
    found = proposed("value", "currency", cost(1, currency="Euro"), spec=spec)
    assert found is not None
    assert (found.value_map, found.in_use) == ("money", True)
    rule = next(rule for rule in found.applied(spec, {"Euro": "EUR"}).rules if rule.target == "currency")
    assert rule.values == ValueTable("money", {"E": "EUR", "Euro": "EUR"}, refuse=False)


def test_a_constant_has_no_values_of_theirs() -> None:
    assert proposed("value", "currency", cost(1), spec=changed(SPEC, "currency", constant="EUR")) is None


@pytest.mark.parametrize("what", ["empty", "sign", "date", "size"])
def test_other_changes_are_left_to_a_person(what: str) -> None:
    assert proposed(what, "amount", *times(100)) is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda: changed(SPEC, "amount", scale=Decimal("0.010000")), [("amount", "scale: none → 0.01")]),
        (lambda: changed(SPEC, "amount", decimal_comma=True), [("amount", "decimal comma: no → yes")]),
        (lambda: changed(SPEC, "project_id", source="project.id", default="P0"),
         [("project_id", "source: project → project.id; default: none → P0")]),
        (lambda: changed(SPEC, "currency", values=ValueTable("money", {"USD": "EUR"})),
         [("currency", "value map: none → money (USD is EUR)")]),
        (lambda: MappingSpec("psa", "expense", 2, SPEC.rules[1:], "amount > `0`"),
         [("project_id", "has no rule any more"), ("row filter", "none → amount > `0`")]),
        (lambda: MappingSpec("psa", "expense", 2, (*SPEC.rules, RuleSpec("notes", "text"))),
         [("notes", "new rule: text")]),
        (lambda: SPEC, []),
    ],
)  # fmt: skip
def test_differences_are_told(change: Callable[[], MappingSpec], told: list[tuple[str, str]]) -> None:
    assert mend.differences(SPEC, change()) == told
