"""Tables of tie-outs."""

from typing import Any

from django.urls import reverse

from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table


def verdict(tie_out: Any) -> Badge:
    """Whether all arrows of the person's legal entities agree."""
    if tie_out.broken:
        return Badge(f"{tie_out.broken} do not agree", "danger", "alert-octagon")
    return Badge("Agrees", "success", "circle-check")


class TieOutTable(Table):
    """Statements, newest first."""

    caption = "Tie-outs"
    page_size = 25
    columns = [
        Column("at", "At", kind="datetime"),
        Column("agrees", "Verdict", kind="badge", accessor=verdict),
        Column("arrows", "Comparisons", kind="number", accessor=lambda row: len(row.totals.get("arrows", []))),
        Column("silent", "Not asked", accessor=lambda row: ", ".join(row.totals.get("silent", {})),
               hint="Systems that did not answer; what compares with them was left out"),
        Column("started_by", "Run by"),
    ]  # fmt: skip

    def row_url(self, row: Any) -> str:
        """The statement."""
        return reverse("reconciliation:tieout-detail", args=[row.pk])

    def row_tone(self, row: Any) -> str:
        """Statements that do not agree are marked; their verdict says it."""
        return "danger" if row.broken else ""
