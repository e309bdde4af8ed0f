"""The approval matrix: how many people, and who, for which act and amount (billing.md §5.2)."""

from integration_hub.rules.tables import Input, Kind, Output, RuleSpec

SEATS = ("first", "second", "third")
APPROVERS = ("finance", "billing_analyst", "pmo", "delivery_lead")
"""Roles that may be asked for; they must also have the right to approve, or be delegated it."""


def _people(condition: str, count: int, note: str) -> RuleSpec:
    """So many people, the second and third of finance."""
    roles = {"first": "", "second": "finance" if count > 1 else "", "third": "finance" if count > 2 else ""}
    return RuleSpec(condition, {"people": str(count), **roles}, note)


def _write_down(condition: str, count: int, note: str) -> RuleSpec:
    """A write-down: the second person from the practice or finance, the third of finance."""
    second = {"second": "delivery_lead, finance" if count > 1 else "", "third": "finance" if count > 2 else ""}
    words = f"act == '{WRITE_DOWN}'{f' && ({condition})' if condition else ''}"
    return RuleSpec(words, {"people": str(count), "first": "", **second}, note)


WRITE_DOWN = "write_down"
_CREDITS = "act in ['credit', 'concession']"

KIND = Kind(
    name="billing.approvals",
    title="Approval matrix",
    about=(
        "How many people must approve an act, and of which roles. Amounts are in the legal entity's currency and count "
        "what was approved or posted for the same customer in 30 days; what nobody can convert counts as endless."
    ),
    inputs=(
        Input("act", "What is approved", values=("invoice", "credit", "concession", WRITE_DOWN)),
        Input("amount", "Its gross (a write-down: its net) with that of the last 30 days", "number"),
        Input("first_invoice", "Whether it is the contract's first invoice", "bool"),
        Input("share", "Of a write-down: what percentage it is of the contract's unbilled work", "number"),
    ),
    outputs=(
        Output("people", "People", ("1", "2", "3")),
        *(Output(seat, f"{seat.capitalize()} person", APPROVERS, many=True, required=False) for seat in SEATS),
    ),
    delivered=(
        _people("act == 'invoice' && amount >= 250000.0", 3, "Large invoice"),
        _people("act == 'invoice' && (amount >= 50000.0 || first_invoice)", 2, "Considerable, or the first one"),
        _people("act == 'invoice'", 1, "Invoice"),
        _write_down("amount >= 10000.0", 3, "Large write-down"),
        _write_down("amount >= 1000.0 || share >= 5.0", 2, "Considerable write-down"),
        _write_down("", 1, "Write-down"),
        _people(f"{_CREDITS} && amount >= 25000.0", 3, "Large credit"),
        _people(f"{_CREDITS} && amount >= 1000.0", 2, "Considerable credit"),
        _people("", 1, "Credit"),
    ),
)
