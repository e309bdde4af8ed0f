"""The table of transfer prices."""

from typing import Any

from contracts.lineage import link
from integration_hub.console.badges import badge
from integration_hub.console.tables import Column, Table


class TransferPriceTable(Table):
    """What legal entities charge each other for work they lend."""

    caption = "Transfer prices"
    default_sort = "-proposed_at"
    columns = [
        Column("pair", "Lender → borrower", kind="text", accessor=str),
        Column("terms", "Price", kind="text"),
        Column("from", "From", kind="date", accessor="validity.lower"),
        Column("to", "Before", kind="date", accessor="validity.upper", hint="First day it holds no more"),
        Column("status", "State", kind="badge", accessor=lambda row: badge(row.status)),
        Column("reason", "Reason", kind="text"),
        Column("proposed_by", "Proposed by", hideable=True),
        Column("proposed_at", "Proposed", kind="datetime", sortable=True),
        Column("approved_by", "Approved by"),
        Column("approved_at", "Approved", kind="datetime", hideable=True),
        Column("withdrawn_at", "Withdrawn", kind="datetime", hideable=True),
    ]

    def row_url(self, row: Any) -> str:
        if row.status == "proposed":
            return link("contracts:transfer-price-approve", row.pk)
        return link("contracts:transfer-price-withdraw", row.pk) if row.status == "in_force" else ""

    def row_tone(self, row: Any) -> str:
        return {"withdrawn": "muted", "proposed": "warning"}.get(row.status, "")
