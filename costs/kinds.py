"""The exceptions costs can raise."""

from costs.actions import counting, purchases
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
    decide = Suggestion("Decide what becomes of it", "costs:purchase-decide", "costs.decide_purchase")
    KINDS.register(
        purchases.UNDECIDED,
        CaseKind(
            purchases.UNDECIDED,
            "Purchase nobody decided about",
            str(Role.FINANCE),
            3,
            "it is charged on, pays for hours, or is borne by us",
            (decide,),
            still_holds=purchases.still_asks,
        ),
    )
    KINDS.register(
        purchases.TWICE,
        CaseKind(
            purchases.TWICE,
            "Purchase that may be charged twice",
            str(Role.FINANCE),
            2,
            "a person says that it is charged on beside the hours, pays for them, or is borne by us",
            (decide,),
            still_holds=purchases.still_asks,
        ),
    )
