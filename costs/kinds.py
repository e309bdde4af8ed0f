"""The exceptions costs can raise."""

from costs import stops
from costs.actions import claims, counting, intercompany, purchases, taking_back
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
    KINDS.register(
        intercompany.CODE,
        CaseKind(
            intercompany.CODE,
            "Lent work nobody is charged for",
            str(Role.FINANCE),
            3,
            "a transfer price and what it hangs on are there",
            (Suggestion("Agree on a transfer price"), Suggestion("Add the lender's cost rate")),
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
    _reimbursing()


def _reimbursing() -> None:
    seen = Suggestion("Look at it and decide", "costs:reimbursement-detail", "costs.view_reimbursement")
    KINDS.register(
        stops.CODE,
        CaseKind(
            stops.CODE,
            "Reimbursement somebody has to accept",
            str(Role.FINANCE),
            3,
            "its source is corrected, or a person accepts it",
            (seen,),
            still_holds=stops.still_stopped,
        ),
    )
    KINDS.register(
        claims.UNCLEAR,
        CaseKind(
            claims.UNCLEAR,
            "Expense to be reimbursed that the company paid",
            str(Role.DELIVERY_LEAD),
            3,
            "its source says who paid, or that it is not reimbursable",
            (Suggestion("Correct it in its source"),),
            still_holds=claims.still_unclear,
        ),
    )
    KINDS.register(
        taking_back.PAID_BACK,
        CaseKind(
            taking_back.PAID_BACK,
            "Money paid to a person that is not owed any more",
            str(Role.FINANCE),
            2,
            "a person says that it was got back or offset",
            (seen,),
        ),
    )
