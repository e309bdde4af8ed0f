"""Reimbursements in the trace: expense → reimbursement → journal → effect, beside the way to the client's invoice."""

from collections.abc import Iterable

from billing.models import BillableEvent
from contracts.lineage import link
from costs.models import ExpenseClaim, Reimbursement, ReimbursementJournal
from integration_hub.effects.models import Effect
from integration_hub.trail.lineage import BRANCHES, FINDERS, PROVIDERS, Hit, Node, Provider, Ref


def _reimbursements(keys: list[str]) -> Iterable[Node]:
    for row in Reimbursement.objects.filter(pk__in=keys).select_related("resource", "legal_entity"):
        yield Node(
            "reimbursement",
            str(row.pk),
            "decision",
            row.number,
            f"owed to {row.resource.name}",
            row.amount - row.taken_back,
            row.currency,
            link("costs:reimbursement-detail", row.pk),
            row.get_status_display(),
            "",
            row.legal_entity.code,
            {
                "Expense report": row.report,
                "Posted by": row.posted_by or "nobody yet",
                "Paid": str(row.paid_on or "not yet"),
            },
        )


def _journals(keys: list[str]) -> Iterable[Node]:
    rows = ReimbursementJournal.objects.filter(pk__in=keys)
    for row in rows.select_related("legal_entity", "connection", "reimbursement__resource"):
        yield Node(
            "reimbursement_journal",
            str(row.pk),
            "ledger",
            row.number,
            f"{row.reimbursement.resource.name}, dated {row.accounting_date}",
            row.amount,
            row.currency,
            link("costs:reimbursement-detail", row.reimbursement_id),
            row.get_status_display(),
            str(row.connection),
            row.legal_entity.code,
            {"Journal": row.remote_number or "none yet", "Settled": f"{row.settled.normalize():f} {row.currency}"},
        )


def _up_reimbursement(key: str, limit: int) -> list[Ref]:
    works = ExpenseClaim.objects.filter(items__reimbursement=int(key)).values("work_key")
    events = BillableEvent.objects.filter(work_key__in=works, is_current=True).order_by("pk")
    return [("event", str(pk)) for pk in events.values_list("pk", flat=True)[:limit]]


def _down_reimbursement(key: str, limit: int) -> list[Ref]:
    journals = ReimbursementJournal.objects.filter(reimbursement=int(key)).order_by("pk")
    told = Effect.objects.filter(subject_type="costs.reimbursement", subject_id=key).order_by("pk")
    found = [("reimbursement_journal", str(pk)) for pk in journals.values_list("pk", flat=True)[:limit]]
    return [*found, *(("effect", str(pk)) for pk in told.values_list("pk", flat=True)[:limit])]


def _up_journal(key: str, limit: int) -> list[Ref]:
    return [("reimbursement", str(ReimbursementJournal.objects.values_list("reimbursement", flat=True).get(pk=key)))]


def _down_journal(key: str, limit: int) -> list[Ref]:
    rows = Effect.objects.filter(subject_type="costs.reimbursementjournal", subject_id=key).order_by("pk")
    return [("effect", str(pk)) for pk in rows.values_list("pk", flat=True)[:limit]]


def _of_event(key: str, limit: int) -> list[Ref]:
    """The person's money, beside what the client is charged; nothing for work that is no expense."""
    event = BillableEvent.objects.only("work_key", "kind").get(pk=key)
    if event.kind != BillableEvent.Kind.EXPENSE:
        return []
    rows = Reimbursement.objects.filter(items__claim__work_key=event.work_key).order_by("pk").distinct()
    return [("reimbursement", str(pk)) for pk in rows.values_list("pk", flat=True)[:limit]]


def _find(text: str) -> Iterable[Hit]:
    by_number = Reimbursement.objects.filter(number__iexact=text)
    in_erp = ReimbursementJournal.objects.filter(remote_number__iexact=text).exclude(remote_number="")
    found = by_number | Reimbursement.objects.filter(pk__in=in_erp.values("reimbursement"))
    for row in found.select_related("legal_entity", "resource"):
        yield Hit(
            "reimbursement",
            str(row.pk),
            row.number,
            f"owed to {row.resource.name}",
            link("costs:reimbursement-detail", row.pk),
            legal_entity=row.legal_entity.code,
        )


def register() -> None:
    """Fill the lineage registries."""
    PROVIDERS.register(
        "reimbursement", Provider(_reimbursements, _up_reimbursement, _down_reimbursement, "costs.reimbursement")
    )
    PROVIDERS.register(
        "reimbursement_journal", Provider(_journals, _up_journal, _down_journal, "costs.reimbursementjournal")
    )
    BRANCHES.register("event:reimbursements", _of_event)
    FINDERS.register("reimbursements", _find)
