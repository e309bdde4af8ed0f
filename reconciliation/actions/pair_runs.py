"""Reconcile a pair: asked for by a person or the machine, worked by a lane, kept so that it can be performed again."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from integration_hub.intake.models import Feed
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Problem
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.rules import queries as tables
from integration_hub.trail import record
from integration_hub.trail.record import Actor, actor_name
from integration_hub.work.actions import items
from integration_hub.work.models import Item
from integration_hub.work.registry import Job, Wait
from reconciliation import policies
from reconciliation.actions import pair_breaks, suggestions
from reconciliation.feeds import refusals as feed_refusals
from reconciliation.matching import evidence, exchange, outcome, passes, staging
from reconciliation.matching.pairs import PAIRS, Pair, Unread, ordered
from reconciliation.matching.rules import kind_name, rule_of
from reconciliation.models import PAIR_RUN_MOVES, PairRun

KIND = "reconciliation.pair"
BY = "system:reconciliation"
EVERY = timedelta(hours=24)
MEMORY = 64
"""Megabytes that a sort or hash may use before it goes to disk."""
PATIENCE, LOOK_AGAIN = timedelta(minutes=10), timedelta(seconds=2)
"""How long a run waits for what it is to see, and how often it looks."""
NAMED = 20
"""Refusals of one kind that are named."""
State = PairRun.State


@transaction.atomic
def request(
    *, pair: str, by: Actor, legal_entity: str = "", period_from: date | None = None, period_to: date | None = None,
    after: Collection[str] = (),
) -> PairRun:  # fmt: skip
    """Have a pair reconciled, of one legal entity or all, of the days from `period_from` to before `period_to` or all.

    It begins when what stands in the lanes `after` has been worked, or after some minutes. Raises Denied, LookupError,
    BadInput, or NotReady while the pair is being reconciled.
    """
    policies.can_reconcile(by, legal_entity).or_raise()
    PAIRS.get(pair)
    if (period_from is None) != (period_to is None) or (period_from and period_to and period_to <= period_from):
        raise BadInput("Reconciliation", [Problem("period_to", "is not after the beginning.", "Give both days.")])
    try:
        with transaction.atomic():
            run = PairRun.objects.create(
                pair=pair, legal_entity=legal_entity, period_from=period_from, period_to=period_to,
                started_by=actor_name(by),
            )  # fmt: skip
    except IntegrityError as error:
        raise NotReady("This pair is being reconciled already. See its run.") from error
    payload: dict[str, Any] = {"run": run.pk}
    if after:
        ahead = Item.objects.filter(lane__key__in=after, state=Item.State.READY).order_by("pk")
        payload |= {"after": list(ahead.values_list("pk", flat=True)), "until": (now() + PATIENCE).isoformat()}
    items.enqueue(KIND, lane=f"reconciliation:{pair}", stage="bulk", payload=payload, dedupe=f"run:{run.pk}")
    _told("requested", run, by)
    return run


def daily() -> int:
    """The tick: reconcile the pairs whose last run is a day old; how many were asked for."""
    recent = set(PairRun.objects.filter(started_at__gt=now() - EVERY).values_list("pair", flat=True))
    under_way = set(PairRun.objects.filter(state__in=PairRun.UNDER_WAY).values_list("pair", flat=True))
    due = [pair.name for pair in ordered() if pair.name not in recent | under_way]
    for pair in due:
        request(pair=pair, by=BY)
    return len(due)


def work(job: Job) -> None:
    """The handler: compare both sides. What cannot be read fails the run, with the reason."""
    run = PairRun.objects.get(pk=job.payload["run"])
    if run.state not in PairRun.UNDER_WAY:
        return
    if _comes_first(job.payload):
        raise Wait("What it is to see is still being worked.", LOOK_AGAIN)
    perform(run)


def _comes_first(payload: dict[str, Any]) -> bool:
    """Whether something is still worked that the run is to see the outcome of, and the patience has not run out."""
    if "after" not in payload or now() >= datetime.fromisoformat(payload["until"]):
        return False
    return Item.objects.filter(pk__in=payload["after"], state=Item.State.READY).exists()


def parked(job: Job, failure: Failed) -> None:
    """No try is left: the run has failed, and another can be asked for."""
    run = PairRun.objects.select_for_update(no_key=True).get(pk=job.payload["run"])
    if run.state in PairRun.UNDER_WAY:
        _fail(run, str(failure))


def perform(run: PairRun) -> PairRun:
    """Read both sides, compare them, and store what was found. Raises Failed where a side cannot be read."""
    pair = PAIRS.get(run.pair)
    _phase(run, "reading")
    started = now()
    with transaction.atomic():
        staging.memory(MEMORY)
        with staging.staged():
            try:
                unread = _read(pair, run)
            except (LookupError, ValueError) as error:
                raise Failed(FailureClass.DATA, f"{pair.title} cannot be read: {error}") from error
            feeds = [*pair.left.feeds(run.legal_entity), *pair.right.feeds(run.legal_entity)]
            asked, rules = _asked(pair, run, started)
            inputs = evidence.keep()
            counts = passes.compare(asked)
            return _store(run, pair, asked, rules, inputs, counts, _refusals(pair, run, feeds, unread, started))


def again(run: PairRun) -> str:
    """The digest of the outcome when a run is performed again from its manifest. Raises Forged, LookupError."""
    if run.manifest.get("code") != evidence.code_version():
        raise LookupError("The code that compared it is another one now: perform it with that release.")
    with transaction.atomic(), staging.staged():
        staging.memory(MEMORY)
        evidence.restore(run)
        return outcome.digest(passes.compare(evidence.recalled(run.manifest)).agreed)


@transaction.atomic
def verify(*, run: PairRun, by: Actor) -> bool:
    """Perform a run again and say whether it gives the same outcome. Raises Denied, NotReady."""
    policies.can_see(by, run.legal_entity).or_raise()
    if run.state != State.DONE:
        raise NotReady("Only a run that is done can be performed again.")
    try:
        same = again(run) == run.result_digest
    except (staging.Forged, LookupError) as error:
        raise NotReady(str(error)) from error
    _told("verified", run, by, same=same)
    return same


def _read(pair: Pair, run: PairRun) -> dict[str, list[Unread]]:
    unread = {}
    for name, side in (("a", pair.left), ("b", pair.right)):
        reading = side.read(run.legal_entity)
        staging.load(name, reading)
        unread[side.name] = reading.unread
    return unread


def _asked(pair: Pair, run: PairRun, started: datetime) -> tuple[passes.Asked, dict[str, Any]]:
    """Everything beside the staged rows that the outcome follows from, and the rules by legal entity."""
    needed = passes.needed(passes.staged_currencies())
    in_force = tables.in_force(kind_name(pair.name), {entity for _, entity, _ in needed})
    rules = [rule_of(in_force[entity], way, entity, currency) for way, entity, currency in needed]
    decided = suggestions.decided(pair.name)
    asked = passes.Asked(
        rules=rules,
        cut_a=_cut(pair.left.feeds(run.legal_entity), started),
        cut_b=_cut(pair.right.feeds(run.legal_entity), started),
        grace=pair.grace,
        low=run.period_from,
        high=run.period_to,
        accepted=decided.accepted,
        rejected=decided.rejected,
        confirms=suggestions.confirming(pair.name, rules),
        rates=exchange.known() if any(rule.fx_percent is not None for rule in rules) else (),
    )
    return asked, {entity: table.facts for entity, table in in_force.items()}


def _cut(feeds: Sequence[Feed], started: datetime) -> datetime:
    """Up to when a side is known to be whole: the oldest of its feeds' last readings."""
    return min([started, *(feed.last_ok_at or feed.installed_at for feed in feeds)])


def _refusals(
    pair: Pair, run: PairRun, feeds: Sequence[Feed], unread: dict[str, list[Unread]], moment: datetime
) -> list[str]:
    """Why the outcome proves nothing: a feed that is late or not whole, a record that was not understood."""
    found = [told for feed in feeds for told in feed_refusals(feed, moment)]
    for side in (pair.left, pair.right):
        if side.brought is not None and not pair.optional and not side.feeds(run.legal_entity):
            found.append(f"{side.name}: no feed brings them here.")
        if rows := unread[side.name]:
            shown = "; ".join(f"{row.key}: {row.why}" for row in rows[:NAMED])
            found.append(f"{side.name}: {len(rows):,} records could not be understood. {shown}"[:2000])
    return found


def _store(
    run: PairRun, pair: Pair, asked: passes.Asked, rules: dict[str, Any], inputs: dict[str, Any], counts: passes.Counts,
    refusals: list[str],
) -> PairRun:  # fmt: skip
    """Write the outcome: of two workers that compared the same run, the second changes nothing."""
    held = PairRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if not _stands(held):
        return held
    suggestions.bring_up_to_date(held, asked.rules)
    pair_breaks.bring_up_to_date(held, pair)
    standing = pair_breaks.standing(held)
    PAIR_RUN_MOVES.check(held.state, State.DONE)
    held.state, held.phase, held.finished_at = State.DONE, "", now()
    held.refusals = refusals
    held.verdict = (
        PairRun.Verdict.UNCERTIFIED if refusals else PairRun.Verdict.BREAKS if standing else PairRun.Verdict.AGREES
    )
    held.counts = {
        "agreed": counts.agreed,
        "breaks": dict(counts.breaks),
        "standing": standing,
        "confirmed": counts.confirmed,
        "suggested": counts.suggested,
        "rows": {side: sum(rows for _, _, rows in inputs[side]) for side in staging.TABLES},
    }
    feeds = [
        {"feed": str(feed), "last_ok_at": feed.last_ok_at.isoformat() if feed.last_ok_at else None}
        for side in (pair.left, pair.right) for feed in side.feeds(run.legal_entity)
    ]  # fmt: skip
    held.manifest = evidence.manifest(pair.name, asked, rules, inputs, feeds)
    held.result_digest = outcome.digest(counts.agreed)
    held.save()
    _told("done", held, BY, verdict=held.verdict, breaks=standing, digest=held.result_digest,
          manifest=evidence.digest_of(held.manifest))  # fmt: skip
    return held


def _stands(run: PairRun) -> bool:
    """Whether its outcome is not stored yet."""
    return run.state == State.RUNNING


@transaction.atomic
def _phase(run: PairRun, phase: str) -> None:
    held = PairRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if held.state == State.WAITING:
        PAIR_RUN_MOVES.check(held.state, State.RUNNING)
        held.state, held.started_at = State.RUNNING, now()
    held.phase = phase
    held.save()
    run.refresh_from_db()


def _fail(run: PairRun, why: str) -> None:
    PAIR_RUN_MOVES.check(run.state, State.FAILED)
    run.state, run.error, run.finished_at, run.phase = State.FAILED, why, now(), ""
    run.save()
    _told("failed", run, BY, error=why)


def _told(verb: str, run: PairRun, by: Actor, **data: Any) -> None:
    record.event(
        f"reconciliation.pair_run.{verb}",
        by=by,
        object_type="reconciliation.pairrun",
        object_id=run.pk,
        label=PAIRS.get(run.pair).title,
        legal_entity=run.legal_entity,
        pair=run.pair,
        **data,
    )
