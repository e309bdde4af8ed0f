"""Which clocks a person may see, and which targets hold on a day."""

from collections.abc import Sequence
from datetime import date

from integration_hub.clocks.models import Target
from integration_hub.clocks.registry import CLOCKS, ClockKind
from integration_hub.people.models import User


def visible_to(user: User) -> list[ClockKind]:
    """The clocks over what the person's role sees, on the way from contract to cash."""
    return sorted((kind for _, kind in CLOCKS if user.has_perm(kind.permission)), key=lambda kind: kind.weight)


def in_force(day: date, user: User, legal_entity: str = "", kind: str = "") -> dict[str, list[Target]]:
    """The targets that hold for clocks that start on a day, by clock; the general one first.

    Those of legal entities the person does not work for, or that were not asked for, are left out.
    """
    rows = Target.objects.filter(starts_on__lte=day).order_by("kind", "legal_entity", "contract", "-starts_on", "-id")
    if kind:
        rows = rows.filter(kind=kind)
    found: dict[str, list[Target]] = {}
    seen = set()
    for row in rows:
        scope = (row.kind, row.legal_entity, row.contract)
        elsewhere = row.legal_entity and (
            not user.may_see(row.legal_entity) or legal_entity not in ("", row.legal_entity)
        )
        if scope not in seen and not elsewhere:
            found.setdefault(row.kind, []).append(row)
        seen.add(scope)
    return found


def general(targets: Sequence[Target], legal_entity: str = "") -> Target | None:
    """The target that holds where nothing narrower does: that of the legal entity asked for, else the general one."""
    whole = [row for row in targets if not row.contract and row.legal_entity in ("", legal_entity)]
    return max(whole, key=lambda row: bool(row.legal_entity), default=None)
