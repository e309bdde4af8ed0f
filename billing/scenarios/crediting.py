"""Verbs that credit by hand: amounts over entries of posted invoices, and what is left of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from billing import credited
from billing.actions import checks, crediting
from billing.engine.credits import CreditRefused
from billing.models import Candidate, CreditReason, Invoice, InvoiceLine, Piece
from billing.scenarios.happening import decide
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.running import PARTS, confirm
from billing.scenarios.world import World
from integration_hub.kernel.errors import BadInput
from integration_hub.kernel.money import ZERO

REASON = {True: CreditReason.HOURS_ERROR, False: CreditReason.GOODWILL}
"""The file names none: an error where the work is billed again, else goodwill."""


def credit(world: World, said: Words) -> dict[str, Any]:
    """A credit over lines of an invoice of a run, asked, approved and posted; or refused, and why."""
    name, bill_to = str(said.need("invoice")), said.take("bill_to")
    wanted: dict[str, Decimal | None] = {}
    for values in said.rows("lines"):
        with words("line", values) as line:
            wanted[str(line.need("src"))] = line.number("amount")
    invoice = _invoice(name, bill_to, list(wanted))
    rebillable = bool(said.take("rebillable", False))
    return give(world, invoice, _by_line(invoice, wanted), reason=REASON[rebillable], rebillable=rebillable)


def give(
    world: World, invoice: Invoice, lines: Mapping[int, Decimal | None], *, reason: str, rebillable: bool = False
) -> dict[str, Any]:
    """Ask for a credit of these lines of an invoice, and post it as if it had been approved."""
    try:
        candidate = crediting.ask(
            invoice_id=invoice.pk,
            by=world.person,
            seen_version=invoice.version,
            wanted=crediting.Wanted(lines=lines),
            reason=reason,
            rebillable=rebillable,
            note="scenario",
            on=invoice.invoice_date,
        )
    except BadInput as refusal:
        code = refusal.__cause__.code if isinstance(refusal.__cause__, CreditRefused) else None
        return {"result": "rejected", "code": code, "remaining_creditable": left_of(invoice)}
    checks.run(candidate_id=candidate.pk)
    candidate = Candidate.objects.select_related(*PARTS).get(pk=candidate.pk)
    if candidate.status == Candidate.Status.READY:
        confirm(world, invoice.number.partition("/")[0], candidate)
        candidate.refresh_from_db()
        decide(world)
    return {
        "result": "accepted" if candidate.status == Candidate.Status.POSTED else "blocked",
        "code": candidate.codes[0] if candidate.codes else None,
        "net": -candidate.worked,
        "tax": -candidate.tax,
        "total": -candidate.worked - candidate.tax,
        "retained": -candidate.retained,
        "due": -candidate.gross,
        "remaining_creditable": left_of(invoice),
    }


def _invoice(run: str, bill_to: Any, sources: list[str]) -> Invoice:
    """The invoice of a run that bills these entries, or all it made when none is named."""
    rows = Invoice.objects.filter(number__startswith=f"{run}/").order_by("pk")
    if bill_to is not None:
        rows = rows.filter(bill_to__customer__name=str(bill_to))
    if sources:
        rows = rows.filter(candidate__lines__pieces__event__work_key__in=sources).distinct()
    found = list(rows)
    if len(found) != 1:
        raise BadScenario(f"{run} has {len(found)} invoices of these entries, not one.")
    return found[0]


def _by_line(invoice: Invoice, wanted: Mapping[str, Decimal | None]) -> dict[int, Decimal | None]:
    """Amounts by entry as amounts by the line that bills each."""
    by_line: dict[int, Decimal | None] = {}
    for source, amount in wanted.items():
        row = InvoiceLine.objects.filter(invoice=invoice, candidate_line__pieces__event__work_key=source).first()
        if row is None:
            raise BadScenario(f"{invoice.number} bills no {source!r}.")
        before = by_line.get(row.number, ZERO)
        by_line[row.number] = None if amount is None or before is None else before + amount
    return by_line


def left_of(invoice: Invoice) -> Decimal:
    """What of an invoice can still be credited, net."""
    found = credited.originals(crediting.creditable(invoice))
    return sum((original.left for original in found.values()), ZERO)


def adjust(world: World, said: Words) -> dict[str, Any]:
    """An amount of a recurring fee credited by hand, over its latest posted line."""
    name, amount = str(said.need("line")), said.amount("amount")
    piece = (
        Piece.objects.filter(event__line__name=name, event__schedule_item__isnull=False, state=Piece.State.POSTED)
        .select_related("candidate_line__invoice_line__invoice")
        .order_by("-event__service_date", "-pk")
        .first()
    )
    if piece is None or piece.candidate_line is None:
        raise BadScenario(f"Nothing of {name!r} is posted.")
    line = piece.candidate_line.invoice_line
    result = give(world, line.invoice, {line.number: amount}, reason=CreditReason.GOODWILL)
    return {**result, "credit": result.get("net"), "remaining_creditable": left_of(line.invoice)}
