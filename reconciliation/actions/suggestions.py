"""Suggested matches: found by runs, decided by people; how right a way was says whether it may confirm by itself."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import NotReady, Stale
from integration_hub.people.models import User
from integration_hub.rules import queries as tables
from integration_hub.trail import record
from reconciliation import policies
from reconciliation.matching import outcome
from reconciliation.matching.calibration import lower_bound
from reconciliation.matching.pairs import PAIRS
from reconciliation.matching.passes import Keys
from reconciliation.matching.rules import SEARCHED, Rule, kind_name, rule_of
from reconciliation.matching.search import CERTAIN
from reconciliation.matching.staging import found
from reconciliation.models import SUGGESTION_MOVES, PairRun, Suggestion

State = Suggestion.State
LOCK = "reconciliation.match"
DECIDED = "decided:"
"""Before the reference that accepted items share."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What people said of items of a pair."""

    accepted: Sequence[tuple[str, Keys]]
    rejected: Sequence[Keys]


def decided(pair: str) -> Decided:
    """Every decision on a pair, oldest first."""
    rows = Suggestion.objects.filter(pair=pair, state__in=[State.ACCEPTED, State.REJECTED]).order_by("pk")
    accepted, rejected = [], []
    for pk, state, left, right in rows.values_list("pk", "state", "left_keys", "right_keys"):
        keys = (tuple(left), tuple(right))
        if state == State.ACCEPTED:
            accepted.append((f"{DECIDED}{pk}", keys))
        else:
            rejected.append(keys)
    return Decided(accepted, rejected)


def precision(pair: str) -> dict[str, Decimal]:
    """The lower bound of each searched way's precision, from what people decided on its matches."""
    sums = Suggestion.objects.filter(pair=pair).order_by().values("way").annotate(
        right=Count("pk", filter=Q(state=State.ACCEPTED)), wrong=Count("pk", filter=Q(state=State.REJECTED))
    )  # fmt: skip
    measured = {row["way"]: lower_bound(row["right"], row["wrong"]) for row in sums}
    return {way: measured.get(way, Decimal(0)) for way in SEARCHED}


def confirming(pair: str, rules: Collection[Rule]) -> list[str]:
    """The ways that may confirm by themselves: every rule of theirs allows it at the precision that was measured."""
    measured = precision(pair)
    asked: dict[str, list[Decimal | None]] = {}
    for rule in rules:
        if rule.way in CERTAIN and rule.used:
            asked.setdefault(rule.way, []).append(rule.confirms_from)
    return sorted(
        way for way, bounds in asked.items() if all(bound is not None and measured[way] >= bound for bound in bounds)
    )


def bring_up_to_date(run: PairRun, rules: Collection[Rule]) -> None:
    """Store the matches that the staged run found without a shared reference; those it did not find are withdrawn."""
    measured = precision(run.pair)
    known = {row.identity: row for row in Suggestion.objects.filter(pair=run.pair)}
    seen = set()
    for match in found(outcome.MATCHES):
        seen.add(match["identity"])
        row = known.get(match["identity"])
        state = State.CONFIRMED if match["confirmed"] else State.OPEN
        if row is None:
            row = Suggestion(pair=run.pair, identity=match["identity"], state=state)
        elif row.state in (State.OPEN, State.CONFIRMED, State.WITHDRAWN) and row.state != state:
            SUGGESTION_MOVES.check(row.state, state)
            row.state = state
            row.version += 1
        row.legal_entity, row.way, row.currency = match["legal_entity"], match["way"], match["currency"]
        row.left_keys, row.right_keys = match["left_keys"], match["right_keys"]
        row.amount, row.gap, row.rivals = match["amount"], match["gap"], match["rivals"]
        row.left = outcome.items_of("a", match["left_keys"])
        row.right = outcome.items_of("b", match["right_keys"])
        row.confidence, row.run = measured[match["way"]], run
        row.save()
    _withdraw(run, seen)


def _withdraw(run: PairRun, seen: Collection[str]) -> None:
    gone = Suggestion.objects.filter(pair=run.pair, state__in=[State.OPEN, State.PROPOSED, State.CONFIRMED])
    if run.legal_entity:
        gone = gone.filter(legal_entity=run.legal_entity)
    if run.period_from is None:  # a run of one period does not see the others
        gone.exclude(identity__in=seen).update(state=State.WITHDRAWN, proposed_by="", updated_at=now())


@transaction.atomic
def accept(*, suggestion_id: int, by: User, seen_version: int, note: str = "") -> Suggestion:
    """Say that the items belong together: every later run takes them for one reference. With much money the first
    acceptance waits for a second person's. Raises Denied, Stale, NotReady.
    """
    row = _locked(suggestion_id, seen_version)
    policies.can_accept(row, by).or_raise()
    _alone(row.pair)
    _check_free(row)
    second = policies.needs_second(row.amount, _threshold(row))
    if second and row.state == State.OPEN:
        row.proposed_by = by.username
        return _move(row, State.PROPOSED, by, note)
    return _move(row, State.ACCEPTED, by, note)


@transaction.atomic
def reject(*, suggestion_id: int, by: User, seen_version: int, note: str = "") -> Suggestion:
    """Say that the items do not belong together: they are not proposed again. Raises Denied, Stale."""
    row = _locked(suggestion_id, seen_version)
    policies.can_reject(row, by).or_raise()
    return _move(row, State.REJECTED, by, note)


def _alone(pair: str) -> None:
    """Two who accept matches of the same item wait for one another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{LOCK}:{pair}"])


def _check_free(row: Suggestion) -> None:
    """An item belongs to one match only."""
    others = Suggestion.objects.filter(pair=row.pair, state=State.ACCEPTED).exclude(pk=row.pk)
    taken = others.filter(Q(left_keys__overlap=row.left_keys) | Q(right_keys__overlap=row.right_keys)).first()
    if taken is not None:
        raise NotReady(f"An item of it belongs to another match already: {taken}.")


def _threshold(row: Suggestion) -> Decimal | None:
    table = tables.table_for(kind_name(row.pair), row.legal_entity)
    return rule_of(table, row.way, row.legal_entity, row.currency).second_person_from


def _locked(suggestion_id: int, seen_version: int) -> Suggestion:
    row = Suggestion.objects.select_for_update(no_key=True).get(pk=suggestion_id)
    if row.version != seen_version:
        raise Stale
    return row


def _move(row: Suggestion, state: Suggestion.State, by: User, note: str) -> Suggestion:
    SUGGESTION_MOVES.check(row.state, state)
    row.state, row.note = state, note.strip() or row.note
    if state in (State.ACCEPTED, State.REJECTED):
        row.decided_by, row.decided_at = by.username, now()
    row.version += 1
    row.save()
    record.event(
        f"reconciliation.match.{state}",
        by=by,
        object_type="reconciliation.suggestion",
        object_id=row.pk,
        label=f"{PAIRS.get(row.pair).title}: {row}",
        legal_entity=row.legal_entity,
        reason=note,
        **_facts(row),
    )
    return row


def _facts(row: Suggestion) -> dict[str, Any]:
    return {
        "way": row.way, "left": row.left_keys, "right": row.right_keys, "amount": row.amount, "gap": row.gap,
        "currency": row.currency, "confidence": row.confidence,
    }  # fmt: skip
