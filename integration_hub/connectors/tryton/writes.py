"""Writes to Tryton, which knows no keys: a draft is found by our reference or made, and one draft is posted, once.

Making a draft and posting it are calls of their own. A call that is lost may have made a draft; the next attempt finds
it. One that arrives late may make a second one; it stays a draft, for only the oldest under a reference is ever posted,
and Tryton posts nothing twice.
"""

from collections.abc import Callable
from dataclasses import dataclass

from integration_hub.connectors.registry import Confirmed, Sent, Write
from integration_hub.connectors.tryton import credit_notes, documents, journals
from integration_hub.connectors.tryton.client import Client
from integration_hub.connectors.tryton.manifest import CREDIT_POST, INVOICE_POST, JOURNAL_POST


@dataclass(frozen=True, slots=True)
class Effect:
    """How one effect is sent and found."""

    send: Callable[[Client, Write], Sent]
    find: Callable[[Client, Write], Confirmed | None]


EFFECTS = {
    INVOICE_POST: Effect(documents.post_invoice, documents.find_invoice),
    CREDIT_POST: Effect(credit_notes.post, credit_notes.find),
    JOURNAL_POST: Effect(journals.post, journals.find),
}
