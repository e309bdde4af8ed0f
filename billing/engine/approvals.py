"""How many people must approve an invoice, and whether those who did are enough (billing.md §5.2, §5.3).

An approval counts only for the content it was given on, never from the person who prepared the document, and each
person fills one seat.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.engine.values import ZERO


@dataclass(frozen=True, slots=True)
class Tier:
    """From this amount on (legal entity's currency, absolute) one more person, of one of these roles (empty: any)."""

    from_amount: Decimal
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ApprovalPolicy:
    """The seats to fill by amount, smallest first, and how many at least on a contract's first invoice."""

    tiers: tuple[Tier, ...] = (Tier(ZERO), Tier(Decimal(50_000)), Tier(Decimal(250_000)))
    first_invoice_people: int = 2


DEFAULT_POLICY = ApprovalPolicy()
CREDIT_POLICY = ApprovalPolicy(tiers=(Tier(ZERO), Tier(Decimal(1_000)), Tier(Decimal(25_000))), first_invoice_people=0)


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


def seats(
    amount: Decimal, *, first_invoice: bool, recent: Decimal = ZERO, policy: ApprovalPolicy = DEFAULT_POLICY
) -> tuple[frozenset[str], ...]:
    """The roles allowed in each seat an invoice needs.

    `amount` is its gross in the legal entity's currency; `recent` is what was invoiced to the same counterparty in the
    last 30 days, so that splitting an amount does not avoid a threshold. Both count by absolute value.
    """
    total = abs(amount) + abs(recent)
    tiers = sorted(policy.tiers, key=lambda tier: tier.from_amount)
    count = sum(1 for tier in tiers if total >= tier.from_amount)
    if first_invoice:
        count = max(count, min(policy.first_invoice_people, len(tiers)))
    return tuple(tier.roles for tier in tiers[:count])


def approvers_needed(
    amount: Decimal, *, first_invoice: bool, recent: Decimal = ZERO, policy: ApprovalPolicy = DEFAULT_POLICY
) -> int:
    """How many different people an invoice needs: see `seats`."""
    return len(seats(amount, first_invoice=first_invoice, recent=recent, policy=policy))


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
