"""What is ours to bring up to date: what was sent is sent or read again, costs are counted and fees entered again."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from billing.actions import schedules
from billing.models import BillableEvent, ScheduleItem
from contracts.models import Project
from costs.actions import counting
from costs.models import Cost
from integration_hub.effects import policies as effects
from integration_hub.effects.actions import again
from integration_hub.effects.models import Effect
from integration_hub.people.models import User
from integration_hub.trail.record import Actor
from reconciliation.mending.acts import Act, keys_of, newest_effects
from reconciliation.models import PairBreak

REASON = "a break between two systems"


def sent_again(broken: PairBreak, user: User) -> Iterator[Act]:
    """Invoices that are not confirmed: sent again, or asked about where their outcome is not known."""
    for effect in newest_effects(keys_of(broken), ".invoice.post"):
        if effect.state != Effect.State.CONFIRMED:
            yield _again(effect, user)


def journals_looked_at(broken: PairBreak, user: User) -> Iterator[Act]:
    """Journals: no feed brings them, so that what is confirmed is read once more, and the rest sent again."""
    for effect in newest_effects([broken.identity], ".journal.post"):
        if effect.state == Effect.State.CONFIRMED:
            look = partial(_look, effect.pk)
            yield Act(f"Read {effect.business_key} in {effect.connection} again", effect.lane, look,
                      effects.can_look(effect, user))  # fmt: skip
        else:
            yield _again(effect, user)


def _again(effect: Effect, user: User) -> Act:
    unclear = effect.state in (Effect.State.UNKNOWN, Effect.State.SENDING, Effect.State.SENT)
    says = f"Ask {effect.connection} about" if unclear else "Send"
    return Act(f"{says} {effect.business_key}{'' if unclear else ' again'}", effect.lane, partial(_retry, effect.pk),
               effects.can_retry(effect, user))  # fmt: skip


def _retry(effect: int, by: Actor) -> None:
    again.retry(effect_id=effect, by=by, reason=REASON)


def _look(effect: int, by: Actor) -> None:
    again.look(effect_id=effect, by=by, reason=REASON)


def counted_again(broken: PairBreak, _user: User) -> Iterator[Act]:
    """The costs of the projects that the work belongs to, or belonged to when it was counted."""
    keys = keys_of(broken)
    work = BillableEvent.objects.filter(work_key__in=keys, is_current=True, project__isnull=False)
    held = Cost.objects.filter(work_key__in=keys, is_current=True)
    projects = {*work.values_list("project", flat=True), *held.values_list("project", flat=True)}
    for pk, code in Project.objects.filter(pk__in=projects).order_by("code").values_list("pk", "code"):
        yield Act(f"Count the costs of {code} again", f"costs:{pk}", partial(_count, pk))


def _count(project: int, _by: Any) -> None:
    counting.count_soon([project], caused_by=REASON)


def entered_again(broken: PairBreak, _user: User) -> Iterator[Act]:
    """The instalment or fee as its schedule has it."""
    for item in ScheduleItem.objects.filter(pk=broken.identity).select_related("line__contract"):
        says = (
            f"Enter {item.line.name} of {item.line.contract.number}, due {item.due_on:%d %b %Y}, as the schedule says"
        )
        yield Act(says, f"contract:{item.line.contract_id}", partial(_enter, item.pk))


def _enter(item: int, by: Actor) -> None:
    schedules.enter_again(item=ScheduleItem.objects.select_related("line__contract").get(pk=item), by=by)
