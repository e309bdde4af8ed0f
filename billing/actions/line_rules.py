"""Assign tax code and revenue account to the lines of a candidate, and keep which rule said so."""

from typing import Any

from django.db import connection

from billing.actions import deposit_ledger, deposit_lines, retention_lines
from billing.engine import line_rules as engine
from billing.models import Candidate, CandidateLine
from integration_hub.kernel.ids import canonical_json
from integration_hub.rules.queries import table_for
from integration_hub.rules.tables import Inputs, Table

_ASSIGN = """
UPDATE billing_candidateline AS line SET assigned = given.assigned::jsonb
  FROM unnest(%s::bigint[], %s::text[]) AS given (line, assigned) WHERE line.id = given.line
"""

_BILLS = {"tm": "time", "retainer_hours": "time", "milestone": "milestone", "progress": "milestone",
          "expense": "expense", "usage": "usage"}  # fmt: skip
"""What the work will be that a deposit is billed ahead of, by the method of its line; else a fee."""


def assign(candidate: Candidate) -> None:
    """Have the tables in force say what the lines are taxed and booked as; what is said already is not written again.

    What credits a posted line, or adds to its price, is taxed and booked as that line was. The caller holds the row of
    the candidate, which is not posted.
    """
    tables = {
        "tax": table_for(engine.TAX.name, candidate.legal_entity.code),
        "revenue": table_for(engine.REVENUE.name, candidate.legal_entity.code),
    }
    rows = candidate.lines.select_related("contract_line", "corrects__candidate_line", "adjusts__candidate_line")
    said: dict[tuple[object, ...], dict[str, Any]] = {}
    moved = []
    withheld_from: dict[int, dict[str, Any]] = {}
    for line in rows.order_by("number"):
        if line.kind == retention_lines.KIND and line.corrects is None:
            assigned = _as_its_work(candidate, line, withheld_from)
        elif line.kind == deposit_ledger.KIND and line.corrects is None:
            work = withheld_from.get(line.contract_line_id) or _assigned(candidate, line, tables, said)
            assigned = _ahead(candidate, line, work)
        else:
            assigned = _assigned(candidate, line, tables, said)
            withheld_from.setdefault(line.contract_line_id, assigned)
        if assigned != line.assigned:
            moved.append((line.pk, canonical_json(assigned)))
    if moved:
        with connection.cursor() as cursor:
            cursor.execute(_ASSIGN, [list(column) for column in zip(*moved, strict=True)])


def _as_its_work(candidate: Candidate, line: CandidateLine, withheld_from: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """What is withheld is taxed as the work it is withheld from, which stands above it, and its release as it was
    withheld; no table says where it is booked, which is the account of the ERP's connection for it.
    """
    if not retention_lines.is_taxed(candidate):
        return {}
    if candidate.is_release:
        rows = CandidateLine.objects.filter(
            candidate__contract=candidate.contract_id, candidate__bill_to=candidate.bill_to_id, kind=line.kind,
            candidate__status=Candidate.Status.POSTED, contract_line=line.contract_line_id,
        )  # fmt: skip
        was: dict[str, Any] | None = rows.order_by("-pk").values_list("assigned", flat=True).first()
        return was or {}
    return {name: said for name, said in withheld_from[line.contract_line_id].items() if name == "tax"}


def _ahead(candidate: Candidate, line: CandidateLine, work: dict[str, Any]) -> dict[str, Any]:
    """What is billed ahead of work is taxed as that work, or with it alone; the ERP's connection says where a liability
    is booked.
    """
    if line.contract_line_id in deposit_lines.untaxed(candidate):
        return {}
    return {name: said for name, said in work.items() if name in ("inputs", "tax")}


def _assigned(
    candidate: Candidate, line: CandidateLine, tables: dict[str, Table], said: dict[tuple[object, ...], dict[str, Any]]
) -> dict[str, Any]:
    original = line.corrects or line.adjusts
    if original is not None:
        kept: dict[str, Any] = original.candidate_line.assigned
        return {**kept, "as": f"{original.pk}"} if kept else {}
    inputs = inputs_of(candidate, line)
    key = tuple(inputs.values())
    if key not in said:  # most lines of a document are alike
        answers = {what: engine.answer(table, inputs) for what, table in tables.items()}
        if line.kind == "passed_on":
            del answers["tax"]  # it is passed on with the tax in it (R14)
        said[key] = {"inputs": dict(inputs), **answers}
    return said[key]


def inputs_of(candidate: Candidate, line: CandidateLine) -> Inputs:
    """What the tables are asked about a line."""
    entity, customer = candidate.legal_entity, candidate.bill_to.customer
    country, _, region = candidate.contract.tax_jurisdiction.partition("-")
    return {
        "kind": _BILLS.get(line.contract_line.method, "fee") if line.kind == deposit_ledger.KIND else line.kind,
        "method": line.contract_line.method,
        "line": line.contract_line.name,
        "legal_entity": entity.code,
        "seller_country": entity.country,
        "customer": customer.code,
        "customer_country": customer.country,
        "customer_region": customer.region,
        "customer_has_tax_id": bool(customer.tax_id),
        "place_country": country or customer.country,
        "place_region": region or customer.region,
        "invoice_date": candidate.invoice_date.isoformat(),
    }
