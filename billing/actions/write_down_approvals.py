"""Approve write-downs, and their reversal, by the matrix: other people than who proposed (billing.md §5.1, §5.2)."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing import policies, set_aside
from billing.actions.approvals import BEYOND
from billing.actions.write_downs import apply, locked, move, told
from billing.engine import approvals as engine
from billing.engine import matrix
from billing.models import WriteDown, WriteDownApproval
from contracts.models import Customer
from contracts.queries import quote_of
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.rules.queries import table_for
from integration_hub.rules.tables import Answer

ROLLING = timedelta(days=30)


def required(row: WriteDown) -> Answer:
    """Whom the matrix in force wants: by what was written off for the customer in 30 days and by its share (§5.2)."""
    amount = _counted(row.amount, row.currency, row) + _recent(row)
    share = row.amount / row.unbilled * 100
    table = table_for(matrix.KIND.name, row.legal_entity.code)
    return table.decide(
        {"act": matrix.WRITE_DOWN, "amount": float(amount), "first_invoice": False, "share": float(share)}
    )


def standing(row: WriteDown, answer: Answer | None = None) -> engine.Standing:
    """Who has to approve it, or its reversal, and who has."""
    given = [
        engine.Given(one.by.username, frozenset({one.by.role}), one.content_hash)
        for one in row.approvals.filter(of_reversal=is_reversal(row), lapsed=False).select_related("by")
    ]
    preparer = row.reversal_by if row.reversal_by is not None else row.proposed_by
    return engine.standing(
        engine.seats(answer or required(row)), given, content_hash=row.content_hash, prepared_by=preparer.username
    )


def is_reversal(row: WriteDown) -> bool:
    """Whether what waits for approval is its reversal."""
    return row.reversal_by_id is not None


def _recent(row: WriteDown) -> Decimal:
    """What else was written off of the customer's work of late, so that splitting avoids no threshold."""
    rows = WriteDown.objects.filter(
        contract__customer=row.contract.customer_id, status__in=WriteDown.COUNTED, decided_at__gt=now() - ROLLING
    ).exclude(kind=WriteDown.Kind.POSTPONEMENT)
    sums = rows.exclude(pk=row.pk).order_by().values_list("currency").annotate(Sum("amount"))
    return sum((_counted(total, currency, row) for currency, total in sums), ZERO)


def _counted(amount: Decimal, currency: str, row: WriteDown) -> Decimal:
    """In the legal entity's currency at today's rate; what nobody can convert is above every threshold."""
    own = row.legal_entity.currency
    if currency == own or not amount:
        return amount
    quote = quote_of(currency, own, today())
    return quote.convert(amount) if quote else BEYOND


@transaction.atomic
def approve(*, write_down_id: int, by: User, seen_version: int, seen_hash: str) -> WriteDown:
    """Approve a proposal, or the reversal of what is in force, as it was seen.

    With the last person needed it takes effect at once. Raises Denied, or Stale where it or the work moved since.
    """
    row = locked(write_down_id)
    policies.can_approve_write_down(row, by).or_raise()
    if row.version != seen_version or row.content_hash != seen_hash:
        raise Stale
    reversal = is_reversal(row)
    if not reversal:
        _still_open(row)
    Customer.objects.select_for_update(no_key=True).get(pk=row.contract.customer_id)
    wanted = required(row)
    WriteDownApproval.objects.create(
        write_down=row, of_reversal=reversal, by=by, content_hash=seen_hash, matrix=wanted.table,
        matrix_version=wanted.version, matrix_rule=wanted.rule,
    )  # fmt: skip
    stands = standing(row, wanted)
    told(
        row, "reversal_approved" if reversal else "approved", by, approvals=len(stands.counted), needed=stands.needed,
        matrix=wanted.told(),
    )  # fmt: skip
    if not stands.complete:
        WriteDown.objects.transition(row.pk, seen_version=seen_version)
        row.refresh_from_db()
        return row
    if reversal:
        move(row, WriteDown.Status.REVERSED, seen_version=seen_version, ended_at=now())
        told(row, "reversed", by, reason=row.ended_because)
    else:
        move(row, WriteDown.Status.IN_FORCE, seen_version=seen_version, decided_at=now())
    apply(row, by)
    return row


def _still_open(row: WriteDown) -> None:
    """Raises Stale where less of a work is open than was proposed, or it has another price."""
    parts = list(row.parts.all())
    found = set_aside.open_works(row.contract, [part.work_key for part in parts])
    for part in parts:
        work = found.get(part.work_key)
        if work is None or work.value < part.amount or (part.rate is not None and work.rate != part.rate):
            raise Stale(f"What is open of {part.work_key} moved since it was proposed. Refuse it and propose it anew.")


@transaction.atomic
def ask_reversal(*, write_down_id: int, by: User, seen_version: int, reason: str) -> WriteDown:
    """Propose to take a write-down back; others approve that. Raises Denied, Stale, BadInput."""
    row = locked(write_down_id)
    policies.can_reverse_write_down(row, by).or_raise()
    if not reason.strip():
        raise BadInput(str(row), [Problem("reason", "it is empty.", "Say why it is to be billed after all.")])
    move(row, WriteDown.Status.REVERSING, seen_version=seen_version, reversal_by=by, ended_because=reason.strip())
    told(row, "reversal_proposed", by, reason=reason.strip())
    return row


@transaction.atomic
def refuse_reversal(*, write_down_id: int, by: User, seen_version: int) -> WriteDown:
    """It stays written off. Raises Denied, Stale."""
    row = locked(write_down_id)
    policies.can_refuse_reversal(row, by).or_raise()
    move(row, WriteDown.Status.IN_FORCE, seen_version=seen_version, reversal_by=None, ended_because="")
    row.approvals.filter(of_reversal=True).update(lapsed=True)
    told(row, "reversal_refused", by)
    return row
