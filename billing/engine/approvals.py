"""How many people must approve an invoice, and whether those who did are enough (billing.md §5.2, §5.3).

An approval counts only for the content it was given on, never from the person who prepared the document, and each
person fills one seat.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from billing.engine.matrix import SEATS
from integration_hub.rules.tables import Answer, chosen


@dataclass(frozen=True, slots=True)
class Given:
    """An approval: who, in which roles, on which content."""

    person: str
    roles: frozenset[str]
    content_hash: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a document stands: the roles of the seats still empty, who counts, and who does not with the reason."""

    needed: int
    missing: tuple[frozenset[str], ...]
    counted: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]

    @property
    def complete(self) -> bool:
        """Whether every seat is filled."""
        return not self.missing


def seats(answer: Answer) -> tuple[frozenset[str], ...]:
    """The roles allowed in each seat that the approval matrix asks for; an empty one is for anybody who may approve."""
    return tuple(frozenset(chosen(answer.outputs, SEATS[place])) for place in range(int(answer["people"])))


def standing(
    needed: Sequence[frozenset[str]], approvals: Iterable[Given], *, content_hash: str, prepared_by: str
) -> Standing:
    """Which seats the approvals fill: one person one seat, in the way that fills the most."""
    refused: dict[str, str] = {}
    people: dict[str, frozenset[str]] = {}
    for given in sorted(approvals, key=lambda given: given.person):
        if given.person == prepared_by:
            refused[given.person] = "prepared it"
        elif given.content_hash != content_hash:
            refused[given.person] = "approved another content"
        else:
            people[given.person] = people.get(given.person, frozenset()) | given.roles
    seated = _seat(needed, people)
    missing = tuple(roles for index, roles in enumerate(needed) if index not in seated)
    idle = {person: "no seat left for the role" for person in people if person not in seated.values()}
    reasons = {person: reason for person, reason in {**refused, **idle}.items() if person not in seated.values()}
    return Standing(len(needed), missing, tuple(sorted(seated.values())), tuple(sorted(reasons.items())))


def _seat(needed: Sequence[frozenset[str]], people: dict[str, frozenset[str]]) -> dict[int, str]:
    """A largest matching of people to seats (augmenting paths; a handful of each)."""
    seated: dict[int, str] = {}

    def place(person: str, tried: set[int]) -> bool:
        for index, roles in enumerate(needed):
            if index in tried or (roles and not roles & people[person]):
                continue
            tried.add(index)
            if index not in seated or place(seated[index], tried):
                seated[index] = person
                return True
        return False

    for person in sorted(people):
        place(person, set())
    return seated
