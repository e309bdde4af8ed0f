"""Duties that must not meet in one person, asked where it counts: on one document, of persons, along its whole chain.

What roles allow says nothing about who did what on this one (billing.md §5.1). The chain is collected here and nowhere
else: who prepared it, whose work is in it, who waived a time bar for it or accepted a change of its work, who set the
prices, rates and map it was priced by, who wrote the rules that decided it. Publishing rules is an approval of its own
and bars nobody.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform

from billing.engine import charging, matrix
from billing.models import BillableEvent, Candidate, LateChange, Piece, Waiver, WriteDown
from contracts.models import ExchangeRate, RateRow, Resource
from integration_hub.people.models import User
from integration_hub.rules.models import DecisionTable
from integration_hub.trail.models import Event

_TOLD = {
    "contracts.rate.saved": "set a price of this contract",
    "contracts.eligibility_rule.added": "changed which of its work is charged",
    "contracts.eligibility_rule.changed": "changed which of its work is charged",
}


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person did that what is approved rests on; `did` goes on after the person's name."""

    person: User
    did: str
    on: date | None = None

    def told(self, to: User) -> str:
        """The act in words, to the person themselves or to another."""
        when = f" on {self.on:%-d %B %Y}" if self.on else ""
        return f"{'You' if to.pk == self.person.pk else self.person.label} {self.did}{when}"


def conflict(candidate: Candidate, persons: Collection[User]) -> Act | None:
    """What one of these persons did earlier that keeps them from approving it; None: nothing."""
    return next(acts_of(candidate, persons), None)


def acts_of(candidate: Candidate, persons: Collection[User]) -> Iterator[Act]:
    """All such acts, the preparation first."""
    by_id = {person.pk: person for person in persons}
    if candidate.prepared_by_id in by_id:
        yield Act(by_id[candidate.prepared_by_id], "prepared this candidate")
    pieces = Piece.objects.filter(candidate_line__candidate=candidate)
    yield from _own_work(pieces, persons)
    yield from _waived(candidate, pieces, persons)
    yield from _accepted(candidate, pieces, persons)
    yield from _configured(candidate, persons)
    yield from _rates(pieces, candidate, persons)
    yield from _rules(candidate, pieces, by_id)


def write_down_conflict(row: WriteDown, user: User) -> Act | None:
    """What the person did that keeps them from approving a write-down or its reversal; None: nothing."""
    reversal = row.reversal_by_id is not None
    if (row.reversal_by_id if reversal else row.proposed_by_id) == user.pk:
        return Act(user, "proposed this")
    if row.approvals.filter(by=user, of_reversal=reversal, lapsed=False).exists():
        return Act(user, "approved this already")
    works = BillableEvent.objects.filter(pk__in=row.parts.values("event"))
    if user.email and works.filter(resource__email__iexact=user.email).exists():
        return Act(user, "worked on what it sets aside")
    return None


def _own_work(pieces: "QuerySet[Piece]", persons: Collection[User]) -> Iterator[Act]:
    """Time and expenses of the person, known by the address of their account."""
    addresses = {person.email.lower(): person for person in persons if person.email}
    if not addresses:
        return
    match = Q()
    for address in addresses:
        match |= Q(event__resource__email__iexact=address)
    for address in pieces.filter(match).order_by().values_list("event__resource__email", flat=True).distinct():
        yield Act(addresses[address.lower()], "worked on what it charges")


def _waived(candidate: Candidate, pieces: "QuerySet[Piece]", persons: Collection[User]) -> Iterator[Act]:
    """Late work that is charged because the person recorded that the client takes it."""
    names = {person.username: person for person in persons}
    given = Waiver.objects.filter(contract=candidate.contract_id, waived_by__in=names)
    for row in given.filter(work_key__in=pieces.values("event__work_key")).order_by("-pk"):
        yield Act(names[row.waived_by], "waived the time bar on work in it", row.at.date())


def _accepted(candidate: Candidate, pieces: "QuerySet[Piece]", persons: Collection[User]) -> Iterator[Act]:
    """Changes of billed work that the person let take the place of what was billed: they asked for what follows."""
    names = {person.username: person for person in persons}
    given = LateChange.objects.filter(contract=candidate.contract_id, status="accepted", decided_by__in=names)
    for row in given.filter(work_key__in=pieces.values("event__work_key")).order_by("-pk"):
        yield Act(names[row.decided_by], "accepted a change of work in it", row.decided_at and row.decided_at.date())


def addresses_of(change: LateChange) -> set[str]:
    """The addresses of whose work it is, as it is billed and as its source states it now; in lower case."""
    people = {pk for pk in (change.event.resource_id, change.stated["resource_id"]) if pk is not None}
    rows = Resource.objects.filter(pk__in=people).exclude(email="").values_list("email", flat=True)
    return {address.lower() for address in rows}


def _configured(candidate: Candidate, persons: Collection[User]) -> Iterator[Act]:
    """Prices, map and settings of the contract, as the trail has them."""
    rows = RateRow.objects.filter(card__contract=candidate.contract_id).values_list("pk", flat=True)
    rules = candidate.contract.eligibility.values_list("pk", flat=True)
    about = Q(object_type="contracts.raterow", object_id__in=[str(pk) for pk in rows]) | Q(
        object_type="contracts.eligibilityrule", object_id__in=[str(pk) for pk in rules]
    )
    names = {person.username: person for person in persons}
    told = Event.objects.filter(about, actor_kind="person", actor__in=names, action__in=_TOLD).order_by("-id")
    for row in told:
        yield Act(names[row.actor], _TOLD[row.action], row.recorded_at.date())


def _rates(pieces: "QuerySet[Piece]", candidate: Candidate, persons: Collection[User]) -> Iterator[Act]:
    """Exchange rates that a person entered and its work, or the price of it, was converted by."""
    used = _converted(pieces, candidate.currency)
    for person in persons:
        for currency, quoted in sorted(used):
            pair = Q(base=currency, quote=candidate.currency) | Q(base=candidate.currency, quote=currency)
            mine = Q(source=person.username) | Q(source__startswith=f"{person.username}: ")
            if ExchangeRate.objects.filter(pair, mine, day=quoted).exists():
                yield Act(person, f"entered the rate that converts its {currency}", date.fromisoformat(quoted))


def _converted(pieces: "QuerySet[Piece]", into: str) -> set[tuple[str, str]]:
    """Each currency that was converted, and the day of the rate."""
    rate = KeyTransform("rate", "decision__trace")
    told = pieces.annotate(
        quoted=KeyTextTransform("date", KeyTransform("fx", KeyTransform("facts", "decision__trace"))),
        price=KeyTextTransform("row", rate),
        price_quoted=KeyTextTransform("date", KeyTransform("converted", rate)),
    )
    asked = told.exclude(quoted__isnull=True, price_quoted__isnull=True).order_by()
    rows = list(asked.values_list("event__currency", "quoted", "price", "price_quoted").distinct())
    prices = {int(price) for _, _, price, quoted in rows if price and quoted}
    currencies = dict(RateRow.objects.filter(pk__in=prices).values_list("pk", "currency")) if prices else {}
    works = {(currency, quoted) for currency, quoted, _, _ in rows if quoted and currency not in ("", into)}
    return works | {(currencies[int(price)], quoted) for _, _, price, quoted in rows if price and quoted}


def _rules(candidate: Candidate, pieces: "QuerySet[Piece]", by_id: dict[int, User]) -> Iterator[Act]:
    """Decision tables that charged its work, and the approval matrix in force."""
    charged = pieces.annotate(
        table=KeyTextTransform("table", KeyTransform("charge", "decision__trace")),
        version=KeyTextTransform("version", KeyTransform("charge", "decision__trace")),
    )
    used = {pair for pair in charged.order_by().values_list("table", "version").distinct() if pair[0]}
    which = Q(kind=matrix.KIND.name, status="published", legal_entity__in=["", candidate.legal_entity.code])
    for name, version in used:
        _, _, entity = name.partition(":")
        which |= Q(kind=charging.KIND.name, legal_entity=entity, number=int(version))
    for row in DecisionTable.objects.filter(which, author__in=list(by_id)).order_by("-id"):
        words = "approval matrix it is approved by" if row.kind == matrix.KIND.name else "rules that charge it"
        yield Act(by_id[row.author_id], f"wrote the {words}")
