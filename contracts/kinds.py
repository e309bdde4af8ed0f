"""The exceptions of agreements, as finance would say them (billing.md §3.3)."""

from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.intake import troubles
from integration_hub.people.models import Role

CRM_MISMATCH = "CRM_MISMATCH"


def register() -> None:
    """Fill the registry; called once by the app."""
    KINDS.register(
        CRM_MISMATCH,
        CaseKind(
            CRM_MISMATCH,
            "A contract here and in the CRM disagree",
            str(Role.FINANCE),
            2,
            "they agree again, or the contract has ended",
            (Suggestion("Restore it in the CRM"), Suggestion("Terminate or amend it in the CRM")),
            still_holds=troubles.still_troubled(CRM_MISMATCH),
            retry=troubles.retry(CRM_MISMATCH),
        ),
    )
