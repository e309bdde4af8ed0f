"""The exceptions of agreements, as finance would say them (billing.md §3.3)."""

from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.intake import troubles
from integration_hub.people.models import Role

CRM_MISMATCH = "CRM_MISMATCH"
NOT_SIGNED = "NOT_SIGNED"
SIGNATURE_ENDED = "SIGNATURE_ENDED"
PROGRESS_REGRESSED = "PROGRESS_REGRESSED"


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
    KINDS.register(
        NOT_SIGNED,
        CaseKind(
            NOT_SIGNED,
            "An agreement is called signed, and its signature is not complete",
            str(Role.FINANCE),
            2,
            "its envelope or workflow is completed, or it is no longer called signed",
            (Suggestion("Have it signed"), Suggestion("Take back the signature in the CRM")),
            still_holds=troubles.still_troubled(NOT_SIGNED),
            retry=troubles.retry(NOT_SIGNED),
        ),
    )
    KINDS.register(
        SIGNATURE_ENDED,
        CaseKind(
            SIGNATURE_ENDED,
            "The signature of an agreement was declined or voided",
            str(Role.FINANCE),
            2,
            "it is signed, or out for signature again; or closed by hand when the agreement is withdrawn",
            (Suggestion("Send it for signature again"), Suggestion("Withdraw the agreement in the CRM")),
        ),
    )
    KINDS.register(
        PROGRESS_REGRESSED,
        CaseKind(
            PROGRESS_REGRESSED,
            "Progress of a fixed price fell",
            str(Role.PMO),
            3,
            "a second person confirms or declines it, or progress is measured again",
            (
                Suggestion("Confirm it", "contracts:progress-confirm", "contracts.decide_progressmeasure"),
                Suggestion("Decline it", "contracts:progress-decline", "contracts.decide_progressmeasure"),
            ),
            still_holds=_still_questioned,
        ),
    )


def _still_questioned(root_cause: str) -> bool:
    from contracts.actions import progress  # which raises the code that is named here

    return progress.still_questioned(root_cause)
