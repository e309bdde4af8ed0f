"""The exceptions costs can raise."""

from costs.actions import counting
from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.people.models import Role


def register() -> None:
    """Fill the registry; called once by the app."""
    KINDS.register(
        counting.CODE,
        CaseKind(
            counting.CODE,
            "Margin unknown: no cost rate",
            str(Role.FINANCE),
            3,
            "a cost rate covers it",
            (Suggestion("Add the rate of the person"), Suggestion("Add the rate of the role")),
        ),
    )
