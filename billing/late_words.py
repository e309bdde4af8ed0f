"""A change of billed work in words: what its source says otherwise, and what accepting it credits and bills."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from billing import simulation
from billing.actions import late
from billing.actions.late_decisions import Brought
from billing.models import BillableEvent, LateChange, Piece
from billing.naming import code_words
from billing.tables.words import hours_of, rate_text
from contracts.models import Contract, ContractLine, LegalEntity, Milestone, Project, Resource
from integration_hub.console.wording import MISSING, day_html, hours, money_html, number, yes_no
from integration_hub.kernel.errors import BadInput, NotReady

_LABELS = {
    "kind": "Kind", "service_date": "Service date", "approval": "Approval", "legal_entity_id": "Legal entity",
    "contract_id": "Contract", "project_id": "Project", "line_id": "Contract line", "milestone_id": "Milestone",
    "schedule_item_id": "Scheduled fee", "resource_id": "Person", "role": "Role", "task_code": "Task",
    "category": "Category", "minutes": "Worked", "quantity": "Units", "amount": "Amount",
    "includes_tax": "Tax in the amount", "currency": "Currency", "chargeable": "Chargeable in the source",
    "has_evidence": "Receipt or proof", "description": "Note", "is_deleted": "Deleted in the source",
}  # fmt: skip
_ROWS: dict[str, type[Model]] = {
    "legal_entity_id": LegalEntity, "contract_id": Contract, "project_id": Project, "line_id": ContractLine,
    "milestone_id": Milestone, "resource_id": Resource,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of the work: as it is in force, and as its source states it now."""

    label: str
    was: Any
    now: Any


def differences(change: LateChange) -> list[Difference]:
    """What the source says otherwise, in the order of the fields."""
    currencies = (change.event.currency, change.stated["currency"])
    return [
        Difference(_LABELS[name], *(_shown(name, value, of) for value, of in zip((was, now), currencies, strict=True)))
        for name, was, now in late.differences(change)
    ]


def in_short(change: LateChange) -> str:
    """The differences in one line, for a list."""
    if change.is_deletion:
        return "Deleted in the source"
    found = late.differences(change)
    told = [
        f"{_LABELS[name].lower()} {_brief(name, was)} → {_brief(name, now)}"
        for name, was, now in found
        if name in _BRIEF
    ]
    told += [_LABELS[name].lower() for name, _, _ in found if name not in _BRIEF]
    words = ", ".join(told)
    return words[:1].upper() + words[1:]


_BRIEF = ("minutes", "service_date", "approval", "quantity", "role", "category")
"""Fields that a line has room to show before and after."""


def _brief(name: str, value: Any) -> str:
    if value in (None, ""):
        return "none"
    if name == "service_date":
        day = date.fromisoformat(value)
        return f"{day.day} {day:%b}"
    return str(_shown(name, value, ""))


def _shown(name: str, value: Any, currency: str) -> Any:
    if value is None or value == "":
        return MISSING
    if name in _ROWS:
        return str(_ROWS[name]._default_manager.filter(pk=value).first() or value)
    if isinstance(value, bool):
        return yes_no(value)
    if name == "minutes":
        return hours(Decimal(value) / 60)
    if name == "amount":
        return money_html(Decimal(value), currency)
    if name == "service_date":
        return day_html(date.fromisoformat(value))
    if name == "approval":
        return BillableEvent.Approval(value).label
    return number(Decimal(value)) if name == "quantity" else str(value)


def panel(change: LateChange) -> tuple[SafeString, Brought | None]:
    """What accepting a change credits and bills of the work itself, and those figures; None where it cannot be said."""
    try:
        found = simulation.brought_by(change)
    except (NotReady, BadInput) as refusal:
        return _rendered({"reason": str(refusal)}), None
    currency = next((row.currency for row in (*found.credits, *found.charges) if row.currency), change.currency)
    context = {
        "rows": [*map(_credit, found.credits), *map(_charge, found.charges)],
        "credited": money_html(found.credited, currency),
        "charged": money_html(found.charged, currency),
        "difference": money_html(found.credited + found.charged, currency),
    }
    return _rendered(context), found


def _rendered(context: dict[str, Any]) -> SafeString:
    return mark_safe(render_to_string("billing/_late_brought.html", context))  # noqa: S308 a template


def _credit(row: Piece) -> dict[str, Any]:
    line = row.corrects.candidate_line if row.corrects else None
    invoice = getattr(line.candidate, "invoice", None) if line else None
    return _row(row, f"Credit of {invoice.number}" if invoice else "Credit", "warning" if row.state == "held" else "")


def _charge(row: Piece) -> dict[str, Any]:
    words = {"billable": "Billed anew", "reserved": "Billed anew"}.get(row.state, row.get_state_display())
    return _row(row, words, "" if row.state in ("billable", "reserved") else "muted")


def _row(row: Piece, what: str, tone: str) -> dict[str, Any]:
    worked = hours_of(row)
    return {
        "what": what,
        "why": ", ".join(map(code_words, row.codes)),
        "payer": str(row.bill_to.customer) if row.bill_to else "",
        "line": row.line.name if row.line else "",
        "hours": hours(worked) if worked is not None else "",
        "rate": rate_text(row) or "",
        "amount": money_html(row.amount, row.currency) if row.amount is not None else MISSING,
        "tone": tone,
    }
