"""Tie-outs read: the statement as a person may see it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet

from billing.models import Piece
from billing.naming import code_words
from integration_hub.console.badges import badge
from integration_hub.people.models import User
from integration_hub.people.scope import scope_q
from reconciliation.models import TieOut


@dataclass(frozen=True, slots=True)
class ArrowRow:
    """One arrow of a stored statement, its sides as numbers."""

    name: str
    legal_entity: str
    currency: str
    left_name: str
    left: Decimal
    right_name: str
    right: Decimal
    agrees: bool

    @property
    def gap(self) -> Decimal:
        """By how much the sides differ."""
        return self.left - self.right


@dataclass(frozen=True, slots=True)
class Part:
    """The arrows of one legal entity and currency."""

    legal_entity: str
    currency: str
    arrows: tuple[ArrowRow, ...]

    @property
    def agrees(self) -> bool:
        """Whether all of them agree."""
        return all(arrow.agrees for arrow in self.arrows)


def visible_to(user: User) -> "QuerySet[TieOut]":
    """Tie-outs with `broken`: how many arrows of the person's legal entities do not agree."""
    mine = scope_q(user, "breaks__legal_entity")
    counted = Count("breaks", filter=mine) if mine != Q() else Count("breaks")
    return TieOut.objects.annotate(broken=counted)


def latest(user: User) -> TieOut | None:
    """The newest statement."""
    return visible_to(user).order_by("-id").first()


def parts(tie_out: TieOut, user: User) -> list[Part]:
    """The arrows a person may see, by legal entity and currency; those that break first."""
    groups: dict[tuple[str, str], list[ArrowRow]] = {}
    for row in arrows(tie_out, user):
        groups.setdefault((row.legal_entity, row.currency), []).append(row)
    found = [Part(entity, currency, tuple(rows)) for (entity, currency), rows in groups.items()]
    return sorted(found, key=lambda part: (part.agrees, part.legal_entity, part.currency))


def arrows(tie_out: TieOut, user: User) -> Iterable[ArrowRow]:
    """The arrows of a statement within a person's legal entities."""
    for row in tie_out.totals.get("arrows", []):
        if may_see(row, user):
            yield ArrowRow(**{**row, "left": Decimal(row["left"]), "right": Decimal(row["right"])})


def may_see(row: dict[str, Any], user: User) -> bool:
    """Whether a row of the statement belongs to the person's legal entities."""
    return user.may_see(str(row.get("legal_entity") or ""))


def held(tie_out: TieOut, user: User, what: str) -> list[dict[str, Any]]:
    """Open `cases` or `holds` of a statement by code, with its words and their money as numbers."""
    return [
        {
            **row,
            "words": code_words(row["code"]),
            "money": {currency: Decimal(amount) for currency, amount in row.get("money", {}).items() if currency},
        }
        for row in tie_out.totals.get(what, [])
        if may_see(row, user)
    ]


def figures(tie_out: TieOut, user: User) -> list[dict[str, Any]]:
    """The figures beside the arrows, amounts as numbers and states as work shows them."""
    labels = dict(Piece.State.choices)
    return [
        {
            **row,
            "payments": Decimal(row["payments"]),
            "receivable": Decimal(row["receivable"]),
            "buckets": [
                {
                    "state": badge(state, labels.get(state, state)),
                    "hours": Decimal(bucket["hours"]),
                    "amount": Decimal(bucket["amount"]),
                }
                for state, bucket in row["buckets"].items()
            ],
        }
        for row in tie_out.totals.get("figures", [])
        if may_see(row, user)
    ]
