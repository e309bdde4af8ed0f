"""The table of what was measured of lines that are billed by progress."""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from contracts.lineage import link
from contracts.models import ProgressMeasure
from integration_hub.console.tables import Column, Table


class ProgressTable(Table):
    """What was measured of lines that are billed by progress."""

    caption = "Progress"
    default_sort = "-as_of"
    columns = [
        Column("as_of", "As of", kind="date"),
        Column("line", "Line", accessor=lambda row: str(row.line)),
        Column("percent", "Done in all", accessor=lambda row: f"{row.percent.normalize():f} %"),
        Column("step.amount", "Added to the bill", kind="money", currency="step.currency"),
        Column("status", "Status", kind="badge"),
        Column("measured_by", "Measured by"),
        Column("evidence", "Proof"),
        Column("decide", "Decide", accessor=lambda row: _decide(row)),
    ]  # fmt: skip

    def row_tone(self, row: Any) -> str:
        return "warning" if row.status == ProgressMeasure.Status.QUESTIONED else ""


def _decide(row: ProgressMeasure) -> SafeString | str:
    if row.status != ProgressMeasure.Status.QUESTIONED:
        return ""
    ways = [(link(f"contracts:progress-{name}", row.pk), name.capitalize()) for name in ("confirm", "decline")]
    return format_html("<span>{}</span>", format_html_join(" · ", '<a href="{}">{}</a>', ways))
