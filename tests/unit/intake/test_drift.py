"""Fifty ways in which a source changes its mind: what is kept back, what flows on, and what is said."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from integration_hub.intake import drift
from integration_hub.intake.drift import Drift, Seen, Shape, kind_of
from integration_hub.mapping.apply import translate
from integration_hub.mapping.compile import Compiled, MappingSpec, RuleSpec, ValueTable, compile_mapping

TIME = compile_mapping(
    MappingSpec(
        "psa",
        "time_entry",
        1,
        (
            RuleSpec("project_id", "project", required=True),
            RuleSpec("resource_id", "who", required=True),
            RuleSpec("task_id", "task"),
            RuleSpec("role", "role.name"),
            RuleSpec("category", "kind", values=ValueTable("kinds", {"dev": "dev"}, refuse=False)),
            RuleSpec("worked_on", "day", kind="date", required=True),
            RuleSpec("minutes", "minutes", kind="decimal", required=True),
            RuleSpec("billable", "billable", kind="boolean", default="true"),
            RuleSpec("approval", "state", required=True),
            RuleSpec("notes", "text"),
        ),
    )
)
COST = compile_mapping(
    MappingSpec(
        "psa",
        "expense",
        1,
        (
            RuleSpec("project_id", "project", required=True),
            RuleSpec("spent_on", "day", kind="date", required=True),
            RuleSpec("amount", "amount", kind="decimal", required=True),
            RuleSpec("currency", "currency", required=True),
            RuleSpec("approval", "state", required=True),
        ),
    )
)
TODAY = date(2026, 5, 29)
DAYS = [f"2026-0{month}-{day:02d}" for month in range(1, 6) for day in range(1, 29)]


def hours(number: int, **change: Any) -> dict[str, Any]:
    row = {
        "project": f"P{number % 7}",
        "who": f"U{number % 11}",
        "task": f"{number % 9}",
        "role": {"name": ("Architect", "Developer")[number % 2]},
        "kind": ("dev", "travel", "ops")[number % 3],
        "day": DAYS[number % len(DAYS)],
        "minutes": 30 + 15 * (number % 30),
        "billable": True,
        "state": "approved",
        "text": "worked" if number % 4 else None,
    }
    return {**row, **change}


def cost(number: int, **change: Any) -> dict[str, Any]:
    row = {
        "project": "P1",
        "day": DAYS[number % len(DAYS)],
        "amount": f"{20 + number % 400}.50",
        "currency": ("USD", "EUR")[number % 2],
        "state": "approved",
    }
    return {**row, **change}


def judge(shape: Shape, mapping: Compiled, batch: Sequence[Seen]) -> list[Drift | None]:
    return drift.judge(shape, mapping, batch, TODAY)


def seen(mapping: Compiled, row: dict[str, Any]) -> Seen:
    return Seen(row, translate(mapping, row, source_id="1", version="1").record)


def learnt(mapping: Compiled, make: Callable[..., dict[str, Any]], pages: int = 8) -> Shape:
    shape = Shape()
    for page in range(pages):
        batch = [seen(mapping, make(100 * page + number)) for number in range(100)]
        assert judge(shape, mapping, batch) == [None] * 100
    return shape


def told(found: list[Drift | None]) -> list[str]:
    return [f"{drift.field} {drift.what}" if drift else "" for drift in found]


# One record is enough: (what changed, what is said). Every other record of the page goes on.
SINGLE: list[tuple[Callable[..., dict[str, Any]], dict[str, Any], str]] = [
    (hours, {"minutes": "90"}, "minutes kind"),
    (hours, {"minutes": "1:30"}, "minutes kind"),
    (hours, {"minutes": "1h 30m"}, "minutes kind"),
    (hours, {"minutes": {"value": 90}}, "minutes kind"),
    (hours, {"minutes": [90]}, "minutes kind"),
    (hours, {"minutes": True}, "minutes kind"),
    (hours, {"minutes": "PT1H30M"}, "minutes kind"),
    (hours, {"day": "05/01/2026"}, "day kind"),
    (hours, {"day": "2026-05-01T00:00:00Z"}, "day kind"),
    (hours, {"day": "1 May 2026"}, "day kind"),
    (hours, {"day": 1777593600}, "day kind"),
    (hours, {"day": {"date": "2026-05-01"}}, "day kind"),
    (hours, {"billable": "yes"}, "billable kind"),
    (hours, {"billable": 1}, "billable kind"),
    (hours, {"billable": ["yes"]}, "billable kind"),
    (hours, {"project": 17}, "project kind"),
    (hours, {"project": {"id": "P1"}}, "project kind"),
    (hours, {"who": ["U1"]}, "who kind"),
    (hours, {"who": 4}, "who kind"),
    (hours, {"task": 5}, "task kind"),
    (hours, {"task": {"id": "5"}}, "task kind"),
    (hours, {"state": 3}, "state kind"),
    (hours, {"state": {"key": "approved"}}, "state kind"),
    (hours, {"role": {"name": 7}}, "role.name kind"),
    (hours, {"role": {"name": ["Architect"]}}, "role.name kind"),
    (hours, {"kind": 7}, "kind kind"),
    (hours, {"minutes": 120_000}, "minutes size"),
    (hours, {"minutes": 0.05}, "minutes size"),
    (hours, {"day": "2062-05-01"}, "worked_on date"),
    (hours, {"day": "1926-05-01"}, "worked_on date"),
    (hours, {"day": "0205-05-01"}, "worked_on date"),
    (cost, {"currency": "GBP"}, "currency value"),
    (cost, {"currency": "JPY"}, "currency value"),
    (cost, {"currency": 840}, "currency kind"),
    (cost, {"amount": 20.5}, "amount kind"),
    (cost, {"amount": {"value": "20.50", "currency": "USD"}}, "amount kind"),
    (cost, {"amount": "2050000.00"}, "amount size"),
    (cost, {"day": "2026-05-01T09:30:00"}, "day kind"),
]
MAPPINGS: dict[Any, Compiled] = {hours: TIME, cost: COST}


@pytest.mark.parametrize(("make", "change", "said"), SINGLE, ids=[f"{said} {change}" for _, change, said in SINGLE])
def test_a_change_of_one_record_keeps_back_that_record(
    make: Callable[..., dict[str, Any]], change: dict[str, Any], said: str
) -> None:
    mapping = MAPPINGS[make]
    shape = learnt(mapping, make)
    batch = [seen(mapping, make(number)) for number in range(20)]
    batch[7] = seen(mapping, make(7, **change))

    assert told(judge(shape, mapping, batch)) == [*[""] * 7, said, *[""] * 12]


def test_old_records_may_tell_of_any_day_up_to_now_and_of_a_year_ahead() -> None:
    """Ten years of history come in one file, and a project may have rested for two of them."""
    old = [{**hours(number), "day": f"2016-0{1 + number % 5}-0{1 + number % 9}"} for number in range(400)]
    shape = Shape()
    assert judge(shape, TIME, [seen(TIME, row) for row in old]) == [None] * 400

    days = ["2018-07-01", "2026-05-29", "2028-01-10", "2027-06-30"]
    found = told(judge(shape, TIME, [seen(TIME, hours(number, day=day)) for number, day in enumerate(days)]))

    assert found == ["", "", "worked_on date", ""]


def divided(by: float) -> Callable[..., dict[str, Any]]:
    return lambda number: hours(number, minutes=hours(number)["minutes"] / by)


def scaled(by: int) -> Callable[..., dict[str, Any]]:
    return lambda number: cost(number, amount=f"{float(cost(number)['amount']) * by:.2f}")


# Many records are needed: (what they become, what is said, how many of twenty at least).
MANY: list[tuple[Callable[..., dict[str, Any]], str, int]] = [
    (divided(60), "minutes unit", 20),
    (divided(1 / 60), "minutes unit", 20),
    (divided(1 / 1000), "minutes unit", 20),
    (scaled(100), "amount unit", 15),
    (lambda number: cost(number, amount=f"{float(cost(number)['amount']) / 100:.4f}"), "amount unit", 15),
    (lambda number: cost(number, amount=f"-{cost(number)['amount']}"), "amount sign", 20),
    (lambda number: hours(number, minutes=-hours(number)["minutes"]), "minutes sign", 20),
    (lambda number: hours(number, role=None), "role.name empty", 20),
    (lambda number: hours(number, role={"name": ""}), "role.name empty", 20),
    (lambda number: {k: v for k, v in hours(number).items() if k != "task"}, "task empty", 20),
    (lambda number: hours(number, task=None if number % 2 else "1"), "task empty", 10),
    (lambda number: hours(number, kind=None), "kind empty", 20),
    (lambda number: hours(number, project=None), "project empty", 20),
    (lambda number: hours(number, minutes=f"{hours(number)['minutes']}"), "minutes kind", 20),
    (lambda number: cost(number, currency="GBP"), "currency value", 20),
]


@pytest.mark.parametrize(("make", "said", "least"), MANY, ids=[f"{said} {n}" for n, (_, said, _) in enumerate(MANY)])
def test_a_change_of_many_records_keeps_back_those_it_touches(
    make: Callable[..., dict[str, Any]], said: str, least: int
) -> None:
    origin = cost if "currency" in make(0) else hours
    mapping = MAPPINGS[origin]
    shape = learnt(mapping, origin)

    page = told(judge(shape, mapping, [seen(mapping, make(number)) for number in range(20)]))

    assert page.count(said) >= least
    assert set(page) <= {said, ""}
    after = told(judge(shape, mapping, [seen(mapping, origin(number)) for number in range(20)]))
    assert after == [""] * 20, "what is as always goes on meanwhile"


@pytest.mark.parametrize(
    ("make", "said", "least"), MANY[:12], ids=[f"{said} {n}" for n, (_, said, _) in enumerate(MANY[:12])]
)
def test_one_by_one_it_is_noticed_before_long(make: Callable[..., dict[str, Any]], said: str, least: int) -> None:
    origin = cost if "currency" in make(0) else hours
    mapping = MAPPINGS[origin]
    shape = learnt(mapping, origin)

    page = [told(judge(shape, mapping, [seen(mapping, make(number))]))[0] for number in range(60)]

    assert said in page[:25]
    assert page[40:].count(said) >= 20 * least // 25


# What is no drift: a firm that goes on as it did.
NORMAL: list[Callable[..., dict[str, Any]]] = [
    lambda number: hours(number, text=f"{number}"),
    lambda number: hours(number, kind="ai-assisted"),
    lambda number: hours(number, state=("approved", "rejected", "draft")[number % 3]),
    lambda number: hours(number, minutes=480),
    lambda number: hours(number, minutes=15 + number),
    lambda number: hours(number, minutes=-15 if number == 3 else 60),
    lambda number: hours(number, day="2026-12-24"),
    lambda number: hours(number, task=None if number == 2 else "1"),
    lambda number: hours(number, project="9001", who="17"),
    lambda number: cost(number, amount="900.00"),
    lambda number: cost(number, currency="USD"),
]


@pytest.mark.parametrize("make", NORMAL)
def test_business_as_usual_is_no_drift(make: Callable[..., dict[str, Any]]) -> None:
    origin = cost if "currency" in make(0) else hours
    mapping = MAPPINGS[origin]
    shape = learnt(mapping, origin)
    for page in range(5):
        found = judge(shape, mapping, [seen(mapping, make(20 * page % 20 + number)) for number in range(20)])
        assert told(found) == [""] * 20


def test_nothing_is_judged_before_it_is_known() -> None:
    shape = learnt(TIME, hours, pages=1)
    assert told(judge(shape, TIME, [seen(TIME, hours(1, minutes="90", kind="new"))])) == [""]


def test_another_rule_for_a_field_learns_it_anew() -> None:
    shape = learnt(TIME, hours)
    rules = [RuleSpec("minutes", "minutes", kind="decimal", scale=60, required=True)]  # type: ignore[arg-type]
    changed = compile_mapping(MappingSpec("psa", "time_entry", 2, tuple(
        rules[0] if step.rule.target == "minutes" else step.rule for step in TIME.steps)))  # fmt: skip
    row = seen(changed, hours(1, minutes="1.5"))
    assert told(judge(shape, TIME, [row])) == ["minutes kind"]
    assert told(judge(shape, changed, [row])) == [""]


def test_what_is_said_names_before_and_after() -> None:
    (drift,) = judge(learnt(TIME, hours), TIME, [seen(TIME, hours(1, minutes="90"))])
    assert drift is not None
    assert (drift.message, drift.known) == ("was a number until now, and is a number as text", 800)


def test_kinds_are_told_in_words() -> None:
    values: list[Any] = [None, "", True, 1, 1.5, [], {}, "1,5", "2026-05-01", "2026-05-01 09:00", "x"]
    assert [kind_of(value) for value in values] == [
        "nothing", "nothing", "yes or no", "a number", "a number", "a list", "an object", "a number as text", "a date",
        "an instant", "text",
    ]  # fmt: skip
