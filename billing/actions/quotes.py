"""Tax quotes: asked before approval, without recording anything in the engine (R7)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from billing.actions import deposit_ledger, deposit_lines, line_rules, prepaid, retention_lines
from billing.assigned import unsaid
from billing.engine.documents import share_tax
from billing.engine.line_rules import tax_code
from billing.models import Candidate, CandidateLine, TaxDetermination
from contracts.queries import route
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import TAX_ENGINES
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO, round_money
from integration_hub.trail.record import event

BY = "system:billing"
QUOTED = ("building", "needs_attention", "ready", "returned")
"""States in which the tax of a candidate is asked for."""
UNTAXED: dict[str, Any] = {"tax": "0", "lines": []}
"""The answer where there is nothing to ask."""


def taxed_lines(candidate: Candidate) -> "QuerySet[CandidateLine]":
    """The lines that are a supply of ours: not what was paid in the client's name and is passed on with the tax in it
    (R14), nor retention and deposits whose tax is charged with the work (R13, R18).
    """
    rows = candidate.lines.exclude(kind="passed_on").order_by("number")
    untaxed = candidate.retained and not retention_lines.is_taxed(candidate)
    rows = rows.exclude(kind=retention_lines.KIND) if untaxed else rows
    if candidate.advanced:
        rows = rows.exclude(kind=deposit_ledger.KIND, contract_line__in=deposit_lines.untaxed(candidate))
    return rows


def request_of(candidate: Candidate) -> dict[str, Any]:
    """What the engine is asked: document, parties, place of supply, lines."""
    customer = candidate.bill_to.customer
    country, _, region = candidate.contract.tax_jurisdiction.partition("-")
    return {
        "document_code": candidate.number,
        "company_code": candidate.legal_entity.tax_company or candidate.legal_entity.code,
        "customer_code": customer.code,
        "date": candidate.invoice_date.isoformat(),
        "currency": candidate.currency,
        "lines": [
            {
                "number": str(line.number),
                "amount": str(line.net),
                "description": line.description,
                "tax_code": tax_code(line.assigned),
            }
            for line in taxed_lines(candidate)
        ],
        "ship_to": {
            "country": country or customer.country,
            "region": region or customer.region,
            "city": customer.city,
            "postal_code": customer.postal_code,
            "line1": customer.street,
        },
    }


def quote(*, candidate_id: int) -> None:
    """Ask the tax engine and store the answer. Called outside any transaction: it makes a remote call.

    Nothing is asked while no rule determines the tax code of a line. A credit memo is not quoted: it takes back the tax
    of the lines it credits.
    """
    candidate = Candidate.objects.select_related("legal_entity", "contract", "bill_to__customer").get(pk=candidate_id)
    if candidate.kind == Candidate.Kind.CREDIT_MEMO:
        return
    connection = route("tax", candidate.legal_entity)
    if candidate.status not in QUOTED or connection is None:
        return
    if not _assigned(candidate_id):
        return
    request = request_of(candidate)
    basis = content_hash(request)
    known = TaxDetermination.objects.filter(candidate=candidate, basis_hash=basis).exclude(status="voided").first()
    if known is None:
        _store(candidate, request, basis, _ask(connection, request) if request["lines"] else UNTAXED)


@transaction.atomic
def _assigned(candidate_id: int) -> bool:
    """Have the tables say the tax codes; whether each line's is determined: an engine asked without it would guess."""
    held = Candidate.objects.select_for_update(of=("self",), no_key=True)
    candidate = held.select_related("legal_entity", "contract", "bill_to__customer").get(pk=candidate_id)
    if candidate.status not in QUOTED:
        return False
    line_rules.assign(candidate)
    return not unsaid(candidate.lines.all(), "tax")


def keep(candidate: Candidate, answer: dict[str, Any]) -> None:
    """Store what somebody other than the routed engine says of the tax of a candidate as it stands."""
    request = request_of(candidate)
    _store(candidate, request, content_hash(request), answer)


def _ask(connection: Connection, request: dict[str, Any]) -> dict[str, Any]:
    return TAX_ENGINES.get(connection.vendor)(connection, request)


@transaction.atomic
def _store(candidate: Candidate, request: dict[str, Any], basis: str, answer: dict[str, Any]) -> None:
    """Keep request and answer, and put the tax on the lines, rounded as the bill-to wants it."""
    candidate = (
        Candidate.objects.select_for_update(of=("self",), no_key=True)
        .select_related("legal_entity", "contract", "bill_to__customer")
        .get(pk=candidate.pk)
    )
    if content_hash(request_of(candidate)) != basis:
        return  # the lines moved while we asked: the next quote is already waiting
    by_number = {str(line["number"]): line for line in answer["lines"]}
    lines = list(candidate.lines.select_related("adjusts__candidate_line").order_by("number"))
    rates = [_rate(by_number.get(str(line.number)), line) for line in lines]
    taxes = _taxes(candidate, lines, rates)
    for line, rate, tax in zip(lines, rates, taxes, strict=True):
        CandidateLine.objects.filter(pk=line.pk).update(tax=tax, tax_rate=rate)
    engine_tax = round_money(Decimal(str(answer["tax"])), candidate.currency)
    candidate.tax = sum(taxes, ZERO)
    candidate.gross = candidate.net + candidate.tax
    candidate.drawdown = ZERO
    prepaid.draw(candidate)
    candidate.version += 1
    candidate.save()
    TaxDetermination.objects.update_or_create(
        candidate=candidate,
        defaults={
            "status": TaxDetermination.Status.QUOTED,
            "document_code": candidate.number,
            "basis_hash": basis,
            "net": candidate.net,
            "tax": engine_tax,
            "estimate": candidate.tax,
            "currency": candidate.currency,
            "lines": answer["lines"],
            "request": request,
            "response": answer,
        },
    )
    event(
        "billing.tax.quoted",
        by=BY,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        net=candidate.net,
        tax=candidate.tax,
    )


def _taxes(candidate: Candidate, lines: Sequence[CandidateLine], rates: Sequence[Decimal]) -> list[Decimal]:
    """The tax of each line. What deposits have paid is rounded apart from the work it is taken off, as it was when it
    was billed: so both documents charge the tax of the work, to the cent (R13).
    """
    taxes = [ZERO] * len(lines)
    for ahead in (False, True):
        places = [at for at, line in enumerate(lines) if (line.kind == deposit_ledger.KIND) is ahead]
        found = share_tax(
            [(lines[at].net, rates[at]) for at in places],
            level=candidate.bill_to.tax_level,  # type: ignore[arg-type]  # choices are the same words
            currency=candidate.currency,
            rounding=candidate.legal_entity.rounding,  # type: ignore[arg-type]
        )
        for at, tax in zip(places, found, strict=True):
            taxes[at] = tax
    return taxes


def _rate(answer: dict[str, Any] | None, line: CandidateLine) -> Decimal:
    """The rate the engine applied to a line; from its tax where it names several rates.

    A difference in price is taxed as the line it adds to was.
    """
    if answer is None or line.kind == "passed_on":
        return ZERO
    if line.adjusts is not None and line.adjusts.candidate_line.tax_rate is not None:
        return line.adjusts.candidate_line.tax_rate
    if answer.get("rate") is not None:
        return Decimal(str(answer["rate"]))
    return Decimal(str(answer["tax"])) / line.net if line.net else ZERO
