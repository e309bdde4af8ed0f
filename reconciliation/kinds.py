"""The exceptions reconciliation can raise."""

from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.people.models import Role
from reconciliation.actions import pair_breaks


def register() -> None:
    """Fill the registry; called once by the app."""
    KINDS.register(
        pair_breaks.CODE,
        CaseKind(
            pair_breaks.CODE,
            "Two systems do not agree on an item",
            str(Role.FINANCE),
            2,
            "a reconciliation finds that it agrees, or every break of it is explained",
            (
                Suggestion("Look at both sides", "reconciliation:break-detail"),
                Suggestion("Explain it", "reconciliation:break-explain", "reconciliation.decide_pairbreak"),
            ),
            still_holds=pair_breaks.still_breaks,
        ),
    )
