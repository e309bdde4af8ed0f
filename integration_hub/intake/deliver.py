"""Handing records to their receiver: one bad record never stops the others."""

import logging
import re
from collections.abc import Sequence

from django.db import InterfaceError, OperationalError, transaction

from integration_hub.intake.registry import Arrival, Receipt, Receiver
from integration_hub.kernel.errors import Problem

logger = logging.getLogger(__name__)

RULE_ERROR = "RULE_ERROR"
STATUSES = frozenset({"applied", "parked", "refused"})


class WrongReceipts(Exception):
    """A receiver answered with another number of receipts, or with a status that does not exist."""


def deliver(receiver: Receiver, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """One receipt per arrival. When the receiver raises, the batch is halved until the offender stands alone.

    The offender is refused as RULE_ERROR. Errors of the database connection (deadlock, lost server) are raised: then
    the whole page is tried again, and no record is to blame.
    """
    if not arrivals:
        return []
    try:
        with transaction.atomic():
            return _checked(list(receiver(arrivals)), arrivals)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(arrivals) == 1:
            logger.exception("receiver refused %s", arrivals[0].record)
            return [Receipt.refused(_problem(error), code=RULE_ERROR)]
    middle = len(arrivals) // 2
    return [*deliver(receiver, arrivals[:middle]), *deliver(receiver, arrivals[middle:])]


def _checked(receipts: list[Receipt], arrivals: Sequence[Arrival]) -> list[Receipt]:
    if len(receipts) != len(arrivals):
        raise WrongReceipts(f"{len(arrivals)} records were handed over and {len(receipts)} receipts came back.")
    for receipt in receipts:
        if receipt.status not in STATUSES:
            raise WrongReceipts(f"A receipt says {receipt.status!r}; known: {', '.join(sorted(STATUSES))}.")
        if receipt.status == "parked" and ":" not in receipt.waits_for:
            raise WrongReceipts(f"A parked record waits for {receipt.waits_for!r}; expected 'entity:source id'.")
    return receipts


def _problem(error: Exception) -> Problem:
    text = re.sub(r"\s+", " ", str(error)).strip()[:300]
    return Problem(
        "",
        f"the rules failed on this record: {type(error).__name__} {text}".strip(),
        "Report it; other records went on.",
    )


def waits_for(connection_code: str, key: str) -> str:
    """A receipt's parent as "connection/entity:source id"."""
    head, _, tail = key.partition(":")
    return f"{head}:{tail}" if "/" in head else f"{connection_code}/{head}:{tail}"
