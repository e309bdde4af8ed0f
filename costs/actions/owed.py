"""What a person is owed: claims are gathered into reimbursements, and leave them when they do not stand any more."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from costs import stops
from costs.actions import moves, taking_back
from costs.actions.claims import BY, reimburse_soon
from costs.models import ExpenseClaim, Reimbursement, ReimbursementItem, ReimbursementJournal
from integration_hub.cases.actions import cases
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.money import ZERO

Status = Reimbursement.Status
UNDER_WAY = (Status.POSTING, Status.REJECTED)

_STANDS = Q(
    claim__approval="approved",
    claim__reimbursable=True,
    claim__paid_by="employee",
    claim__is_deleted=False,
    claim__amount=F("amount"),
    claim__currency=F("currency"),
    claim__resource=F("reimbursement__resource"),
    claim__legal_entity=F("reimbursement__legal_entity"),
)
"""An item whose claim still says what was taken from it, as far as money is concerned."""
_SAME = Q(
    claim__report=F("reimbursement__report"),
    claim__category=F("category"),
    claim__spent_on=F("spent_on"),
    claim__has_receipt=F("has_receipt"),
)
"""And the rest, which may still move while nothing is posted."""


@transaction.atomic
def settle(*, resource: int, caused_by: str) -> None:
    """Make what a person is owed what their claims call for. A second run changes nothing.

    What is not posted is gathered anew. What is posted stays, and what does not stand of it is taken back by a journal
    of its own. What is under way is recalled if it still can be; else it is taken back once it is posted.
    """
    _recall(resource)
    rows = Reimbursement.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity")
    due = {row.pk: row for row in rows.filter(resource=resource, status=Status.DUE).order_by("pk")}
    fallen = _fallen(resource, Reimbursement.POSTED)
    undone = ReimbursementItem.objects.filter(
        is_live=False, taken_back_by__isnull=True, reimbursement__resource=resource
    )
    which = Q(pk__in=fallen.values("reimbursement")) | Q(pk__in=undone.values("reimbursement"))
    posted = list(rows.filter(which).order_by("pk"))
    gone = set(fallen.values_list("claim", flat=True))
    ReimbursementItem.objects.filter(pk__in=list(fallen.values_list("pk", flat=True))).update(is_live=False)
    touched = _drop(due.values(), gone) | _gather(resource, due)
    for pk in sorted(touched):
        _refresh(due[pk], caused_by)
    for row in posted:
        taking_back.take_back(row)
    _stopped(due.values())
    _ring_others(gone, resource, caused_by)


def _live(resource: int, statuses: Iterable[str]) -> "QuerySet[ReimbursementItem]":
    return ReimbursementItem.objects.filter(
        is_live=True, reimbursement__resource=resource, reimbursement__status__in=list(statuses)
    )


def _fallen(resource: int, statuses: Iterable[str]) -> "QuerySet[ReimbursementItem]":
    """Items whose claim does not call for them any more."""
    live = _live(resource, statuses)
    return ReimbursementItem.objects.filter(pk__in=live.values("pk")).exclude(pk__in=live.filter(_STANDS).values("pk"))


def _recall(resource: int) -> None:
    """Withdraw what is on its way and does not stand any more, before its reimbursement is locked: whoever confirms an
    effect holds that one first.
    """
    late = _fallen(resource, UNDER_WAY).values("reimbursement")
    numbers = ReimbursementJournal.objects.filter(reimbursement__in=late, status__in=["posting", "rejected"])
    ids = [str(pk) for pk in numbers.values_list("pk", flat=True)]
    sent = Effect.objects.filter(subject_type="costs.reimbursementjournal", subject_id__in=ids)
    for effect in sent.exclude(state__in=["cancelled", "superseded"]).order_by("pk"):
        try:
            with transaction.atomic():
                effects.cancel(effect_id=effect.pk, by=BY, reason="An expense in it is not owed any more.")
        except Denied:
            continue  # It may be in the ERP: taken back once it is known to be.


def _drop(due: Iterable[Reimbursement], gone: set[int]) -> set[int]:
    """Take out of what is not posted whatever its claim does not say any more, and add those claims to the `gone`;
    which reimbursements that moves.
    """
    live = ReimbursementItem.objects.filter(reimbursement__in=[row.pk for row in due], is_live=True)
    moved = ReimbursementItem.objects.filter(pk__in=live.values("pk")).exclude(
        pk__in=live.filter(_STANDS & _SAME).values("pk")
    )
    found = list(moved.values_list("pk", "reimbursement", "claim"))
    gone |= {claim for _, _, claim in found}
    ReimbursementItem.objects.filter(pk__in=[pk for pk, _, _ in found]).delete()
    return {reimbursement for _, reimbursement, _ in found}


def _gather(resource: int, due: dict[int, Reimbursement]) -> set[int]:
    """Put what is owed and in no reimbursement into one; which reimbursements that moves, new ones added to `due`."""
    live = ReimbursementItem.objects.filter(claim=OuterRef("pk"), is_live=True)
    rows = ExpenseClaim.objects.select_for_update(of=("self",), no_key=True).select_related(
        "legal_entity", "connection", "resource"
    )
    claims = rows.filter(
        ~Exists(live), ExpenseClaim.OWED, resource=resource, spent_on__gte=F("legal_entity__reimburse_from")
    ).exclude(amount=0)
    by_key = {_key(row): row for row in due.values()}
    made: list[ReimbursementItem] = []
    for claim in claims.order_by("pk"):
        key = (claim.legal_entity_id, claim.connection_id, claim.report, claim.currency)
        row = by_key.get(key)
        if row is None:
            row = by_key[key] = _open(claim)
            due[row.pk] = row
        made.append(
            ReimbursementItem(
                reimbursement=row,
                claim=claim,
                amount=claim.amount,
                currency=claim.currency,
                category=claim.category,
                spent_on=claim.spent_on,
                has_receipt=claim.has_receipt,
            )
        )
    ReimbursementItem.objects.bulk_create(made)
    return {item.reimbursement_id for item in made}


def _key(row: Reimbursement) -> tuple[int | None, int, str, str]:
    return row.legal_entity_id, row.connection_id, row.report, row.currency


def _open(claim: ExpenseClaim) -> Reimbursement:
    if claim.legal_entity is None or claim.resource is None or claim.approved_at is None:
        raise ValueError(f"{claim} is not owed to anybody.")
    entity, person = claim.legal_entity, claim.resource
    used = Reimbursement.objects.filter(legal_entity=entity, resource=person).count()
    return Reimbursement.objects.create(
        number=f"{entity.code}-EXP-{person.pk}-{used + 1}",
        legal_entity=entity,
        connection=claim.connection,
        resource=person,
        report=claim.report,
        currency=claim.currency,
        approved_at=claim.approved_at,
        version=0,
    )


def _refresh(row: Reimbursement, caused_by: str) -> None:
    """Its sum, and the moment from which it is owed. Other content lapses what was accepted of the earlier one."""
    items = list(row.items.select_related("claim"))
    before = row.amount
    values: dict[str, Any] = {
        "amount": sum((item.amount for item in items), ZERO),
        "approved_at": max((item.claim.approved_at or row.approved_at for item in items), default=row.approved_at),
        "accepted_by": "",
        "accepted_because": "",
    }
    if items:
        moves.keep(row, **values)
    else:
        moves.move(row, Status.WITHDRAWN, **values)
    action = "gathered" if items else "withdrawn"
    moves.told(action, row, BY, amount=row.amount, before=before, currency=row.currency, because=caused_by)


def _stopped(due: Iterable[Reimbursement]) -> None:
    """One case for each reimbursement that somebody has to accept; closed when nothing stops it any more."""
    for row in due:
        found = stops.standing(row) if row.status == Status.DUE else []
        if not found:
            cases.heal(code=stops.CODE, root_cause=stops.root(row), because="Nothing stops it any more", by=BY)
            continue
        cases.set_members(
            code=stops.CODE,
            root_cause=stops.root(row),
            title=f"{row} of {row.resource} waits: {found[0]}",
            detail=" ".join(found),
            remedy="Have it corrected in its source, or accept it with a reason; somebody else then posts it.",
            legal_entity=row.legal_entity.code,
            subject=("costs.reimbursement", str(row.pk), row.number),
            members=[cases.MemberIn("costs.reimbursement", str(row.pk), row.number, row.amount, row.currency)],
            by=BY,
        )


def _ring_others(claims: set[int], resource: int, caused_by: str) -> None:
    """A claim that went over to another person is gathered by that one's lane, now that this one let it go."""
    moved = ExpenseClaim.objects.filter(pk__in=claims).exclude(resource=resource)
    reimburse_soon(moved.values_list("resource", flat=True), caused_by=caused_by)
