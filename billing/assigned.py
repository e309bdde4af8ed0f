"""How the lines of a document are taxed and booked, and by which rules, in words."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from billing.engine.line_rules import AS_SET_UP, BOOKED, NOT_DETERMINED
from billing.models import CandidateLine
from integration_hub.rules.tables import Answer


class Said(NamedTuple):
    """What a table says of a line: the answer, the rule that gives it, and its note."""

    answer: str
    rule: str
    note: str
    missing: bool = False


class Group(NamedTuple):
    """Lines that follow each other and are taxed and booked alike."""

    lines: str
    tax: Said
    revenue: Said

    @property
    def both(self) -> tuple[tuple[str, Said], ...]:
        """Each with its label."""
        return ("Taxed", self.tax), ("Booked", self.revenue)


def told(lines: Iterable[CandidateLine]) -> list[Group]:
    """Lines in their order by how they are taxed and booked; nothing of those printed before tables said so."""
    rows = [line for line in lines if line.assigned]
    found = []
    for said, group in groupby(rows, key=lambda line: (_said(line, "tax"), _said(line, "revenue"))):
        numbers = [line.number for line in group]
        span = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        found.append(Group(span, *said))
    return found


def unsaid(lines: Iterable[CandidateLine], what: str) -> tuple[str, ...]:
    """Lines of which `tax` or `revenue` is not determined, each with the note of the rule that says so."""
    return tuple(
        f"{line.number}" + (f" ({note})" if (note := line.assigned[what].get("note")) else "")
        for line in lines
        if line.assigned.get(what, {}).get("answer") == NOT_DETERMINED
    )


def in_words(what: str, said: Mapping[str, Any]) -> str:
    """An answer about `tax` or `revenue` for people."""
    if said.get("answer") == NOT_DETERMINED:
        return "Not determined"
    named = ", ".join(f"{name} {said[name]}" for name in BOOKED if said.get(name))
    if said.get("answer") == AS_SET_UP:
        set_up = "As the tax engine is set up" if what == "tax" else "As the connection to the ERP is set up"
        return f"{set_up}, {named}" if named else set_up
    return f"Tax code {said['tax_code']}" if what == "tax" else f"{named[:1].upper()}{named[1:]}"


def rule_of(said: Mapping[str, Any]) -> str:
    """The rule that gave an answer."""
    return Answer({}, said["table"], said["version"], said["rule"]).told()


def _said(line: CandidateLine, what: str) -> Said:
    said = line.assigned.get(what)
    if said is None:
        held = f"As the connection to the ERP is set up for {line.kind}"
        return Said(held if line.kind in ("retention", "deposit") else "Passed on with the tax in it", "", "")
    words, note = in_words(what, said), str(said.get("note", ""))
    rule = rule_of(said) + (", with the line it goes back to" if "as" in line.assigned else "")
    return Said(words, rule, "" if note == words else note, said.get("answer") == NOT_DETERMINED)
