"""Delivered work: what the PSA has, what counts here, what it costs, and the journals of the ERP."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from billing.models import BillableEvent, Journal, RevenuePosting
from costs.models import Cost, CostPosting, ReimbursementJournal
from integration_hub.effects.ledger import ABSENT, FIRST
from integration_hub.effects.models import Effect
from reconciliation.books import ours, sources
from reconciliation.matching.pairs import Item, Pair, Reading, Side


def _work(known: sources.Known, record: Any, first: Any) -> Item:
    key = f"{known.connection.code}:{record.entity}:{record.source_id}"
    place = known.projects.get(record.project_id, "")
    if record.entity == "time_entry":
        was = first.minutes if first is not None and first.minutes != record.minutes else None
        return Item(key, key, place, "", record.minutes, on_date=record.worked_on, was=was, label=record.source_id)
    was = first.amount if first is not None and first.amount != record.amount else None
    return Item(key, key, place, record.currency, record.amount, on_date=record.spent_on, was=was,
                label=record.source_id)  # fmt: skip


def _psa(legal_entity: str) -> Reading:
    return sources.reading("psa", ("time_entry", "expense"), _work, legal_entity)


_CAME = Q(is_current=True, is_deleted=False, source_version__isnull=False)


def _events(legal_entity: str) -> Reading:
    """Time and expenses as they count here, approved or not."""
    rows = BillableEvent.objects.filter(_CAME, kind__in=[BillableEvent.Kind.TIME, BillableEvent.Kind.EXPENSE])
    rows = rows.filter(legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=F("work_key"), ref=F("work_key"), legal_entity=F("legal_entity__code"), currency=F("currency"),
        amount=Coalesce(F("minutes"), F("amount")), on_date=F("service_date"), at=F("recorded_at"),
        label=F("source_version__source_id"), link=ours.link("billing.billableevent"),
    )  # fmt: skip


def _costly(legal_entity: str) -> Reading:
    """Time of projects whose legal entity keeps costs, from the day it does."""
    rows = BillableEvent.objects.filter(
        is_current=True, is_deleted=False, kind=BillableEvent.Kind.TIME, approval=BillableEvent.Approval.APPROVED,
        project__contract__legal_entity__costs_from__lte=F("service_date"),
    )  # fmt: skip
    rows = rows.filter(project__contract__legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=F("work_key"), ref=F("work_key"), legal_entity=F("project__contract__legal_entity__code"),
        amount=F("minutes"), on_date=F("service_date"), at=F("recorded_at"), label=F("work_key"),
        link=ours.link("billing.billableevent"),
    )  # fmt: skip


def _costed(legal_entity: str) -> Reading:
    rows = Cost.objects.filter(is_current=True)
    rows = rows.filter(legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=F("work_key"), ref=F("work_key"), legal_entity=F("legal_entity__code"), amount=F("minutes"),
        on_date=F("service_date"), at=F("recorded_at"), label=F("work_key"),
    )  # fmt: skip


def _posted(legal_entity: str) -> Reading:
    """Each cost under the number of the journal it went with."""
    rows = Cost.objects.filter(posting__status__in=[CostPosting.Status.POSTING, CostPosting.Status.POSTED])
    rows = rows.filter(legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=ours.joined("posting__number", Value("/"), ours.text("pk")), ref=F("posting__number"),
        legal_entity=F("legal_entity__code"), currency=F("currency"), amount=F("amount"),
        on_date=F("posting__accounting_date"), at=F("posting__created_at"), label=F("work_key"),
    )  # fmt: skip


def _journals(legal_entity: str) -> Reading:
    """Journals as the ERP showed them when they were read back there."""
    return Reading(items=_read_back(CostPosting, legal_entity))


def _recognised(legal_entity: str) -> Reading:
    """What each revenue journal was sent to add to revenue."""
    return _sent(RevenuePosting, legal_entity, label=F("contract__number"), link=ours.link("billing.revenueposting"))


def _sent(model: type[Journal], legal_entity: str, **more: Any) -> Reading:
    """Journals under their numbers, as they were sent."""
    rows = model._default_manager.filter(status__in=[Journal.Status.POSTING, Journal.Status.POSTED])
    rows = rows.filter(legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=F("number"), ref=F("number"), legal_entity=F("legal_entity__code"), currency=F("currency"),
        amount=F("amount"), on_date=F("accounting_date"), at=F("created_at"), **more,
    )  # fmt: skip


def _revenue(legal_entity: str) -> Reading:
    return Reading(items=_read_back(RevenuePosting, legal_entity))


def _owed(legal_entity: str) -> Reading:
    """What each journal of a reimbursement was sent to owe somebody, or to take back."""
    return _sent(ReimbursementJournal, legal_entity, label=F("reimbursement__number"))


def _booked(legal_entity: str) -> Reading:
    return Reading(items=_read_back(ReimbursementJournal, legal_entity))


def _read_back(model: type[Journal], legal_entity: str) -> Iterator[Item]:
    effects = Effect.objects.filter(
        effect_type__endswith=".journal.post", state=Effect.State.CONFIRMED, subject_type=model._meta.label_lower
    )
    effects = effects.filter(legal_entity=legal_entity) if legal_entity else effects
    postings = {row.number: row for row in model._default_manager.filter(number__in=effects.values("business_key"))}
    for effect in effects.order_by("business_key"):
        if ABSENT not in effect.remote:  # read once more, the ERP did not show it
            yield _shown(effect, postings[effect.business_key])


def _shown(effect: Effect, posting: Journal) -> Item:
    """A journal as it was read last, and what it said at first where that was something else."""
    first = _added(effect, posting, effect.remote.get(FIRST, effect.remote))
    amount = _added(effect, posting, effect.remote)
    return Item(
        key=effect.business_key, ref=effect.business_key, legal_entity=effect.legal_entity,
        currency=str(effect.remote.get("currency") or effect.currency), amount=amount,
        on_date=_dated(effect.remote.get("date")) or posting.accounting_date, at=effect.updated_at,
        was=first if first != amount else None, label=effect.remote_number, link=f"effect:{effect.pk}",
    )  # fmt: skip


def _added(effect: Effect, posting: Journal, shown: dict[str, Any]) -> Decimal:
    """What a journal adds, by its debits beside those that were sent."""
    sent = Decimal(effect.payload["total"])
    debits = Decimal(shown.get("debits") or sent)
    return Decimal(posting.amount) + debits - sent


def _dated(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text or ""))
    except ValueError:
        return None


ALL = (
    Pair(
        name="work", title="Time and expenses", weight=40, view="billing.view_billableevent",
        about="What was recorded in the PSA, against the work that counts here. Time is compared in minutes.",
        left=Side("Records of the PSA", _psa, sources.feeds_of("psa", "time_entry", "expense")),
        right=Side("Work here", _events),
    ),
    Pair(
        name="costed", title="Costs of time", weight=50, view="costs.view_cost",
        about="Approved time of legal entities that keep costs, against what was counted as its cost, in minutes.",
        left=Side("Approved time", _costly), right=Side("Costs", _costed),
    ),
    Pair(
        name="journals", title="Cost journals", weight=60, view="costs.view_costposting",
        about="The costs of each journal, summed, against the journal as the ERP showed it.",
        left=Side("Posted costs", _posted), right=Side("Journals in the ERP", _journals),
    ),
    Pair(
        name="reimbursements", title="Reimbursement journals", weight=62, view="costs.view_reimbursement",
        about="What people are owed, and what was taken back of it, against these journals as the ERP showed them.",
        left=Side("Posted reimbursements", _owed), right=Side("Journals in the ERP", _booked),
    ),
    Pair(
        name="revenue", title="Revenue journals", weight=65, view="billing.view_revenueposting",
        about="What recognised months added to revenue, against their journals as the ERP showed them.",
        left=Side("Posted revenue", _recognised), right=Side("Journals in the ERP", _revenue),
    ),
)  # fmt: skip
