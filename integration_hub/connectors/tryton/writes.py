"""Writes to Tryton, which knows no keys: a draft is found by our reference or made, and one draft is posted, once.

Making a draft and posting it are calls of their own. A call that is lost may have made a draft; the next attempt finds
it. One that arrives late may make a second one; it stays a draft, for only the oldest under a reference is ever posted,
and Tryton posts nothing twice.
"""

from integration_hub.connectors.composed import Effect
from integration_hub.connectors.tryton import credit_notes, documents, journals
from integration_hub.connectors.tryton.manifest import CREDIT_POST, INVOICE_POST, JOURNAL_POST

EFFECTS = {
    INVOICE_POST: Effect(documents.post_invoice, documents.find_invoice),
    CREDIT_POST: Effect(credit_notes.post, credit_notes.find),
    JOURNAL_POST: Effect(journals.post, journals.find),
}
