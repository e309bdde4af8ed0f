"""Sending effects: plan → send → record, once, and provably (reliability §3.2).

Before anything leaves, `sending` and the attempt are committed under the lane's token. Whatever is not a clear answer
becomes `unknown`, and an unknown effect is asked about, never sent again blindly. HTTP success is not posting: only
the confirming read makes an effect `confirmed`.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import connection, transaction

from integration_hub.cases.actions import cases
from integration_hub.connectors import budget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.registry import CONNECTORS, Confirmed, Connector, Sent, Write
from integration_hub.effects import preflight, turns, windows
from integration_hub.effects.actions.effects import close_cases
from integration_hub.effects.ledger import ABSENT, FIRST, OVER, State, member, move, note, root_cause
from integration_hub.effects.models import Attempt, Effect
from integration_hub.effects.naming import label
from integration_hub.effects.registry import outcomes_for
from integration_hub.kernel import failpoints
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.kernel.ids import as_json, canonical_json, content_hash
from integration_hub.work import fencing
from integration_hub.work.registry import Job, Park, Wait

log = logging.getLogger(__name__)

BY = "system:effects"
PAUSE = timedelta(seconds=15)
NOTHING_WRITTEN = {FailureClass.TRANSIENT, FailureClass.RATE, FailureClass.AUTH}
REFUSED = {FailureClass.REJECTED, FailureClass.DATA, FailureClass.MAPPING}
FINISHED = {*OVER, State.CONFLICT, State.REJECTED, State.WAITING}
ABSENT_PROOFS = {Effect.Safety.PROBE: 2}
"""How often a probe must find nothing before a resend. The target itself removes a duplicate of class K and U; for P
a late commit would not be noticed, so one empty answer is not enough."""
_ATTEMPT = """
INSERT INTO hub_effects_attempt (effect_id, kind, token, started_at, number, outcome, response_hash, excerpt)
SELECT %(effect)s, %(kind)s, %(token)s, %(at)s, count(*) + 1, '', '', ''
  FROM hub_effects_attempt WHERE effect_id = %(effect)s
RETURNING id, number
"""
EXCERPT = 2000


def work(job: Job) -> None:
    """The handler of `effects.send`: take one effect as far as it will go. Runs outside any transaction."""
    effect = Effect.objects.select_related("connection").get(pk=job.payload["effect"])
    if effect.state in FINISHED:
        return
    _wait_while_paused(effect)
    priority = priority_of(effect)
    if waits := budget.look(effect.connection, priority):
        raise waits
    with budget.on_behalf(priority):
        _go_on(job, effect)


def priority_of(effect: Effect) -> Priority:
    """The lane of the account's budget an effect is sent in: documents with a posting date go first."""
    is_posting = effect.posting_date is not None and effect.revision == 1 and effect.reverses_id is None
    return Priority.POSTING if is_posting else Priority.CORRECTION


def _go_on(job: Job, effect: Effect) -> None:
    connector = CONNECTORS.get(effect.connection.vendor)
    if effect.state == State.SENDING:
        _lose(job, effect, "The worker that sent it died before it could note the answer.")
    if effect.state == State.UNKNOWN:
        _probe(job, effect, connector)
    if effect.state == State.PLANNED:
        _send(job, effect, connector)
    if effect.state == State.SENT:
        _confirm(job, effect, connector)


def _wait_while_paused(effect: Effect) -> None:
    """Do not even begin while the connection is paused or silent; whether one may try is asked at the call."""
    connection = effect.connection
    if connection.is_paused:
        raise Wait(f"{connection} is paused: {connection.paused_reason}", PAUSE)
    if connection.open_until is not None and connection.open_until > now():
        raise Wait(f"{connection} does not answer; calls go on after a pause.", connection.open_until - now())


# --- A: plan -----------------------------------------------------------------------------------------------------


def _begin(job: Job, effect: Effect) -> Attempt | None:
    """Commit that this worker, with this token, is about to send; None when it is not this effect's turn."""
    with transaction.atomic():
        fencing.hold(job)
        effect.refresh_from_db(fields=["state"])
        if effect.state != State.PLANNED:
            return None
        turn = turns.of(effect, job)
        if turn.closed is not None:
            windows.hold(effect, turn.closed)
            return None
        if turn.earlier:
            turns.go_behind(effect)
            return None
        move(effect, State.SENDING, failure="", failure_class="")
        attempt = _attempt(job, effect, Attempt.Kind.SEND)
    failpoints.hit("planned")
    return attempt


def _attempt(job: Job, effect: Effect, kind: str) -> Attempt:
    """The next attempt, numbered as it is stored: the lane is ours, so nobody else numbers at the same time."""
    made = Attempt(effect=effect, kind=kind, token=job.token)
    what: dict[str, Any] = {"effect": effect.pk, "kind": kind, "token": job.token, "at": made.started_at}
    with connection.cursor() as cursor:
        cursor.execute(_ATTEMPT, what)
        made.pk, made.number = cursor.fetchone()
    made._state.adding = False  # it is there: what ends it is an update
    return made


def _finish(attempt: Attempt, outcome: str, *, status: int | None = None, body: Any = None, excerpt: str = "") -> None:
    attempt.finished_at = now()
    attempt.outcome = outcome
    attempt.status = status
    if body is not None:
        attempt.response_hash = content_hash(body)
        excerpt = excerpt or canonical_json(body)
    attempt.excerpt = excerpt[:EXCERPT]
    attempt.save()


# --- B and C: send and record --------------------------------------------------------------------------------------


def _send(job: Job, effect: Effect, connector: Connector) -> None:
    preflight.ask(effect)
    attempt = _begin(job, effect)
    if attempt is None:
        return
    failpoints.hit("before_send")
    try:
        sent = connector.send(effect.connection, _write(effect))
    except Failed as failure:
        _record_failure(job, effect, attempt, failure)
        return
    except Exception as error:
        log.exception("Sending %s broke", effect)
        unknown = Failed(FailureClass.UNKNOWN_OUTCOME, f"{type(error).__name__} while sending: {error}")
        _record_failure(job, effect, attempt, unknown)
        return
    failpoints.hit("after_send")
    _record_sent(job, effect, attempt, sent)


def _write(effect: Effect) -> Write:
    return Write(
        effect_type=effect.effect_type,
        key=effect.key,
        business_key=effect.business_key,
        payload=effect.payload,
        remote_id=effect.remote_id,
    )


def _record_sent(job: Job, effect: Effect, attempt: Attempt, sent: Sent) -> None:
    with transaction.atomic():
        fencing.hold(job)
        _finish(attempt, "sent", status=sent.status, body=sent.body)
        move(effect, State.SENT, remote_id=sent.remote_id[:120])
        failpoints.hit("before_record")
    failpoints.hit("after_record")


def _record_failure(job: Job, effect: Effect, attempt: Attempt, failure: Failed) -> None:
    """Note a send that did not work by what it means, then raise what the lane needs to know."""
    with transaction.atomic():
        fencing.hold(job)
        _finish(attempt, failure.kind, status=failure.status, excerpt=failure.message)
        what = {"failure": failure.message, "failure_class": failure.kind}
        if failure.kind in NOTHING_WRITTEN:
            move(effect, State.PLANNED, **what)
        elif failure.kind in REFUSED:
            _reject(effect, failure)
            return
        else:
            move(effect, State.UNKNOWN, **what)
    if effect.state == State.UNKNOWN:
        raise _unknown(effect, failure.message, failure.retry_after)
    raise failure


def _reject(effect: Effect, failure: Failed) -> None:
    text = f"{failure.message} (field {failure.field})" if failure.field else failure.message
    move(effect, State.REJECTED, failure=text, failure_class=failure.kind)
    note("effects.effect.rejected", effect, BY, text)
    listeners = outcomes_for(effect)
    if not any(listener.owns_case for listener in listeners):
        # A lock that no gate could see in advance comes back as a refusal that names it.
        code = windows.CODE if windows.CODE in failure.message else "ERP_REJECTED"
        _raise_case(effect, code, f"{effect.connection} refused {label(effect)}", text, failure.remedy)
    for listener in listeners:
        listener.rejected(effect)


def _unknown(effect: Effect, message: str, retry_after: timedelta | None = None) -> Failed:
    """What to do about an unknown outcome: ask soon, or a person where nothing can be asked."""
    if not can_be_asked(effect):
        return Park(
            FailureClass.UNKNOWN_OUTCOME,
            f"{message} This write can neither be repeated safely nor looked up.",
            remedy="Look into the target, then declare what happened.",
        )
    return Failed(FailureClass.UNKNOWN_OUTCOME, message, retry_after=retry_after)


def can_be_asked(effect: Effect) -> bool:
    """Whether the target can tell if an effect happened; what it cannot tell is never sent a second time."""
    return effect.safety != Effect.Safety.NONE


def _lose(job: Job, effect: Effect, message: str) -> None:
    """A send without a noted outcome: from now on it is unknown."""
    with transaction.atomic():
        fencing.hold(job)
        for attempt in effect.attempts.filter(kind=Attempt.Kind.SEND, finished_at=None):
            _finish(attempt, "lost", excerpt=message)
        move(effect, State.UNKNOWN, failure=message, failure_class=FailureClass.UNKNOWN_OUTCOME)


# --- asking the target ---------------------------------------------------------------------------------------------


def _probe(job: Job, effect: Effect, connector: Connector) -> None:
    """Ask the target whether an unknown effect happened: found → sent, surely absent → planned again."""
    if not can_be_asked(effect):
        raise _unknown(effect, effect.failure)
    attempt, found = _ask(job, effect, connector, Attempt.Kind.PROBE)
    with transaction.atomic():
        fencing.hold(job)
        if found is not None:
            _finish(attempt, "found", body=found.facts)
            move(effect, State.SENT, remote_id=found.remote_id[:120])
            return
        _finish(attempt, "absent")
        if _absences(effect) >= ABSENT_PROOFS.get(Effect.Safety(effect.safety), 1):
            move(effect, State.PLANNED)
            return
    raise _unknown(effect, "The target does not know it yet; it is asked once more before it is sent again.")


def _absences(effect: Effect) -> int:
    """Probes in a row that found nothing since the last send."""
    last = effect.attempts.filter(kind=Attempt.Kind.SEND).order_by("-id").values_list("id", flat=True).first() or 0
    return effect.attempts.filter(kind=Attempt.Kind.PROBE, outcome="absent", id__gt=last).count()


def _ask(job: Job, effect: Effect, connector: Connector, kind: str) -> tuple[Attempt, Confirmed | None]:
    with transaction.atomic():
        fencing.hold(job)
        attempt = _attempt(job, effect, kind)
    try:
        return attempt, connector.find(effect.connection, _write(effect))
    except Failed as failure:
        _finish(attempt, failure.kind, status=failure.status, excerpt=failure.message)
        if failure.kind == FailureClass.UNKNOWN_OUTCOME:  # a read changes nothing: simply ask again
            raise Failed(FailureClass.TRANSIENT, failure.message, retry_after=failure.retry_after) from failure
        raise


def _confirm(job: Job, effect: Effect, connector: Connector) -> None:
    """Read it back: only what the target shows is confirmed. What it does not show is unknown, whatever it said."""
    failpoints.hit("before_confirm")
    attempt, found = _ask(job, effect, connector, Attempt.Kind.CONFIRM)
    if found is not None and found.remote_id:
        _record_confirmed(job, effect, attempt, found)
        return
    message = "The target accepted it but does not show it."
    with transaction.atomic():
        fencing.hold(job)
        _finish(attempt, "absent")
        move(effect, State.UNKNOWN, failure=message, failure_class=FailureClass.UNKNOWN_OUTCOME)
    raise _unknown(effect, message)


def _record_confirmed(job: Job, effect: Effect, attempt: Attempt, found: Confirmed) -> None:
    with transaction.atomic():
        fencing.hold(job)
        _finish(attempt, "found", body=found.facts)
        move(
            effect,
            State.CONFIRMED,
            remote_id=found.remote_id[:120],
            remote_number=found.number[:120],
            remote=as_json(found.facts),
            confirmed_at=now(),
            failure="",
            failure_class="",
        )
        note("effects.effect.confirmed", effect, BY, remote_id=effect.remote_id, number=effect.remote_number)
        close_cases(
            effect,
            f"{effect.connection} shows it as {effect.remote_number or effect.remote_id}.",
            also=[("CREDENTIAL", f"connection:{effect.connection.code}")],
        )
        for listener in outcomes_for(effect):
            listener.confirmed(effect)
        failpoints.hit("in_confirm")


# --- looking once more at what is confirmed ----------------------------------------------------------------------


def look(job: Job) -> None:
    """The handler of `effects.look`: read once more what was confirmed, and keep what the target shows now.

    The effect stays confirmed: what was done is done. What it shows otherwise than at first keeps that beside it.
    """
    effect = Effect.objects.select_related("connection").get(pk=job.payload["effect"])
    if effect.state != State.CONFIRMED:
        return
    _wait_while_paused(effect)
    with budget.on_behalf(Priority.SYNC):
        attempt, found = _ask(job, effect, CONNECTORS.get(effect.connection.vendor), Attempt.Kind.CONFIRM)
    first = effect.remote.get(FIRST, {name: value for name, value in effect.remote.items() if name != ABSENT})
    shown = as_json(found.facts) if found is not None else {**first, ABSENT: True}
    with transaction.atomic():
        fencing.hold(job)
        _finish(attempt, "found" if found is not None else "absent", body=found.facts if found is not None else None)
        if shown != first:
            shown = {**shown, FIRST: first}
        if shown != effect.remote:
            Effect.objects.filter(pk=effect.pk).update(remote=shown, updated_at=now())
            said = "shows it otherwise" if found is not None else "does not show it any more"
            note(
                "effects.effect.looked_at", effect, BY, f"{effect.connection} {said if FIRST in shown else 'shows it'}"
            )


# --- when the lane gives up ----------------------------------------------------------------------------------------


def parked(job: Job, failure: Failed) -> None:
    """The lane parked the item: say to whom it matters. Called in the transaction that parks it."""
    effect = Effect.objects.select_related("connection").get(pk=job.payload["effect"])
    if failure.kind == FailureClass.AUTH:
        _raise_credential(effect, failure)
        return
    if effect.state in (State.UNKNOWN, State.SENDING, State.SENT):
        title = f"Nobody knows whether {effect.connection} has {label(effect)}"
        _raise_case(effect, "ERP_UNKNOWN", title, failure.message, failure.remedy)
        return
    title = f"{label(effect)} could not be sent to {effect.connection}"
    _raise_case(effect, "ERP_REJECTED", title, failure.message, failure.remedy)


def _raise_credential(effect: Effect, failure: Failed) -> None:
    connection = effect.connection
    cases.raise_case(
        code="CREDENTIAL",
        root_cause=f"connection:{connection.code}",
        title=f"{connection} refuses our credential",
        detail=failure.message,
        remedy=failure.remedy or "Renew the credential, then try again.",
        subject=("connection", connection.pk, str(connection)),
        members=[member(effect)],
        by=BY,
    )


def _raise_case(effect: Effect, code: str, title: str, detail: str, remedy: str) -> None:
    cases.raise_case(
        code=code,
        root_cause=root_cause(effect),
        title=title,
        detail=detail,
        remedy=remedy,
        legal_entity=effect.legal_entity,
        subject=("effect", effect.pk, label(effect)),
        members=[member(effect)],
        by=BY,
    )
