"""Decisions that differ in nothing but the work's own facts: worked out once, and the same bytes for all work alike.

Most time is plain: nothing of it is locked or billed, no limit, bucket, tier, increment, premium, hold or bar stands
over its line, and one payer has all of it. What it is charged then follows from its route, its minutes and its approval
alone.
"""

import re
from decimal import Decimal
from hashlib import sha256

from billing.engine.facts import work_facts
from billing.engine.notation import Part, around, encode, listed, plain
from billing.engine.values import ZERO, DecisionResult, Line, PieceResult, Terms, Work

_NEEDS_ESCAPING = re.compile(r"[^ !#-\[\]-~]").search


class Moulds:
    """The decisions of one route so far, by minutes and approval."""

    __slots__ = ("_after", "_before", "_known")

    def __init__(self, parts: dict[str, Part]) -> None:
        self._before, self._after = around(parts, "facts")
        self._known: dict[tuple[Decimal | None, str], tuple[tuple[PieceResult, ...], str, str]] = {}

    def cast(self, work: Work) -> DecisionResult | None:
        """The decision about plain work, where one like it was made already."""
        known = self._known.get((work.minutes, work.approval))
        if known is None:
            return None
        pieces, told, minutes = known
        text = f"{self._before}{_facts(work, minutes)}{self._after}"
        sealed = f'{{"event":{work.event_id},"pieces":[{told}],"trace":{text}}}'
        return DecisionResult(work.event_id, pieces, sha256(sealed.encode()).hexdigest(), text)

    def learn(self, work: Work, pieces: tuple[PieceResult, ...]) -> None:
        """What is charged for plain work."""
        self._known[work.minutes, work.approval] = pieces, listed(pieces), plain(work.minutes or ZERO)


def takes_plain(terms: Terms, line: Line | None, *, limited: bool) -> bool:
    """Whether the charge of time on a line depends on no other work and on nothing beside its route."""
    if limited or terms.holds or terms.splits or terms.time_bar_days is not None:
        return False
    return line is None or not (
        line.method == "retainer_hours" or line.tiers or line.premiums or line.increment is not None
    )


def is_plain(work: Work) -> bool:
    """Whether time has nothing to it but its minutes: nothing locked, billed, withdrawn, or stated beside them."""
    return not (
        work.minutes is None
        or work.billed
        or work.locked_minutes
        or work.locked_amount
        or work.locked_by
        or work.withdrawn
        or work.charged is not None
        or work.amount is not None
        or work.quantity is not None
        or work.taxed
        or work.fx is not None
        or work.disposals
    )


def _facts(work: Work, minutes: str) -> str:
    """`work_facts` of plain time as canonical JSON, several times faster."""
    key, currency, approval = work.work_key, work.currency, work.approval
    if _NEEDS_ESCAPING(f"{key}{currency}{approval}"):
        return encode(work_facts(work))
    milestone = "null" if work.milestone_id is None else work.milestone_id
    return (
        f'{{"amount":null,"approval":"{approval}","chargeable":{"true" if work.chargeable else "false"},'
        f'"currency":"{currency}","event":{work.event_id},"evidence":{"true" if work.evidence else "false"},'
        f'"fx":null,"locked_amount":"0","locked_minutes":"0","milestone":{milestone},"minutes":"{minutes}",'
        f'"service_date":"{work.service_date.isoformat()}","start_order":{work.start_order},"work_key":"{key}"}}'
    )
