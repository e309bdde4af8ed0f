"""COPY stores what INSERT would have stored."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.bulk import copy_in
from billing.models import BillableEvent, Decision, Piece
from contracts.models import Contract
from tests import factories

pytestmark = pytest.mark.django_db

NASTY = "tab\t, newline\n, back\\slash, \\N, quote \" and ' , é, 漢"


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


def plain(row: BillableEvent) -> dict[str, object]:
    return {
        field.name: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if field.name not in {"id", "work_key"}
    }


def test_rows_are_the_same_as_inserted_ones(contract: Contract) -> None:
    copied = event(contract, "a")
    inserted = event(contract, "b", recorded_at=copied.recorded_at)
    copy_in([copied])
    BillableEvent.objects.bulk_create([inserted])

    rows = {row.work_key: row for row in BillableEvent.objects.all()}
    assert plain(rows["a"]) == plain(rows["b"])
    assert rows["a"].description == NASTY
    assert (rows["a"].pk, copied._state.adding) == (copied.pk, False)


def test_json_and_arrays(contract: Contract) -> None:
    (row,) = copy_in([event(contract, "a")])
    trace = {"text": NASTY, "list": [1, None, {"deep": True}]}
    (decision,) = copy_in([Decision(event=row, rules="r", trace=trace, content_hash="h", caused_by="test")])
    piece = Piece(decision=decision, event=row, number=1, state="held", codes=["A", 'B "b"'], minutes=row.minutes)
    copy_in([piece])

    assert Decision.objects.get().trace == trace
    assert Piece.objects.get().codes == ["A", 'B "b"']


def test_ids_ascend_and_later_rows_go_on_from_them(contract: Contract) -> None:
    rows = copy_in([event(contract, f"k{number}") for number in range(5)])
    ids = [row.pk for row in rows]
    assert ids == sorted(ids)
    later = event(contract, "later")
    later.save()
    assert later.pk > ids[-1]


def test_what_the_database_refuses_is_an_integrity_error_and_stores_nothing(contract: Contract) -> None:
    copy_in([event(contract, "a")])

    with pytest.raises(IntegrityError, match="event_one_current"), transaction.atomic():
        copy_in([event(contract, "b"), event(contract, "a", version=2)])

    assert list(BillableEvent.objects.values_list("work_key", flat=True)) == ["a"]


def test_nothing_is_nothing() -> None:
    assert copy_in([]) == []
