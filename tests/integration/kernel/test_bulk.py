"""COPY stores what INSERT would have stored."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.models import BillableEvent, Decision, Piece
from contracts.models import Contract
from integration_hub.kernel.bulk import copy_values, new_ids
from integration_hub.kernel.clock import now
from tests import factories

pytestmark = pytest.mark.django_db

NASTY = "tab\t, newline\n, return\r, back\\slash, \\N, quote \" and ' , é, 漢, \x01, \x1f, \x7f"


@pytest.fixture
def contract() -> Contract:
    return factories.contract_active()


def event(contract: Contract, key: str, **more: object) -> BillableEvent:
    known: dict[str, object] = {
        "work_key": key,
        "version": 1,
        "kind": "time",
        "service_date": date(2026, 3, 2),
        "approval": "approved",
        "contract": contract,
        "minutes": Decimal("7.1234"),
        "description": NASTY,
    }
    return BillableEvent(**{**known, **more})


def copied(*rows: BillableEvent) -> None:
    names = [field.attname for field in BillableEvent._meta.concrete_fields if not field.primary_key]
    copy_values(BillableEvent, names, [[getattr(row, name) for name in names] for row in rows])


def plain(row: BillableEvent) -> dict[str, object]:
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in {"id", "work_key"}
    }


def test_rows_are_the_same_as_inserted_ones(contract: Contract) -> None:
    row = event(contract, "a")
    copied(row)
    BillableEvent.objects.bulk_create([event(contract, "b", recorded_at=row.recorded_at)])

    rows = {row.work_key: row for row in BillableEvent.objects.all()}
    assert plain(rows["a"]) == plain(rows["b"])
    assert rows["a"].description == NASTY


@pytest.mark.parametrize("text", ["", "\x01", "\\N", "NULL", "\\", "\\.", "a\tb", "\n"])
def test_no_text_reads_as_another_or_as_nothing(contract: Contract, text: str) -> None:
    copied(event(contract, "a", description=text, task_code=text), event(contract, "b", description="next"))
    first, second = BillableEvent.objects.order_by("pk")
    assert (first.description, first.task_code, first.amount, second.description) == (text, text, None, "next")


def test_more_rows_than_are_handed_over_at_once(contract: Contract) -> None:
    copied(*(event(contract, f"{number}") for number in range(1201)))
    assert BillableEvent.objects.count() == 1201


def test_no_rows(contract: Contract) -> None:
    copy_values(BillableEvent, ["work_key"], [])
    assert not BillableEvent.objects.exists()


def test_a_value_that_no_column_takes_is_named(contract: Contract) -> None:
    with pytest.raises(TypeError, match="object"), transaction.atomic():
        copied(event(contract, "a", description=object()))


def test_json_and_arrays(contract: Contract) -> None:
    copied(event(contract, "a"))
    row = BillableEvent.objects.get()
    [decision], [piece] = new_ids((Decision, 1), (Piece, 1))
    text = '{"text": "tab\\t back\\\\slash \\" 漢", "list": [1, null, {"deep": true}]}'
    decided = ("id", "event_id", "rules", "trace", "content_hash", "is_current", "decided_at", "caused_by")
    copy_values(Decision, decided, [(decision, row.pk, "r", text, "h", True, now(), "test")])
    parts = ("id", "decision_id", "event_id", "number", "is_current", "state", "codes", "minutes", "currency")
    copy_values(Piece, parts, [(piece, decision, row.pk, 1, True, "held", ["A", 'B "b"'], row.minutes, "")])

    stored = Decision.objects.get(pk=decision)
    assert stored.trace == {"text": 'tab\t back\\slash " 漢', "list": [1, None, {"deep": True}]}
    assert stored.pieces.get(pk=piece).codes == ["A", 'B "b"']


def test_ids_ascend_and_later_rows_go_on_from_them(contract: Contract) -> None:
    [ids, none] = new_ids((BillableEvent, 5), (Piece, 0))
    assert (len(ids), list(ids), list(none)) == (5, sorted(ids), [])
    copied(event(contract, "first"), event(contract, "second"))
    keys = list(BillableEvent.objects.filter(pk__gt=ids[-1]).order_by("pk").values_list("work_key", flat=True))
    assert keys == ["first", "second"]


def test_what_the_database_refuses_is_an_integrity_error_and_stores_nothing(contract: Contract) -> None:
    copied(event(contract, "a"))

    with pytest.raises(IntegrityError, match="event_one_current"), transaction.atomic():
        copied(event(contract, "b"), event(contract, "a", version=2))

    assert list(BillableEvent.objects.values_list("work_key", flat=True)) == ["a"]
