"""The exceptions billing can raise, as finance would say them (billing.md §3.3)."""

from billing import conditions
from billing.actions import checks, exceptions, late, unserved
from billing.workflows import agreements
from integration_hub.cases.registry import ALSO_HOLDS, KINDS, Asked, CaseKind, Suggestion

ROLE = {
    "CM": "finance",
    "PM": "delivery_lead",
    "BA": "billing_analyst",
    "BM": "finance",
    "FC": "finance",
    "INT": "integration_admin",
    "PMO": "pmo",
    "RM": "pmo",
    "TAX": "finance",
    "AR": "finance",
}

ROWS: tuple[tuple[str, str, str, int, str, tuple[str, ...]], ...] = (
    (
        "SOURCE_DELETED_AFTER_POST",
        "Billed work vanished from the PSA",
        "BA",
        2,
        "the source is restored, or a person decides about it",
        ("Accept it: what is billed is credited", "Refuse it: what is billed stands"),
    ),
    (
        "LATE_CHANGE",
        "The source changed after billing",
        "BA",
        3,
        "the change is withdrawn, or a person decides about it",
        ("Accept it: what is billed is credited and billed anew", "Refuse it: what is billed stands"),
    ),
    (
        "CONTRACT_MISSING",
        "Work without a contract",
        "PMO",
        2,
        "a contract in force covers it",
        ("Link the project to its contract", "Mark it internal"),
    ),
    (
        "CONTRACT_NOT_SIGNED",
        "Working at risk",
        "CM",
        2,
        "the signature arrives",
        ("Chase the signature", "Agree a letter of intent"),
    ),
    (
        "CONTRACT_EXPIRED",
        "Work outside the contract's dates",
        "CM",
        2,
        "an extension is in force",
        ("Extend by amendment", "Move to another contract", "Write off"),
    ),
    (
        "AMENDMENT_PENDING",
        "A change order is not in force",
        "CM",
        3,
        "it is applied or voided",
        ("Wait for the signature", "Bill now, rebill later"),
    ),
    ("MAP_MISSING", "No line takes it", "PMO", 2, "a rule names the line", ("Pick the line", "Mark it included")),
    ("MAP_AMBIGUOUS", "Several lines take it", "PMO", 2, "one rule remains", ("Sharpen the rules",)),
    (
        "RATE_MISSING",
        "No price",
        "CM",
        2,
        "a rate covers it",
        ("Add the rate to the contract", "Add it to a card", "Mark not billable"),
    ),
    (
        "ROLE_MISSING",
        "No role on the entry",
        "RM",
        2,
        "the role is known",
        ("Give the person a role", "Ask the project manager"),
    ),
    (
        "NEGATIVE_UNMATCHED",
        "Negative hours with no original",
        "PM",
        2,
        "the original arrives",
        ("Match by hand", "Reject in the PSA"),
    ),
    (
        "FX_MISSING",
        "No usable exchange rate",
        "FC",
        2,
        "the rate is loaded",
        ("Record the rate",),
    ),
    (
        "FX_STALE",
        "The exchange rate is too old",
        "FC",
        2,
        "a fresh rate is loaded",
        ("Record a fresh rate",),
    ),
    (
        "EXPENSE_POLICY",
        "Outside the client's policy",
        "PM",
        3,
        "it is within the policy",
        ("Ask the client to agree", "Lower it in the PSA", "Mark it not billable"),
    ),
    (
        "TIME_BARRED",
        "Too old to bill",
        "PM",
        3,
        "a waiver is recorded",
        ("Ask the client for a waiver", "Mark it not billable"),
    ),
    (
        "WRITE_DOWN_MISFIT",
        "A write-down does not fit its work any more",
        "PM",
        2,
        "the write-down is reversed, or the work is worth what was approved",
        ("Reverse the write-down", "Propose it anew"),
    ),
    ("RECEIPT_MISSING", "No receipt", "PM", 3, "the receipt is attached", ("Upload the receipt", "Write off")),
    ("MILESTONE_EVIDENCE", "Accepted without proof", "PM", 2, "a document is attached", ("Upload the acceptance",)),
    (
        "CAP_REACHED",
        "Over the limit",
        "PM",
        2,
        "the cap is raised or room returns",
        ("Sign a change order", "Write off"),
    ),
    (
        "CAP_NEAR",
        "A limit is nearly used up",
        "PM",
        3,
        "the cap is raised or room returns",
        ("Tell the client", "Sign a change order", "Plan the work anew"),
    ),
    ("PO_MISSING", "The client will refuse it: no PO", "BA", 2, "a PO is recorded", ("Ask the client for the PO",)),
    (
        "PO_EXPIRED",
        "The client will refuse it: PO expired",
        "BA",
        2,
        "a valid PO is recorded",
        ("Ask for an extension",),
    ),
    (
        "PO_EXHAUSTED",
        "The client will refuse it: PO used up",
        "BA",
        2,
        "the PO covers it",
        ("Ask for a higher PO", "Use another PO"),
    ),
    (
        "BILLTO_INCOMPLETE",
        "Cannot address or tax it",
        "AR",
        2,
        "the profile is complete",
        ("Complete the address in the CRM",),
    ),
    ("CREDIT_HOLD", "The customer is on credit hold", "AR", 2, "the hold is lifted", ("Ask AR",)),
    ("TAX_MISSING", "The tax engine is silent", "TAX", 1, "a quote arrives", ("Quote again",)),
    (
        "TAX_VARIANCE",
        "Tax differs from what was approved",
        "TAX",
        1,
        "the figures agree",
        ("Accept the engine's figure", "Correct the tax code"),
    ),
    (
        "AMOUNT_ANOMALY",
        "The amount looks wrong",
        "BM",
        1,
        "a person confirmed it",
        ("Compare with the last cycle", "Confirm"),
    ),
    (
        "APPROVAL_STALE",
        "Figures moved since approval",
        "BM",
        2,
        "it is approved again",
        ("See what changed and approve again",),
    ),
    ("ERP_MAPPING", "The ERP lacks something we need", "INT", 2, "it exists there", ("Create it in the ERP", "Map it")),
    (
        "ERP_VARIANCE",
        "The ERP's figures differ",
        "FC",
        1,
        "the figures agree",
        ("Credit and repost", "Accept with evidence"),
    ),
    (
        "ERP_ORPHAN",
        "An invoice in the ERP we did not send",
        "BA",
        2,
        "it is linked or voided",
        ("Link it", "Explain it"),
    ),
    (
        "SHORT_PAID",
        "Paid less than was billed",
        "AR",
        3,
        "the rest is paid or credited",
        ("Ask the client why", "Credit what is conceded"),
    ),
    (
        "UNAPPLIED_CASH",
        "Money that settles no invoice",
        "AR",
        3,
        "all of it is applied",
        ("Apply it in the ERP", "Ask for the remittance"),
    ),
    (
        "OVER_CREDIT",
        "A credit larger than what is left",
        "BA",
        1,
        "what it credits fits",
        ("Reduce it in the ERP", "Apply it to another invoice"),
    ),
    (
        "FEE_UNSERVED",
        "A fee was billed beyond the contract's end",
        "BA",
        2,
        "the days that were not served are credited",
        ("Credit the days that were not served", "Correct the end of the contract in the CRM"),
    ),
    (
        "RUN_LEFT_OUT",
        "A contract was left out of a billing run",
        "BA",
        1,
        "a run builds it",
        ("Mend what the error names and run again", "Report it to the developers"),
    ),
    (
        "AGREEMENT_INCOMPLETE",
        "A signed contract lacks terms we need",
        "CM",
        2,
        "the terms arrive",
        ("Complete the contract in the CRM",),
    ),
)


def _asked() -> dict[str, Asked]:
    """The conditions that can be asked; the other codes close when their source or a person says so."""
    of_work = {code: conditions.pieces_stopped(code) for code in exceptions.WHAT_TO_DO}
    of_candidates = {
        code: conditions.candidates_stopped(code) for code in checks.CASE_CODES if code != "AMOUNT_ANOMALY"
    }
    return {
        **of_work,
        **of_candidates,
        late.CHANGED: conditions.any_of(of_work[late.CHANGED], late.still_asks),
        late.DELETED: late.still_asks,
        "CAP_NEAR": conditions.cap_near,
        "ERP_MAPPING": conditions.erp_lacks,
        "UNAPPLIED_CASH": conditions.cash_unapplied,
        "OVER_CREDIT": conditions.any_of(conditions.credit_over, of_candidates["OVER_CREDIT"]),
        "SHORT_PAID": conditions.invoice_short,
        agreements.CODE: agreements.is_stuck,
        unserved.CODE: unserved.still_owed,
    }


def register() -> None:
    """Fill the registry of case kinds; of codes of the rooms below, only say when ours still hold."""
    asked = _asked()
    own = {row[0] for row in ROWS}
    for code in asked.keys() - own:
        ALSO_HOLDS.register(f"{code}:billing", asked[code])
    for code, title, owner, severity, closes, acts in ROWS:
        KINDS.register(
            code,
            CaseKind(
                code=code,
                title=title,
                owner_role=ROLE[owner],
                severity=severity,
                closes_when=closes,
                suggestions=tuple(Suggestion(act) for act in acts),
                still_holds=asked.get(code),
            ),
        )
