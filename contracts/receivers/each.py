"""Receivers that take one record at a time: each in its own savepoint, so that a bad one never stops the others."""

from collections.abc import Callable, Sequence

from django.db import transaction

from integration_hub.intake.registry import Arrival, Receipt, Receiver
from integration_hub.kernel.errors import BadInput, NotReady, Problem

One = Callable[[Arrival], Receipt | None]


def each(receive: One) -> Receiver:
    """Turn a function of one arrival into a receiver of batches. None means applied; `BadInput` becomes a refusal."""

    def receive_batch(batch: Sequence[Arrival]) -> Sequence[Receipt]:
        return [_one(receive, arrival) for arrival in batch]

    return receive_batch


def _one(receive: One, arrival: Arrival) -> Receipt:
    try:
        with transaction.atomic():
            return receive(arrival) or Receipt.applied()
    except BadInput as error:
        return Receipt.refused(*error.problems)
    except NotReady as error:
        return Receipt.refused(Problem("status", str(error), "Correct the record in its source."))


def actor(arrival: Arrival) -> str:
    """Who acts when a record arrives: the connection it came through."""
    return arrival.connection.code


def waits(entity: str, source_id: str) -> Receipt:
    """Parked until the parent comes."""
    return Receipt.parked(f"{entity}:{source_id}")
