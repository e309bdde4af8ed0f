"""Approve a frozen selection of candidates in one act: each bound to the content that was seen, one by one (§5.3).

Whoever may approve each of them, how many people it takes and what a delegation covers is asked per candidate, when
its turn comes, by the action that approves a single one. What the person could not approve when it was chosen is left
out at once, so that they see why before they act; what has moved since then is left out too, and says what.
"""

from collections.abc import Sequence
from time import monotonic

from django.db import transaction
from django.db.models import QuerySet

from billing import changes
from billing.actions import approvals, checks
from billing.models import Approval, BulkApproval, BulkItem, Candidate
from billing.naming import code_words
from billing.queries import CANDIDATE_PARTS
from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Problem, Stale, ThroughlineError
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.trail.record import event
from integration_hub.work.actions import items

KIND = "billing.approve_many"
MOST = 500
"""Candidates that one act may take."""
TURN_SECONDS = 20
MOVED_WHILE_CHOSEN = "It moved between the list that was shown and the choice: look at it again."

Seen = Sequence[tuple[int, int | None, str | None]]
"""(candidate, version seen, content hash seen); what is None was not stated."""


@transaction.atomic
def freeze(*, by: User, seen: Seen, told: str) -> BulkApproval:
    """Keep the candidates a person chose, with what each says now. One that moved since it was seen, or that they
    cannot approve in one act with others, is left out with the reason.

    Raises BadInput for none or too many. Candidates outside of the person's legal entities are not there.
    """
    if not seen or len(seen) > MOST:
        words = f"names {len(seen)} candidates; at most {MOST} go at once." if seen else "names no candidate."
        raise BadInput("Bulk approval", [Problem("candidates", words, "Choose some of the list.")])
    stated = {pk: (version, content) for pk, version, content in seen}
    rows = scoped(Candidate.objects.select_related(*CANDIDATE_PARTS), by).filter(pk__in=list(stated))
    bulk = BulkApproval.objects.create(by=by, told=told[:500])
    for position, candidate in enumerate(rows.order_by("pk"), start=1):
        version, content = stated[candidate.pk]
        moved = version not in (None, candidate.version) or content not in (None, candidate.content_hash)
        reason = MOVED_WHILE_CHOSEN if moved else can_take(candidate, by).reason
        BulkItem.objects.create(
            bulk=bulk,
            position=position,
            candidate=candidate,
            content_hash=candidate.content_hash,
            content=checks.content(candidate),
            outcome=BulkItem.Outcome.LEFT_OUT if reason else BulkItem.Outcome.WAITING,
            reason=reason,
        )
    return bulk


def can_take(candidate: Candidate, by: User) -> Decision:
    """Whether a person may approve it now, by their own right or a lent one, without a look of its own."""
    return approvals.can_approve(candidate, by) and _plain(candidate)


def _plain(candidate: Candidate) -> Decision:
    """What is worth a look is approved on its own page, where it is shown."""
    if not candidate.warnings:
        return ALLOW
    return deny(f"Worth a look of its own: {'; '.join(map(code_words, candidate.warnings))}.")


@transaction.atomic
def decide(*, bulk_id: int, by: User, delegation_id: int | None = None) -> BulkApproval:
    """Approve what was frozen, candidate by candidate. Raises Denied for somebody else's, NotReady twice."""
    bulk = BulkApproval.objects.select_for_update(of=("self",), no_key=True).select_related("by").get(pk=bulk_id)
    if bulk.by_id != by.pk:
        raise Denied("Only who chose these candidates approves them.")
    if bulk.decided_at is not None:
        raise NotReady("This selection has been decided already. Choose again to see what is left.")
    bulk.delegation_id, bulk.decided_at = delegation_id, now()
    bulk.save()
    event(
        "billing.bulk_approval.decided",
        by=by,
        object_type="billing.bulkapproval",
        object_id=bulk.pk,
        label=str(bulk),
        told=bulk.told,
        count=bulk.items.count(),
    )
    _go_on(bulk)
    return bulk


def _go_on(bulk: BulkApproval) -> None:
    items.enqueue(KIND, lane=f"bulk-approval:{bulk.pk}", stage="ingest", payload={"bulk": bulk.pk}, dedupe="approve")


def work(*, bulk_id: int) -> None:
    """Go through what waits, as long as one turn of the lane lasts; the rest comes in further turns."""
    bulk, deadline = BulkApproval.objects.select_related("by").get(pk=bulk_id), monotonic() + TURN_SECONDS
    for item_id in list(_waiting(bulk)):
        take(bulk=bulk, item_id=item_id)
        if monotonic() > deadline:
            break
    with transaction.atomic():
        if _waiting(bulk).exists():
            _go_on(bulk)
        elif BulkApproval.objects.filter(pk=bulk.pk, finished_at=None).update(finished_at=now()):
            _finished(bulk)


def _waiting(bulk: BulkApproval) -> "QuerySet[BulkItem, int]":
    rows = bulk.items.filter(outcome=BulkItem.Outcome.WAITING).order_by("position")
    return rows.values_list("pk", flat=True)


@transaction.atomic
def take(*, bulk: BulkApproval, item_id: int) -> None:
    """Approve one candidate as it was frozen, or say why not; nothing when somebody else took it meanwhile."""
    item = BulkItem.objects.select_for_update(of=("self",), no_key=True).get(pk=item_id)
    if item.outcome != BulkItem.Outcome.WAITING:
        return
    try:
        with transaction.atomic():
            candidate = _as_frozen(item)
            approved = approvals.approve(
                candidate_id=candidate.pk,
                by=bulk.by,
                seen_version=candidate.version,
                seen_hash=item.content_hash,
                delegation_id=bulk.delegation_id,
            )
    except ThroughlineError as refusal:
        item.outcome, item.reason = BulkItem.Outcome.LEFT_OUT, str(refusal) or "It was refused."
    else:
        done = approved.status == Candidate.Status.APPROVED
        item.outcome = BulkItem.Outcome.APPROVED if done else BulkItem.Outcome.COUNTED
        item.approval = Approval.objects.filter(candidate=candidate, by=bulk.by, lapsed_at=None).latest("pk")
    item.save()


def _as_frozen(item: BulkItem) -> Candidate:
    """The candidate, locked, if its content is what was frozen and nothing about it is worth a look.

    Raises Stale, Denied.
    """
    rows = Candidate.objects.select_for_update(of=("self",), no_key=True).select_related(*CANDIDATE_PARTS)
    candidate = rows.get(pk=item.candidate_id)
    if candidate.content_hash != item.content_hash:
        raise Stale(f"It moved since it was chosen. {moved(item, candidate)}")
    _plain(candidate).or_raise()
    return candidate


def moved(item: BulkItem, candidate: Candidate) -> str:
    """What is otherwise in a candidate than when it was chosen, in sentences."""
    found = changes.between(item.content, checks.content(candidate))
    return " ".join(f"{one.what}: was {one.was or 'not there'}, is {one.now or 'not there'}." for one in found)


def _finished(bulk: BulkApproval) -> None:
    counts = {outcome: bulk.items.filter(outcome=outcome).count() for outcome in BulkItem.Outcome.values}
    event(
        "billing.bulk_approval.finished",
        by=bulk.by,
        object_type="billing.bulkapproval",
        object_id=bulk.pk,
        label=str(bulk),
        approved=counts["approved"],
        counted=counts["counted"],
        left_out=counts["left_out"],
    )
