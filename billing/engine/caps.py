"""Limits and crossing one in mid-entry (billing.md R2): the smallest remainder of hard caps binds, soft caps warn."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing.engine.notation import exact_minutes, plain
from billing.engine.schedule import month_start
from billing.engine.values import ZERO, CapTerm, Line, PieceResult


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of an amount the caps allow, and the one that binds when that is not all."""

    allowed: Decimal
    binding: int | None
    steps: tuple[dict[str, Any], ...]
    warnings: tuple[dict[str, Any], ...]


class CapBook:
    """The caps of one contract while its work is decided in order."""

    def __init__(self, caps: Iterable[CapTerm]) -> None:
        self._caps = sorted(caps, key=lambda cap: cap.id)
        self._used: dict[tuple[int, date | None], Decimal] = {}
        for cap in self._caps:
            if cap.period == "total":
                self._used[cap.id, None] = cap.used
            for day, used in cap.used_in:
                self._used[cap.id, month_start(day)] = used
        self._of: dict[tuple[int, bool, int | None], list[CapTerm]] = {}

    def over(self, line: Line, *, expense: bool, payer: int | None = None) -> list[CapTerm]:
        """The caps that count a line's work, or the share of it that a payer is billed.

        A contract-wide cap counts expenses only when it says so.
        """
        key = (line.id, expense, payer)
        found = self._of.get(key)
        if found is None:
            found = [cap for cap in self._caps if cap.payer_id in (None, payer) and _counts(cap, line, expense)]
            self._of[key] = found
        return found

    def give_back(
        self, line: Line | None, amount: Decimal, on: date, *, expense: bool, payer: int | None = None
    ) -> None:
        """Free the room that a credit leaves: without its line only that of limits on the whole contract (R8, R20)."""
        on_line = self.over(line, expense=expense, payer=payer) if line is not None else [
            cap for cap in self._caps
            if cap.line_id is None and cap.payer_id in (None, payer) and (not expense or cap.includes_expenses)
        ]  # fmt: skip
        for cap in on_line:
            key = _bucket(cap, on)
            self._used[key] = self._used.get(key, ZERO) - amount

    def used(self, cap: CapTerm, on: date) -> Decimal:
        """What is used of a cap that counts a day's work."""
        return self._used.get(_bucket(cap, on), ZERO)

    def take(self, caps: list[CapTerm], amount: Decimal, on: date) -> Cut:
        """Use room of a service date for an amount that is not negative, as far as there is any."""
        allowed, binding = amount, None
        for cap in caps:
            room = max(ZERO, cap.limit - self._used.get(_bucket(cap, on), ZERO))
            if cap.kind == "hard" and room < allowed:
                allowed, binding = room, cap.id
        steps, warnings = [], []
        for cap in caps:
            key = _bucket(cap, on)
            before = self._used.get(key, ZERO)
            self._used[key] = after = before + allowed
            steps.append(_step(cap, key[1], before, allowed, after, binding))
            if cap.kind == "soft" and after > cap.limit:
                warnings.append({"code": "SOFT_CAP_EXCEEDED", "cap": cap.id, "over": plain(after - cap.limit)})
        return Cut(allowed, binding, tuple(steps), tuple(warnings))


def _bucket(cap: CapTerm, on: date) -> tuple[int, date | None]:
    """The limit a day's work counts against: the cap's own, or that of its month."""
    return cap.id, month_start(on) if cap.period == "month" else None


def minutes_within(minutes: Decimal | None, allowed: Decimal, amount: Decimal) -> Decimal | None:
    """The minutes that explain the allowed part: amounts are authoritative, minutes only say how much that was."""
    return None if minutes is None else exact_minutes(minutes * allowed / amount)


def divided(piece: PieceResult, cut: Cut) -> tuple[PieceResult, ...]:
    """A billable piece as far as limits allow it, and what is beyond them."""
    if cut.binding is None:
        return (piece,)
    beyond = replace(piece, state="over_cap", codes=("CAP_REACHED",), cap_id=cut.binding)
    if not cut.allowed:
        return (beyond,)
    amount = piece.amount or ZERO
    inside = minutes_within(piece.minutes, cut.allowed, amount)
    over = None if piece.minutes is None or inside is None else piece.minutes - inside
    return (
        replace(piece, cap_id=cut.binding, minutes=inside, amount=cut.allowed),
        replace(beyond, minutes=over, amount=amount - cut.allowed),
    )


def _counts(cap: CapTerm, line: Line, expense: bool) -> bool:
    """Paying in advance is no work: what is funded takes no room, only what is done with it."""
    if line.method == "retainer_prepaid":
        return False
    if cap.line_id is not None:
        return cap.line_id == line.id and (not expense or cap.includes_expenses or line.method == "expense")
    return not expense or cap.includes_expenses


def _step(
    cap: CapTerm, month: date | None, before: Decimal, taken: Decimal, after: Decimal, binding: int | None
) -> dict[str, Any]:
    told = {"month": month.isoformat()} if month else {}
    return {
        **told,
        "id": cap.id,
        "kind": cap.kind,
        "line": cap.line_id,
        "limit": plain(cap.limit),
        "before": plain(before),
        "taken": plain(taken),
        "after": plain(after),
        "binding": cap.id == binding,
    }
