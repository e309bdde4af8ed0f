"""Correcting what a refused effect says, and sending it again under the same identity.

The refused revision is kept as it was; the correction becomes the next revision of the same business key. Above the
limits of one person, or where money or period change, a second person approves it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Max

from integration_hub.connectors.registry import CONNECTORS, WriteSpec
from integration_hub.effects import content, policies
from integration_hub.effects.actions import again
from integration_hub.effects.actions.effects import close_cases, plan
from integration_hub.effects.ledger import State, move, note
from integration_hub.effects.models import CORRECTION_MOVES, Correction, Effect
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Problem, Stale
from integration_hub.people import four_eyes
from integration_hub.people.models import User
from integration_hub.people.proposals import decide

Proposed = Correction.State


def spec_of(effect: Effect) -> WriteSpec:
    """How the write of an effect is declared."""
    return CONNECTORS.get(effect.connection.vendor).manifest.write(effect.effect_type)


def fields_of(effect: Effect, by: User) -> list[content.Field]:
    """What this person may correct in an effect."""
    return content.fields(spec_of(effect), effect.payload, by.role)


def draft(effect: Effect, wanted: Mapping[str, str], by: User) -> Correction:
    """What a correction would be: changes, figures, whether it needs a second person. Not stored.

    `wanted` is the new text by path. Raises BadInput for fields that may not be corrected, wrong values, no change.
    """
    changes, problems = content.changed(fields_of(effect, by), wanted)
    if not changes and not problems:
        problems = [Problem("", "Nothing differs from what was refused.", "Change a field, or try it again as it is.")]
    if problems:
        raise BadInput(str(effect), problems)
    payload = content.applied(effect.payload, changes)
    figures = content.effect_on(spec_of(effect).figures, effect.payload, payload)
    return Correction(
        effect=effect,
        seen_at=effect.updated_at,
        changes=[asdict(change) for change in changes],
        figures=figures,
        payload=payload,
        four_eyes=_second(effect, figures),
        proposed_by=by,
    )


def _second(effect: Effect, figures: Mapping[str, list[str]]) -> str:
    if moved := content.moved(figures):
        return f"It changes {', '.join(moved)}."
    return four_eyes.needs_second(money={effect.currency: effect.amount} if effect.amount is not None else {})


@transaction.atomic
def propose(*, effect_id: int, wanted: Mapping[str, str], reason: str, by: User, seen_state: str) -> Correction:
    """Correct a refused effect: at once where one person may, else as soon as a second one approves.

    Raises Denied, BadInput, Stale when it is not refused any more, NotReady when another correction waits.
    """
    effect = _refused(effect_id)
    policies.can_correct(effect, by).or_raise()
    if effect.state != seen_state:
        raise Stale
    if not reason.strip():
        raise BadInput(str(effect), [Problem("reason", "is empty.", "Say why it is corrected.")])
    correction = draft(effect, wanted, by)
    correction.reason = reason
    try:
        with transaction.atomic():
            correction.save()
    except IntegrityError as error:
        raise NotReady("Another correction of this effect waits for a second person. Decide on that first.") from error
    note(
        "effects.effect.correction_proposed", effect, by, reason, changes=_told(correction), second=correction.four_eyes
    )
    if not correction.four_eyes:
        _apply(correction, effect, by, "")
    return correction


@transaction.atomic
def approve(*, correction_id: int, by: User, seen_version: int, reason: str = "") -> Correction:
    """Let a correction go: the refused revision is replaced by the corrected one. Raises Denied, Stale."""
    correction, effect = _locked(correction_id, seen_version)
    policies.can_approve_correction(correction, effect, by).or_raise()
    _apply(correction, effect, by, reason)
    return correction


@transaction.atomic
def decline(*, correction_id: int, by: User, seen_version: int, reason: str) -> Correction:
    """Say no; the effect stays refused and may be corrected otherwise. Raises Denied, Stale."""
    correction, effect = _locked(correction_id, seen_version)
    policies.can_approve_correction(correction, effect, by).or_raise()
    decide(correction, CORRECTION_MOVES, Proposed.DECLINED, by=by, reason=reason)
    note("effects.effect.correction_declined", effect, by, reason)
    return correction


@transaction.atomic
def withdraw(*, correction_id: int, by: User, seen_version: int, reason: str = "") -> Correction:
    """Its author takes it back. Raises Denied, Stale."""
    correction, effect = _locked(correction_id, seen_version)
    policies.can_withdraw_correction(correction, by).or_raise()
    decide(correction, CORRECTION_MOVES, Proposed.WITHDRAWN, by=by, reason=reason)
    note("effects.effect.correction_withdrawn", effect, by, reason)
    return correction


# -- rows ------------------------------------------------------------------------------------------------------------


def _refused(effect_id: int) -> Effect:
    """The effect with its content, locked as retries lock it: whoever comes second sees what the first has done."""
    again.lock([effect_id])
    return Effect.objects.select_related("connection").get(pk=effect_id)


def _locked(correction_id: int, seen_version: int) -> tuple[Correction, Effect]:
    effect = _refused(Correction.objects.values_list("effect_id", flat=True).get(pk=correction_id))
    rows = Correction.objects.select_for_update(of=("self",), no_key=True).select_related("proposed_by", "decided_by")
    correction = rows.get(pk=correction_id)
    if correction.version != seen_version:
        raise Stale
    return correction, effect


def _apply(correction: Correction, effect: Effect, by: User, reason: str) -> None:
    """Replace the refused revision by the corrected one. The rooms that asked for it are told as for a retry."""
    if effect.state != State.REJECTED or effect.updated_at != correction.seen_at:
        words = effect.get_state_display().lower()
        raise Stale(f"The effect is {words} since this correction was made. Look at it and correct it anew.")
    if objection := again.objections([effect]).get(effect.pk):
        raise Denied(objection.reason)
    move(effect, State.SUPERSEDED)
    close_cases(effect, "A corrected revision goes instead.")
    result = _next_revision(correction, effect, by)
    decide(correction, CORRECTION_MOVES, Proposed.APPLIED, by=by, reason=reason, result=result)
    note("effects.effect.corrected", effect, by, reason, changes=_told(correction), revision=result.revision)


def _next_revision(correction: Correction, effect: Effect, by: User) -> Effect:
    lineage = Effect.objects.filter(
        connection=effect.connection, effect_type=effect.effect_type, business_key=effect.business_key
    )
    last: int = lineage.aggregate(last=Max("revision"))["last"]
    gross, on = correction.figures.get("gross"), correction.figures.get("date")
    return plan(
        effect_type=effect.effect_type,
        connection=effect.connection,
        business_key=effect.business_key,
        payload=correction.payload,
        legal_entity=effect.legal_entity,
        subject=(effect.subject_type, effect.subject_id),
        by=by,
        revision=last + 1,
        posting_date=date.fromisoformat(on[1]) if on and on[0] != on[1] else effect.posting_date,
        amount=Decimal(gross[1]) if gross and gross[0] != gross[1] else effect.amount,
        currency=effect.currency,
        lane=effect.lane,
        corrects=effect,
    )


def _told(correction: Correction) -> dict[str, list[str]]:
    """The changes as the trail tells them: {field: [before, after]}."""
    return {change["title"]: [change["old"], change["new"]] for change in correction.changes}
