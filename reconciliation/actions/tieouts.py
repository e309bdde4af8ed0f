"""Tie-outs: compare every arrow now, keep the statement as evidence, and open a case for each that does not agree."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.trail import record
from integration_hub.trail.record import Actor, actor_name
from integration_hub.work.actions import items
from integration_hub.work.models import Item
from integration_hub.work.registry import Job
from reconciliation import ledger, policies
from reconciliation.models import Break, TieOut
from reconciliation.totals import Arrow, Statement, intake_totals, statement

KIND = "reconciliation.tie_out"
LANE = "reconciliation:tie-out"
BY = "system:reconciliation"
CODE = "CONTROL_TOTAL"
ROOT = "tie-out:"
KEY = ("name", "legal_entity", "currency")
EVERY = timedelta(days=1)
REMEDY = (
    "Follow both sides to their rows: the trace of a record shows every step. Nothing is corrected by itself; "
    "the exception closes when the next tie-out agrees."
)


def run(by: Actor) -> TieOut:
    """Compare all arrows now, the ERP's own books included, and store what was found.

    Calls other systems, so it runs outside transactions. An ERP that does not answer is named in the statement; its
    arrows are left out, never assumed. Raises Denied.
    """
    policies.can_run(by).or_raise()
    books = ledger.ask()
    result = statement(books.totals)
    return _store(result, books, by)


@transaction.atomic
def request(by: Actor) -> Item | None:
    """Have a tie-out run by the bulk stage; None when one waits already. Raises Denied."""
    policies.can_run(by).or_raise()
    item = items.enqueue(KIND, lane=LANE, stage="bulk", payload={"by": actor_name(by)}, dedupe=KIND)
    if item is not None:
        record.event(
            "reconciliation.tie_out.requested", by=by, object_type="tie_out", object_id=item.pk, label="tie-out"
        )
    return item


def work(job: Job) -> None:
    """The handler of a requested tie-out: who asked is kept on the statement."""
    books = ledger.ask()
    _store(statement(books.totals), books, BY, started_by=str(job.payload.get("by") or BY))


def daily() -> bool:
    """The tick: ask for a tie-out when the last one is a day old. Whether one was asked for."""
    if TieOut.objects.filter(at__gt=now() - EVERY).exists():
        return False
    return request(BY) is not None


@transaction.atomic
def _store(result: Statement, books: ledger.Books, by: Actor, started_by: str = "") -> TieOut:
    broken = [arrow for arrow in result.arrows if not arrow.agrees]
    tie_out = TieOut.objects.create(
        started_by=started_by or actor_name(by),
        agrees=not broken,
        totals={
            "arrows": [_arrow(arrow) for arrow in result.arrows],
            "figures": _plain(result.figures),
            "cases": _plain(result.cases),
            "holds": _plain(result.holds),
            "records": dict(intake_totals()),
            "silent": books.silent,
        },
    )
    Break.objects.bulk_create(_break(tie_out, arrow) for arrow in broken)
    for arrow in broken:
        _raise(arrow, tie_out)
    _heal(result, broken, books)
    record.event(
        "reconciliation.tie_out.run",
        by=by,
        object_type="tie_out",
        object_id=tie_out.pk,
        label="agrees"
        if not broken
        else f"{len(broken)} comparison{'s do' if len(broken) != 1 else ' does'} not agree",
        arrows=len(result.arrows),
        breaks=len(broken),
        silent=sorted(books.silent),
    )
    return tie_out


def _arrow(arrow: Arrow) -> dict[str, Any]:
    return {
        "name": arrow.name,
        "legal_entity": arrow.legal_entity,
        "currency": arrow.currency,
        "left_name": arrow.left_name,
        "left": format(arrow.left, "f"),
        "right_name": arrow.right_name,
        "right": format(arrow.right, "f"),
        "agrees": arrow.agrees,
    }


def _plain(value: Any) -> Any:
    """The same with exact amounts as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _break(tie_out: TieOut, arrow: Arrow) -> Break:
    return Break(
        tie_out=tie_out,
        arrow=arrow.name,
        legal_entity=arrow.legal_entity[:16],
        currency=arrow.currency,
        left=arrow.left,
        right=arrow.right,
        detail={"left": arrow.left_name, "right": arrow.right_name},
    )


def _root_cause(arrow: Arrow) -> str:
    return _key(name=arrow.name, legal_entity=arrow.legal_entity, currency=arrow.currency)


def _key(*, name: str, legal_entity: str, currency: str) -> str:
    return f"{ROOT}{name}:{legal_entity}:{currency}"


def still_breaks(root_cause: str) -> bool:
    """Whether the last tie-out found this arrow not to agree."""
    last = TieOut.objects.first()
    arrows = last.totals["arrows"] if last is not None else []
    return any(not row["agrees"] and _key(**{name: row[name] for name in KEY}) == root_cause for row in arrows)


def _raise(arrow: Arrow, tie_out: TieOut) -> None:
    where = f"{arrow.legal_entity} {arrow.currency}".strip()
    gap = abs(arrow.left - arrow.right)
    cases.set_members(
        code=CODE,
        root_cause=_root_cause(arrow),
        title=f"{where}: {arrow.left_name} and {arrow.right_name} differ by {gap:,.2f}",
        detail=f"{arrow.left_name} {arrow.left:,.2f}, {arrow.right_name} {arrow.right:,.2f}.",
        remedy=REMEDY,
        # Work without a contract belongs to no legal entity; its arrow says so in brackets.
        legal_entity="" if arrow.legal_entity.startswith("(") else arrow.legal_entity,
        subject=("reconciliation.tieout", tie_out.pk, "the tie-out"),
        members=[MemberIn("tie_out.arrow", _root_cause(arrow)[:80], arrow.name,
                          gap if arrow.currency else None, arrow.currency)],
        by=BY,
    )  # fmt: skip


def _heal(result: Statement, broken: list[Arrow], books: ledger.Books) -> None:
    """Close the cases of arrows that agree again. Where an ERP was silent, its arrows are not known to agree."""
    standing = {_root_cause(arrow) for arrow in broken}
    compared = {_root_cause(arrow) for arrow in result.arrows}
    open_ones = Case.objects.filter(code=CODE, root_cause__startswith=ROOT, status__in=Case.OPEN_STATES)
    for root_cause in open_ones.values_list("root_cause", flat=True):
        if root_cause not in standing and (books.complete or root_cause in compared):
            cases.heal(code=CODE, root_cause=root_cause, because="The next tie-out agrees.", by=BY)
