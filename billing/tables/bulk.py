"""The candidates of a bulk approval and what became of each."""

from typing import Any

from django.urls import reverse

from billing.models import BulkItem
from integration_hub.console.tables import Column, Table


class BulkItemTable(Table):
    """Candidates in the order in which they are gone through."""

    caption = "Candidates of a bulk approval"
    default_sort = "position"
    columns = [
        Column("candidate.number", "Candidate", sortable=True),
        Column("customer", "Customer", accessor="candidate.bill_to.customer.name"),
        Column("contract", "Contract", accessor="candidate.contract.number"),
        Column("legal_entity", "Entity", accessor="candidate.legal_entity.code", hideable=True, hidden=True),
        Column("gross", "Gross when chosen", kind="money", accessor=lambda row: row.content.get("gross"),
               currency=lambda row: row.candidate.currency),
        Column("outcome", "Outcome", kind="badge", sortable=True),
        Column("reason", "Why it was left out"),
        Column("content_hash", "Hash of what was seen", kind="code", hideable=True, hidden=True),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        return reverse("billing:candidate-detail", args=[row.candidate_id])

    def row_tone(self, row: Any) -> str:
        return "warning" if row.outcome == BulkItem.Outcome.LEFT_OUT else ""
