"""Breaks of pairs: kept up to date by runs, with their cases; explained by people, with a second one for much money."""

# ruff: noqa: S608 -- names of our own temporary tables and columns; values are always parameters

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import CaseIn, MemberIn
from integration_hub.cases.queries import Key
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import NotReady, Stale
from integration_hub.people.models import User
from integration_hub.rules import queries as tables
from integration_hub.trail import record
from reconciliation import policies
from reconciliation.matching import outcome
from reconciliation.matching.pairs import PAIRS, Pair
from reconciliation.matching.rules import kind_name, rule_of
from reconciliation.models import BREAK_MOVES, PairBreak, PairRun

BY = "system:reconciliation"
CODE = "RECONCILIATION_BREAK"
MEMBERS = 500
"""Breaks that a case names; the list of breaks has all of them."""
State, Kind = PairBreak.State, PairBreak.Kind
REMEDY = (
    "Open the break to see both sides. Take the record again, post or credit what is missing, or explain it. "
    "The exception closes when a reconciliation finds that both sides agree, or when every break of it is explained."
)

# An explanation holds for exactly what it was given for; a proposal of one too.
_SAME = "kept.state <> 'closed' AND kept.content = excluded.content"
_STORE = f"""
INSERT INTO reconciliation_pairbreak AS kept
  (created_at, updated_at, version, pair, identity, legal_entity, kind, state, on_date, "left", "right", gap, currency,
   content, first_run_id, last_run_id, found_at, closed_at, explanation, explained_by, confirmed_by)
SELECT %(now)s, %(now)s, 1, %(pair)s, fresh.identity, fresh.legal_entity, fresh.kind, 'open', fresh.on_date,
       fresh."left", fresh."right", fresh.gap, fresh.currency, fresh.content, %(run)s, %(run)s, %(now)s, NULL,
       '', '', ''
  FROM ({outcome.BREAKS}) AS fresh ORDER BY fresh.identity
ON CONFLICT (pair, identity) DO UPDATE SET
  last_run_id = excluded.last_run_id,
  "left" = excluded."left", "right" = excluded."right", gap = excluded.gap, currency = excluded.currency,
  kind = excluded.kind, on_date = excluded.on_date, legal_entity = excluded.legal_entity, content = excluded.content,
  state = CASE WHEN {_SAME} THEN kept.state ELSE 'open' END,
  explanation = CASE WHEN {_SAME} THEN kept.explanation ELSE '' END,
  explained_by = CASE WHEN {_SAME} THEN kept.explained_by ELSE '' END,
  confirmed_by = CASE WHEN {_SAME} THEN kept.confirmed_by ELSE '' END,
  found_at = CASE WHEN kept.state = 'closed' THEN excluded.found_at ELSE kept.found_at END,
  first_run_id = CASE WHEN kept.state = 'closed' THEN excluded.first_run_id ELSE kept.first_run_id END,
  closed_at = NULL,
  version = CASE WHEN {_SAME} THEN kept.version ELSE kept.version + 1 END,
  updated_at = excluded.updated_at
"""


def bring_up_to_date(run: PairRun, pair: Pair) -> None:
    """Store what the run that is staged found, close what agrees again, and keep the cases."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, {"now": now(), "pair": run.pair, "run": run.pk})
    moment = now()
    gone = of_run(run).exclude(last_run=run).exclude(state=State.CLOSED)
    gone.update(state=State.CLOSED, closed_at=moment, updated_at=moment, last_run=run)
    _keep_cases(run, pair)


def of_run(run: PairRun) -> "QuerySet[PairBreak]":
    """The breaks that a run speaks of: those of its pair, legal entity and period."""
    rows = PairBreak.objects.filter(pair=run.pair)
    if run.legal_entity:
        rows = rows.filter(legal_entity=run.legal_entity)
    if run.period_from is not None:
        rows = rows.filter(Q(on_date__gte=run.period_from, on_date__lt=run.period_to) | Q(on_date=None))
    return rows


def standing(run: PairRun) -> int:
    """Breaks of a run that are not explained and not on their way."""
    return of_run(run).filter(state__in=PairBreak.STANDING).exclude(kind=Kind.TIMING).count()


@transaction.atomic
def explain(*, break_id: int, by: User, seen_version: int, reason: str) -> PairBreak:
    """Say why a break is right as it is; with much money a second person has to confirm.

    Raises Denied, Stale, or NotReady without a reason.
    """
    row = _locked(break_id, seen_version)
    policies.can_explain(row, by).or_raise()
    if not reason.strip():
        raise NotReady("Say why: whoever audits it reads the reason.")
    row.explanation, row.explained_by = reason.strip(), by.username
    second = policies.needs_second(_money(row), _threshold(row))
    return _move(row, State.PROPOSED if second else State.EXPLAINED, "proposed" if second else "explained", by, reason)


@transaction.atomic
def confirm(*, break_id: int, by: User, seen_version: int) -> PairBreak:
    """Confirm as the second person what the first explained. Raises Denied, Stale."""
    row = _locked(break_id, seen_version)
    policies.can_confirm(row, by).or_raise()
    row.confirmed_by = by.username
    return _move(row, State.EXPLAINED, "confirmed", by, row.explanation)


@transaction.atomic
def reopen(*, break_id: int, by: User, seen_version: int, reason: str) -> PairBreak:
    """Decline an explanation or take it back. Raises Denied, Stale."""
    row = _locked(break_id, seen_version)
    policies.can_reopen(row, by).or_raise()
    row.explanation = row.explained_by = row.confirmed_by = ""
    return _move(row, State.OPEN, "reopened", by, reason)


def still_breaks(root_cause: str) -> bool:
    """Whether a break of this cause stands."""
    _, pair, entity, kind = root_cause.split(":", 3)
    rows = PairBreak.objects.filter(pair=pair, legal_entity=entity, kind=kind, state__in=PairBreak.STANDING)
    return rows.exists()


def _money(row: PairBreak) -> Decimal:
    """What a decision is over: the gap, and where nothing differs in sum all that is on either side."""
    sides = [
        sum((abs(Decimal(item["amount"])) for item in side["items"]), Decimal(0)) for side in (row.left, row.right)
    ]
    return abs(row.gap) or max(sides)


def _threshold(row: PairBreak) -> Decimal | None:
    table = tables.table_for(kind_name(row.pair), row.legal_entity)
    return rule_of(table, "key", row.legal_entity, row.currency).second_person_from


def _locked(break_id: int, seen_version: int) -> PairBreak:
    row = PairBreak.objects.select_for_update(no_key=True).get(pk=break_id)
    if row.version != seen_version:
        raise Stale
    return row


def _move(row: PairBreak, state: PairBreak.State, verb: str, by: User, reason: str) -> PairBreak:
    BREAK_MOVES.check(row.state, state)
    row.state = state
    row.version += 1
    row.save()
    record.event(
        f"reconciliation.break.{verb}",
        by=by,
        object_type="reconciliation.pairbreak",
        object_id=row.pk,
        label=f"{PAIRS.get(row.pair).title} {row.identity}",
        legal_entity=row.legal_entity,
        reason=reason,
        kind=row.kind,
        gap=row.gap,
        currency=row.currency,
        content=row.content,
    )
    if state != State.PROPOSED:
        _keep_case(row)
    return row


# -- cases -------------------------------------------------------------------------------------------------------------


def _keep_case(row: PairBreak) -> None:
    """The case of one break's cause, after a decision on it."""
    alike = PairBreak.objects.filter(pair=row.pair, legal_entity=row.legal_entity, kind=row.kind)
    found = list(alike.filter(state__in=PairBreak.STANDING).order_by("pk"))
    wanted = _case(PAIRS.get(row.pair), row.legal_entity, row.kind, found)
    cases.set_members(
        code=CODE, root_cause=_cause(row.pair, row.legal_entity, row.kind), title=wanted.title, detail=wanted.detail,
        remedy=wanted.remedy, legal_entity=wanted.legal_entity, members=wanted.members, by=BY,
        because="Every break of it is explained.",
    )  # fmt: skip


def _keep_cases(run: PairRun, pair: Pair) -> None:
    """One case for each legal entity and kind of break, its members the breaks with their money."""
    entities = {run.legal_entity} if run.legal_entity else None
    rows = PairBreak.objects.filter(pair=run.pair, state__in=PairBreak.STANDING).exclude(kind=Kind.TIMING)
    if entities is not None:
        rows = rows.filter(legal_entity__in=entities)
    groups: dict[tuple[str, str], list[PairBreak]] = defaultdict(list)
    for row in rows.order_by("pk").iterator(1000):
        groups[row.legal_entity, row.kind].append(row)
    known = set(PairBreak.objects.filter(pair=run.pair).values_list("legal_entity", flat=True).distinct())
    wanted: dict[str, dict[Key, CaseIn]] = {_scope(run.pair, entity): {} for entity in entities or known}
    for (entity, kind), found in groups.items():
        wanted[_scope(run.pair, entity)][CODE, _cause(run.pair, entity, kind)] = _case(pair, entity, kind, found)
    for scope, some in sorted(wanted.items()):
        cases.reconcile(codes=[CODE], wanted=some, scope=scope, by=BY, because="A reconciliation finds that it agrees.")


def _scope(pair: str, entity: str) -> str:
    return f"pair:{pair}:{entity}"


def _cause(pair: str, entity: str, kind: str) -> str:
    return f"pair:{pair}:{entity}:{kind}"


def _case(pair: Pair, entity: str, kind: str, found: list[PairBreak]) -> CaseIn:
    label = Kind(kind).label.lower()
    where = f"{entity}: " if entity else ""
    return CaseIn(
        title=f"{where}{pair.title} do not agree ({label}, {len(found):,})",
        detail=f"{pair.left.name} against {pair.right.name}. {label.capitalize()}: {len(found):,} breaks.",
        remedy=REMEDY,
        legal_entity=entity,
        subject=("reconciliation.pairbreak", found[0].pk, found[0].identity) if found else None,
        members=tuple(_member(row) for row in sorted(found, key=lambda row: (-abs(row.gap), row.pk))[:MEMBERS]),
    )


def _member(row: PairBreak) -> MemberIn:
    money: dict[str, Any] = {"amount": _money(row), "currency": row.currency} if row.currency else {}
    return MemberIn("reconciliation.pairbreak", str(row.pk), row.identity, **money)
