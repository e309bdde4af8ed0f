"""How the findings of a draft run are listed."""

from typing import Any

from integration_hub.console import links
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.rules.models import DraftRunDecision, DraftRunDocument


class DocumentsOtherwise(Table):
    """Documents that would be others, the largest difference first."""

    caption = "Documents that would be others"
    default_sort = "-weight"
    page_size = 25
    columns = [
        Column("label", "Document", sortable=True),
        Column("customer", "Customer", sortable=True),
        Column("decisions", "Decisions", kind="number", sortable=True),
        Column("before", "Net as it is", kind="money", sortable=True),
        Column("after", "Net by the draft", kind="money", sortable=True),
        Column("difference", "Difference", kind="money", sortable=True),
    ]

    def row_url(self, row: Any) -> str:
        """The document."""
        return links.address(row.subject_type, row.subject_id)


class DecisionsOtherwise(Table):
    """Decisions that would come out otherwise, the largest difference first."""

    caption = "Decisions that would come out otherwise"
    default_sort = "-weight"
    page_size = 25
    columns = [
        Column("label", "Decided about", sortable=True),
        Column("was", "Decided", accessor=lambda row: _answer(row, "was")),
        Column("would_be", "By the draft", accessor=lambda row: _answer(row, "would_be")),
        Column("before", "Charged", kind="money", sortable=True),
        Column("after", "By the draft", kind="money", sortable=True),
        Column("difference", "Difference", kind="money", sortable=True),
    ]

    def row_url(self, row: Any) -> str:
        """What was decided about."""
        return links.address(row.subject_type, row.subject_id)


def _answer(row: DraftRunDocument | DraftRunDecision, side: str) -> Titled:
    """An answer, and the rule that gives it below."""
    answer, _, rule = str(getattr(row, side)).partition(" (")
    return Titled(answer, rule.removesuffix(")"))
