"""Targets of clocks: a new one follows the one before, and none is ever changed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction

from integration_hub.clocks import policies
from integration_hub.clocks.models import Target
from integration_hub.clocks.registry import CLOCKS, working_times
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people.models import User
from integration_hub.trail import record


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetIn:
    """A target as a person states it; `within` is in the clock's unit, None ends the target."""

    kind: str
    starts_on: date
    within: Decimal | None
    reason: str
    legal_entity: str = ""
    contract: str = ""
    warn_percent: int = 75


@transaction.atomic
def set_target(*, target: TargetIn, by: User) -> Target:
    """State a target from a day on. What runs is judged by it at once. Raises Denied, BadInput."""
    policies.can_set_target(by, target.legal_entity).or_raise()
    if problems := _problems(target):
        raise BadInput("Target", problems)
    kind = CLOCKS.get(target.kind)
    row = Target.objects.create(
        kind=kind.slug,
        legal_entity=target.legal_entity,
        contract=target.contract,
        starts_on=target.starts_on,
        within=target.within,
        warn_percent=target.warn_percent,
        reason=target.reason.strip(),
        set_by=by,
    )
    record.event(
        "clocks.target.set",
        by=by,
        object_type="clocks.target",
        object_id=row.pk,
        label=kind.title,
        legal_entity=target.legal_entity,
        reason=row.reason,
        contract=target.contract,
        starts_on=target.starts_on.isoformat(),
        within="none" if target.within is None else f"{target.within.normalize():f} {kind.unit.label}",
        warn_percent=target.warn_percent,
    )
    return row


def _problems(target: TargetIn) -> list[Problem]:
    found = []
    kind = CLOCKS.find(target.kind)
    if kind is None:
        found.append(Problem("kind", f"{target.kind!r} is no clock.", "Choose one of the list."))
    elif target.contract and not kind.by_contract:
        found.append(Problem("contract", f"{kind.title} belongs to no contract.", "Leave it empty."))
    if target.legal_entity and target.legal_entity not in working_times():
        found.append(Problem("legal_entity", f"{target.legal_entity} is not known.", "Use its code, e.g. US01."))
    if target.within is not None and target.within <= 0:
        found.append(Problem("within", "is not above zero.", "Leave it empty to have no target from that day on."))
    if not 1 <= target.warn_percent <= 100:
        found.append(Problem("warn_percent", "is no share.", "Use 1 to 100; 100 warns of nothing."))
    if not target.reason.strip():
        found.append(Problem("reason", "is empty.", "Say why the target is so."))
    return found
