"""The demo's report: control totals per legal entity and currency, cases and holds, and what is broken if anything."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from billing.models import Candidate, Hold
from contracts.models import ExternalReference, LegalEntity
from integration_hub.cases.models import Case
from integration_hub.connectors.models import Connection
from integration_hub.kernel.money import show
from integration_hub.sandbox.world.troubles import Trouble
from reconciliation.totals import LedgerTotal, Statement, intake_totals, statement


def ledger_totals(ledger: Mapping[str, Any], erp: Connection) -> list[LedgerTotal]:
    """The simulator's own ledger, not our tables, per legal entity and currency: only documents with our references."""
    codes = {
        source_id: LegalEntity.objects.get(pk=pk).code
        for source_id, pk in ExternalReference.objects.filter(connection=erp, entity="legal_entity").values_list(
            "source_id", "object_id"
        )
    }
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for document in ledger["documents"]:
        if document["type"] != "invoice" or not str(document.get("externalId") or "").startswith("TL-"):
            continue
        key = (codes.get(str(document["subsidiary"]), str(document["subsidiary"])), document["currency"])
        row = sums.setdefault(key, [Decimal(0), Decimal(0), Decimal(0)])
        row[0] += 1
        row[1] += Decimal(document["total"])
        row[2] += Decimal(document["amountRemaining"])
    return [
        LedgerTotal(entity, currency, int(count), gross, open_)
        for (entity, currency), (count, gross, open_) in sorted(sums.items())
    ]


def problems(result: Statement, hours_expected: Mapping[str, Decimal], hours_parked: Decimal) -> list[str]:
    """What does not agree, in words; empty when everything does.

    Hours of people the hub cannot place are parked: they are missing from the entities' hours by exactly that much.
    """
    wrong = [
        f"{arrow.legal_entity} {arrow.currency} {arrow.name}: "
        f"{arrow.left_name} {arrow.left:f} ≠ {arrow.right_name} {arrow.right:f}"
        for arrow in result.arrows
        if not arrow.agrees
    ]
    hours_in = {arrow.legal_entity: arrow.left for arrow in result.arrows if arrow.name == "hours"}
    missing = sum(hours_expected.values(), Decimal(0)) - sum(hours_in.values(), Decimal(0))
    if missing != hours_parked:
        wrong.append(f"The world worked {missing:f} h more than the hub has; {hours_parked:f} h are parked.")
    return wrong


def text(result: Statement, wrong: list[str]) -> str:
    """The report as a person reads it."""
    lines = []
    for figures in result.figures:
        entity, currency = figures["legal_entity"], figures["currency"]
        lines += ["", f"{entity} {currency}   contracts {figures['contracts']}, activated {figures['activated']}"]
        for state, bucket in figures["buckets"].items():
            lines.append(
                f"    {state:<13}{bucket['hours']:>12,.2f} h {show(bucket['amount'], currency):>22}"
                f"   {bucket['count']:>6} pieces"
            )
        lines.append(
            f"    payments {show(figures['payments'], currency)},"
            f" open receivables {show(figures['receivable'], currency)}"
        )
    lines += ["", "Arrows"]
    for arrow in result.arrows:
        mark = "=" if arrow.agrees else "≠"
        where = f"{arrow.legal_entity} {arrow.currency}".strip()
        lines.append(
            f"  {where:<16}{arrow.left_name:<32}{arrow.left:>16,.2f} {mark} {arrow.right:<16,.2f} {arrow.right_name}"
        )
    lines += ["", "Open cases"]
    lines += [
        f"  {row['legal_entity'] or '-':<6}{row['code']:<24}{row['count']:>4}   {_money(row['money'])}"
        for row in result.cases
    ]
    lines += ["", "Open holds"]
    lines += [
        f"  {row['legal_entity'] or '-':<6}{row['code']:<24}{row['count']:>4}   {_money(row['money'])}"
        for row in result.holds
    ]
    lines += ["", "Records in: " + ", ".join(f"{count} {status}" for status, count in intake_totals().items())]
    lines += ["", *([f"BROKEN: {one}" for one in wrong] or ["Every arrow agrees."])]
    return "\n".join(lines)


def missing_troubles(played: Iterable[Trouble]) -> list[str]:
    """Deliberate troubles of the story that did not end as the case or hold they must end as."""
    cases = set(Case.objects.values_list("code", flat=True))
    holds = set(Hold.objects.values_list("code", flat=True))
    warned = {code for codes in Candidate.objects.values_list("warnings", flat=True) for code in codes}
    known = {"case": cases, "hold": holds, "warning": cases | warned}
    return [
        f"Trouble {trouble.number} ({trouble.title}) left no {trouble.outcome} {trouble.code}"
        for trouble in played
        if trouble.outcome in known and trouble.code not in known[trouble.outcome]
    ]


def as_json(result: Statement, wrong: list[str]) -> str:
    """The report for programs."""
    return json.dumps(
        {
            "agrees": not wrong,
            "broken": wrong,
            "arrows": [
                {
                    "name": arrow.name,
                    "legal_entity": arrow.legal_entity,
                    "currency": arrow.currency,
                    "left": f"{arrow.left:f}",
                    "right": f"{arrow.right:f}",
                    "agrees": arrow.agrees,
                }
                for arrow in result.arrows
            ],
            "figures": result.figures,
            "cases": result.cases,
            "holds": result.holds,
            "records": intake_totals(),
        },
        default=str,
        indent=2,
    )


def compute(ledger: Mapping[str, Any], erp: Connection) -> Statement:
    """The statement against the ERP's own ledger."""
    return statement(ledger_totals(ledger, erp))


def _money(sums: Mapping[str, Decimal]) -> str:
    return ", ".join(show(amount, currency) for currency, amount in sums.items() if currency)
