"""What was agreed and with whom: customers, contracts and billing schedules."""

from typing import Any

from django.db.models import F, Q

from billing.models import BillableEvent, ScheduleItem
from contracts.models import Contract, Customer
from reconciliation.books import ours, sources
from reconciliation.matching.pairs import Item, Pair, Reading, Side


def _customers(legal_entity: str) -> Reading:
    """Customers with a contract that is in force."""
    rows = Customer.objects.filter(_billed(legal_entity)).exclude(status__in=["inactive", "merged"]).distinct()
    return ours.reading(rows, key=F("code"), ref=F("code"), label=F("name"), at=F("created_at"),
                        link=ours.link("contracts.customer"))  # fmt: skip


def _billed(legal_entity: str) -> Q:
    in_force = Q(contracts__status=Contract.Status.ACTIVE)
    return in_force & Q(contracts__legal_entity__code=legal_entity) if legal_entity else in_force


def _account(known: sources.Known, record: Any, first: Any) -> Item | None:
    """An account of a customer that we bill; the ERP has others, which are none of ours."""
    if record.inactive or record.code not in known.billed:
        return None
    return Item(key=known.key(record.source_id), ref=record.code, legal_entity="", label=record.name)


def _accounts(legal_entity: str) -> Reading:
    return sources.reading("erp", ("customer_account",), _account, legal_entity)


def _contracts(legal_entity: str) -> Reading:
    rows = Contract.objects.exclude(status=Contract.Status.DRAFT)
    rows = rows.filter(legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=F("number"), ref=F("number"), legal_entity=F("legal_entity__code"), currency=F("currency"),
        on_date=F("starts_on"), at=F("created_at"), party=F("customer__code"), label=F("name"),
        link=ours.link("contracts.contract"),
    )  # fmt: skip


def _agreed(known: sources.Known, record: Any, first: Any) -> Item | None:
    if record.status == "draft":
        return None
    return Item(
        key=known.key(record.source_id), ref=record.number, legal_entity=record.legal_entity, currency=record.currency,
        on_date=record.starts_on, party=known.customer(record.customer_id), label=record.name,
    )  # fmt: skip


def _crm(legal_entity: str) -> Reading:
    return sources.reading("crm", ("contract",), _agreed, legal_entity)


def _due(legal_entity: str) -> Reading:
    """Instalments and fees that fell due."""
    rows = ScheduleItem.objects.filter(status=ScheduleItem.Status.DUE)
    rows = rows.filter(line__contract__legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=ours.text("pk"), ref=ours.text("pk"), legal_entity=F("line__contract__legal_entity__code"),
        currency=F("currency"), amount=F("amount"), on_date=F("due_on"), at=F("updated_at"), label=F("line__name"),
        link=ours.link("contracts.contract", "line__contract"),
    )  # fmt: skip


def _fees(legal_entity: str) -> Reading:
    rows = BillableEvent.objects.filter(is_current=True, is_deleted=False, schedule_item__isnull=False)
    rows = rows.filter(legal_entity__code=legal_entity) if legal_entity else rows
    return ours.reading(
        rows,
        key=F("work_key"), ref=ours.text("schedule_item_id"), legal_entity=F("legal_entity__code"),
        currency=F("currency"), amount=F("amount"), on_date=F("service_date"), at=F("recorded_at"),
        label=F("description"), link=ours.link("billing.billableevent"),
    )  # fmt: skip


ALL = (
    Pair(
        name="contracts", title="Contracts", weight=70, view="contracts.view_contract",
        about="Agreements of the CRM, against the contracts here: currency, beginning, legal entity and customer.",
        left=Side("Agreements in the CRM", _crm, sources.feeds_of("crm", "contract")),
        right=Side("Contracts here", _contracts),
    ),
    Pair(
        name="customers", title="Customers", weight=80, view="contracts.view_customer",
        about="Customers with a contract in force, against their accounts in the ERP.",
        left=Side("Customers here", _customers),
        right=Side("Accounts in the ERP", _accounts, sources.feeds_of("erp", "customer_account")),
    ),
    Pair(
        name="schedules", title="Billing schedules", weight=90, view="billing.view_billableevent",
        about="Instalments and fees that fell due, against what was entered to be billed for them.",
        left=Side("Due by schedule", _due), right=Side("Entered to be billed", _fees),
    ),
)  # fmt: skip
