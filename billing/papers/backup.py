"""The time and expenses behind the lines of a document: entry by entry, with sums that equal the lines to the cent."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Value
from django.db.models.functions import Coalesce, NullIf

from billing.models import Candidate, CandidateLine, Piece
from billing.papers.figures import day, exact, figure, hours
from billing.tables.candidates import period
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.money import ZERO

PART = 1500
"""Entries in one file: some seconds and 250 MB to set. More make several parts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of work on one line: its share of the line's net, after rounding."""

    line: int
    event: int
    on: date
    who: str
    role: str
    worked: Decimal | None
    billed: Decimal | None
    rate: Decimal | None
    net: Decimal
    text: str


def pieces(candidate: Candidate) -> "QuerySet[Any]":
    """The work on a candidate's lines, in the order it is printed."""
    rows = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True)
    return rows.order_by("candidate_line__number", "event__service_date", "event_id", "number")


def entries(candidate: Candidate) -> list[Entry]:
    """The entries behind a candidate; one query. Raises NotReady when those of a line do not add up to it."""
    role = Coalesce(NullIf("event__role", Value("")), "event__resource__role", Value(""))
    rows = pieces(candidate).values_list(
        "candidate_line__number", "event_id", "event__service_date", "event__resource__name", role, "event__minutes",
        "minutes", "rate", "net", "event__description", "event__category", "line__name",
    )  # fmt: skip
    found = [
        Entry(line, event, on, who or "", role_, worked, billed, rate, net or ZERO, text or category or name or "")
        for line, event, on, who, role_, worked, billed, rate, net, text, category, name in rows.iterator(5000)
    ]
    _must_add_up(candidate, found)
    return found


def _must_add_up(candidate: Candidate, found: Sequence[Entry]) -> None:
    """A line without work behind it is a concession over work that stays billed with its invoice."""
    sums: dict[int, Decimal] = {}
    for entry in found:
        sums[entry.line] = sums.get(entry.line, ZERO) + entry.net
    nets = dict(candidate.lines.values_list("number", "net"))
    if wrong := sorted(line for line, total in sums.items() if total != nets.get(line)):
        raise NotReady(f"The entries of {candidate.number} do not add up to its lines {wrong}: build it anew.")


def parts(found: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Entries in the parts they are set in; one part even if there are none."""
    return [found[start : start + PART] for start in range(0, max(len(found), 1), PART)]


def groups(candidate: Candidate, found: Sequence[Entry], part: int) -> list[dict[str, Any]]:
    """The lines of one part (from 1) with their entries as text, for `templates/backup.typ`.

    A line's sums stand where its last entry does; a line that goes on in the next part says so.
    """
    lines = {line.number: line for line in candidate.lines.order_by("number")}
    counts = {number: len(list(some)) for number, some in groupby(entry.line for entry in found)}
    sums = _sums(found)
    cut = parts(found)
    before = {entry.line for some in cut[: part - 1] for entry in some}
    after = {entry.line for some in cut[part:] for entry in some}
    here = [
        {
            **_head(lines[number], counts[number], continued=number in before),
            "rows": _rows(list(some), candidate),
            "sums": {} if number in after else _summed(*sums[number], candidate),
        }
        for number, some in groupby(cut[part - 1], key=lambda entry: entry.line)
    ]
    silent = [line for line in lines.values() if line.number not in counts] if part == len(cut) else []
    return here + [{**_head(line, 0), "rows": [], "sums": {}} for line in silent]


def totals(candidate: Candidate, found: Sequence[Entry]) -> dict[str, str]:
    """What all entries come to."""
    sums = list(_sums(found).values())
    worked, billed, net = (sum((one[place] for one in sums), ZERO) for place in range(3))
    return _summed(worked, billed, net, candidate)


def sign(candidate: Candidate) -> int:
    """A credit memo shows what it credits without a sign, as the ERP gets it."""
    return -1 if candidate.kind == Candidate.Kind.CREDIT_MEMO else 1


def _sums(found: Sequence[Entry]) -> dict[int, tuple[Decimal, Decimal, Decimal]]:
    """Minutes worked, minutes billed and net by line; an entry in several pieces was worked once."""
    return {
        line: (
            sum((entry.worked or ZERO for entry in _first_of_each(some)), ZERO),
            sum((entry.billed or ZERO for entry in some), ZERO),
            sum((entry.net for entry in some), ZERO),
        )
        for line, members in groupby(found, key=lambda entry: entry.line)
        if (some := list(members))
    }


def _first_of_each(some: Sequence[Entry]) -> Iterator[Entry]:
    last = None
    for entry in some:
        if entry.event != last:
            yield entry
        last = entry.event


def _head(line: CandidateLine, count: int, *, continued: bool = False) -> dict[str, Any]:
    return {
        "number": str(line.number),
        "description": line.description,
        "service": period(line),
        "count": f"{count:,}",
        "continued": continued,
    }


def _rows(some: Sequence[Entry], candidate: Candidate) -> list[list[str]]:
    currency, way, last, rows = candidate.currency, sign(candidate), None, []
    for entry in some:
        again = entry.event == last
        rows.append(
            [
                day(entry.on),
                entry.who,
                entry.role,
                "" if again else _clock(entry.worked),
                _clock(entry.billed, way),
                "" if entry.rate is None else exact(entry.rate, currency),
                figure(entry.net * way, currency),
                entry.text,
            ]
        )
        last = entry.event
    return rows


def _summed(worked: Decimal, billed: Decimal, net: Decimal, candidate: Candidate) -> dict[str, str]:
    way = sign(candidate)
    return {
        "worked": _clock(worked) if worked else "",
        "billed": _clock(billed, way) if billed else "",
        "net": figure(net * way, candidate.currency),
    }


def _clock(minutes: Decimal | None, way: int = 1) -> str:
    return "" if minutes is None else hours(minutes * way / 60)
