"""What there is to decide of delivered work, as the engine takes it, with what stands of it; a statement or two.

That is what is not wholly locked, posted work that moved since or that went, and all posted work of contracts whose
prices moved.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum

from billing import billed
from billing.engine.corrections import filed_as_billed
from billing.engine.values import BilledPart, Disposal, Work
from billing.models import Piece
from contracts.queries import LATEST_RATE
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import ZERO, Quote

Key = tuple[int, str]
"""(contract, work key)."""

# Locked counts by work key: over all versions of a work, credits negative. An amount that a cap cut keeps an over-cap
# piece beside the locked ones, and so does one of which another payer has a share; without any, all of it is locked.
_WORK = """
WITH taken AS (
    SELECT piece.contract_id, version.work_key, coalesce(sum(piece.minutes), 0) AS minutes,
           coalesce(sum(piece.amount), 0) AS amount, count(*) - 2 * count(piece.corrects_id) AS pieces
      FROM billing_piece AS piece JOIN billing_billableevent AS version ON version.id = piece.event_id
     WHERE piece.contract_id = ANY(%(contracts)s) AND piece.is_current AND piece.state = ANY(%(locked)s)
     GROUP BY piece.contract_id, version.work_key
), aside AS (
    SELECT act.contract_id, part.work_key,
           jsonb_agg(jsonb_build_array(
               part.id, act.kind, part.minutes::text, part.rate::text, part.amount::text)
               ORDER BY act.kind = 'postponement', part.id) AS parts
      FROM billing_writedown AS act JOIN billing_writedownpart AS part ON part.write_down_id = act.id
     WHERE act.contract_id = ANY(%(contracts)s) AND act.status IN ('in_force', 'reversing')
       AND (act.until IS NULL OR act.until > %(today)s)
     GROUP BY act.contract_id, part.work_key
)
SELECT asked.contract_id, decided.content_hash,
       (SELECT max(number) FROM billing_piece AS own
         WHERE own.event_id = event.id AND own.is_current AND own.state = ANY(%(locked)s)),
       event.id, event.work_key, event.kind, event.service_date, event.project_id,
       coalesce(event.line_id, task.line_id), event.milestone_id, coalesce(resource.code, ''), event.role,
       coalesce(resource.role, ''), event.task_code, event.category, event.minutes, event.quantity, event.amount,
       event.includes_tax, event.currency,
       event.approval, event.chargeable, event.has_evidence, taken.minutes, taken.amount, fx.rate, fx.day, fx.divides,
       event.recorded_at, waiver.id IS NOT NULL, aside.parts
  FROM ({asked}) AS asked
  JOIN billing_billableevent AS event ON event.id = asked.event_id
  LEFT JOIN taken ON taken.contract_id = asked.contract_id AND taken.work_key = event.work_key
  LEFT JOIN contracts_resource AS resource ON resource.id = event.resource_id
  LEFT JOIN contracts_task AS task
         ON task.project_id = event.project_id AND task.code = event.task_code AND event.task_code <> ''
  LEFT JOIN billing_decision AS decided ON decided.event_id = event.id AND decided.is_current
  LEFT JOIN billing_waiver AS waiver ON waiver.contract_id = asked.contract_id AND waiver.work_key = event.work_key
  LEFT JOIN contracts_contract AS contract ON contract.id = asked.contract_id
  LEFT JOIN aside ON aside.contract_id = asked.contract_id AND aside.work_key = event.work_key
  LEFT JOIN LATERAL ({rate}) AS fx ON true
 WHERE {which}
 ORDER BY event.service_date, event.id
"""
_RATE = LATEST_RATE.format(
    base="event.currency",
    quote="contract.currency",
    on="event.service_date",
    when="event.amount IS NOT NULL AND event.currency <> contract.currency",
)
_CURRENT = "SELECT contract_id, id AS event_id FROM billing_billableevent WHERE is_current AND NOT is_deleted AND "
_OF_CONTRACTS = _WORK.format(
    rate=_RATE,
    asked=_CURRENT + "contract_id = ANY(%(contracts)s)",
    which="""
       taken.work_key IS NULL
    OR CASE WHEN event.minutes IS NOT NULL THEN taken.minutes < event.minutes OR event.id IN (
                SELECT event_id FROM billing_piece WHERE contract_id = ANY(%(contracts)s) AND is_current
                   AND (state = 'over_cap' OR bill_to_id IS NOT NULL AND state = ANY(%(open)s)))
            ELSE taken.pieces <= 0
              OR EXISTS (SELECT 1 FROM billing_piece AS cut
                          WHERE cut.event_id = event.id AND cut.is_current AND cut.state = ANY(%(open)s)) END
    OR (asked.contract_id, event.work_key) IN (SELECT * FROM unnest(%(holders)s::bigint[], %(keys)s::text[]))""",
)
_OF_PROJECTS = _WORK.format(
    rate=_RATE, asked=_CURRENT + "contract_id IS NULL AND project_id = ANY(%(projects)s)", which="true"
)
_WITHDRAWN = _WORK.format(
    rate=_RATE,
    asked="SELECT * FROM unnest(%(holders)s::bigint[], %(events)s::bigint[]) AS given (contract_id, event_id)",
    which="true",
)


_OPEN = ["over_cap", "billable", "held", "blocked", "postponed", "written_off"]


@dataclass(frozen=True, slots=True)
class Open:
    """An event to decide; the hash of its current decision, '' without one; the highest number of its locked pieces."""

    contract_id: int | None
    decided: str
    last: int
    work: Work


def of_contracts(ids: Collection[int], *, compare: Collection[int], shared: Collection[int] = ()) -> list[Open]:
    """What there is to decide of contracts; `compare` are those of which all posted work is looked at, `shared` those
    whose work several pay for.

    Work that is posted and not part of its contract any more comes as withdrawn, by the version it was billed from.
    """
    parts = billed.parts(ids, everything=compare)
    asked = {"holders": [contract for contract, _ in parts], "keys": [key for _, key in parts]}
    found = _read(_OF_CONTRACTS, ids, asked, parts)
    for row in found:
        parts.pop((row.contract_id or 0, row.work.work_key), None)
    if parts:
        gone = {"holders": [contract for contract, _ in parts], "events": [some[0].event_id for some in parts.values()]}
        found += _read(_WITHDRAWN, ids, gone, parts, withdrawn=True)
    return _with_payers(found, shared) if shared else found


def _with_payers(found: Iterable[Open], shared: Collection[int]) -> list[Open]:
    """The same, with what each payer has of a work already."""
    rows = Piece.objects.filter(
        contract__in=shared, is_current=True, state__in=Piece.LOCKED, bill_to__isnull=False
    ).order_by("contract", "event__work_key", "bill_to")
    sums = rows.values_list("contract", "event__work_key", "bill_to").annotate(Sum("minutes"), Sum("amount"))
    taken: dict[Key, list[tuple[int, Decimal, Decimal]]] = {}
    for contract, key, payer, minutes, amount in sums:
        taken.setdefault((contract, key), []).append((payer, minutes or ZERO, amount or ZERO))
    return [
        replace(row, work=replace(row.work, locked_by=tuple(taken[row.contract_id or 0, row.work.work_key])))
        if (row.contract_id or 0, row.work.work_key) in taken
        else row
        for row in found
    ]


def of_projects(ids: Collection[int]) -> list[Open]:
    """The work of projects that has no contract."""
    return _read(_OF_PROJECTS, (), {"projects": list(ids)}, {})


def _read(
    statement: str,
    contracts: Iterable[int],
    asked: Mapping[str, Any],
    parts: Mapping[Key, tuple[BilledPart, ...]],
    *,
    withdrawn: bool = False,
) -> list[Open]:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {"contracts": list(contracts), "locked": list(Piece.LOCKED), "open": _OPEN, "today": today(), **asked},
        )
        rows = cursor.fetchall()
    return [_open(row, parts.get((row[0], row[4]), ()), withdrawn=withdrawn) for row in rows]


def _open(row: Sequence[Any], parts: tuple[BilledPart, ...], *, withdrawn: bool) -> Open:
    (
        contract_id, decided, last, event_id, work_key, kind, service_date, project_id, line_id, milestone_id, resource,
        role, default_role, task_code, category, minutes, quantity, amount, taxed, currency, approval, chargeable,
        evidence, locked_minutes, locked_amount, fx_rate, fx_day, fx_divides, recorded_at, waived,
        aside,
    ) = row  # fmt: skip
    if parts:
        line_id, role = filed_as_billed(event_id, parts, line_id=line_id, role=role)
    work = Work(
        event_id=event_id,
        work_key=work_key,
        kind=kind,
        service_date=service_date,
        start_order=event_id,
        project_id=project_id,
        line_id=line_id,
        milestone_id=milestone_id,
        resource=resource,
        role=role,
        resource_default_role=default_role,
        task_code=task_code,
        category=category,
        minutes=minutes,
        quantity=quantity,
        amount=amount,
        taxed=taxed,
        currency=currency,
        approval=approval,
        chargeable=chargeable,
        fx=Quote(fx_rate, fx_day, fx_divides) if fx_rate is not None else None,
        evidence=evidence,
        locked_minutes=locked_minutes or ZERO,
        locked_amount=locked_amount or ZERO,
        billed=parts,
        withdrawn=withdrawn,
        recorded_on=recorded_at.date(),
        waived=waived,
        disposals=tuple(_disposal(*one) for one in json.loads(aside)) if aside else (),
    )
    return Open(contract_id, decided or "", last or 0, work)


def _disposal(pk: int, kind: str, minutes: str | None, rate: str | None, amount: str) -> Disposal:
    """A part that is set aside, as the engine takes it; a postponement of time follows its price."""
    off = kind != "postponement"
    return Disposal(
        id=pk,
        state="written_off" if off else "postponed",
        minutes=None if minutes is None else Decimal(minutes),
        rate=Decimal(rate) if off and rate is not None else None,
        amount=Decimal(amount) if off or minutes is None else None,
    )
