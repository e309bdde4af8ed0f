"""Customers, legal entities and periods as their owners report them."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Q

from contracts import events
from contracts.models import AccountingPeriod, BillTo, Contract, Customer, LegalEntity, PaymentTerm
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor, event


def save_legal_entity(*, record: canonical.LegalEntity, by: Actor) -> LegalEntity:
    """Create or update a legal entity. Its currency never changes once there are contracts."""
    entity, created = LegalEntity.objects.get_or_create(
        code=record.code,
        defaults={"name": record.name, "currency": record.currency, "country": record.country.upper()},
    )
    if created:
        event(
            "contracts.legal_entity.created",
            by=by,
            object_type="contracts.legalentity",
            object_id=entity.pk,
            label=entity.code,
            legal_entity=entity.code,
        )
        return entity
    if entity.currency != record.currency and entity.contracts.exists():
        raise BadInput(
            f"Legal entity {entity.code}",
            [
                Problem(
                    "currency",
                    f"cannot change from {entity.currency} to {record.currency} with contracts in force.",
                    "Open a new legal entity.",
                )
            ],
        )
    _update(
        entity,
        by,
        "contracts.legal_entity.changed",
        entity.code,
        name=record.name,
        currency=record.currency,
        country=record.country.upper(),
    )
    return entity


@transaction.atomic
def known_or_new(records: Sequence[canonical.CustomerAccount]) -> dict[str, Customer]:
    """The customers that accounts are of, by their number; one that the ERP knows first is made from its account."""
    named = {record.code: record for record in records}
    known = set(Customer.objects.filter(code__in=named).values_list("code", flat=True))
    fresh = [
        Customer(code=code, name=record.name, currency=record.currency or "")
        for code, record in named.items()
        if code not in known
    ]
    Customer.objects.bulk_create(fresh, ignore_conflicts=True)  # whoever made one meanwhile knows it better
    return {row.code: row for row in Customer.objects.filter(code__in=named).order_by("code")}


def save_payment_term(*, record: canonical.PaymentTerm) -> PaymentTerm:
    """Create or update payment terms."""
    term, _ = PaymentTerm.objects.update_or_create(name=record.name, defaults={"days": record.days})
    return term


def save_period(*, legal_entity: LegalEntity, record: canonical.AccountingPeriod, by: Actor) -> AccountingPeriod:
    """Take over a period and its locks from the ERP."""
    status = AccountingPeriod.Status.CLOSED if record.closed or record.ar_locked else AccountingPeriod.Status.OPEN
    period, created = AccountingPeriod.objects.get_or_create(
        legal_entity=legal_entity,
        module="ar",
        starts_on=record.starts_on,
        defaults={
            "name": record.name,
            "ends_on": record.ends_on,
            "status": status,
            "is_shared": record.legal_entity_id is None,
        },
    )
    if not created:
        _update(
            period,
            by,
            f"contracts.period.{status}",
            legal_entity.code,
            name=record.name,
            ends_on=record.ends_on,
            status=status,
        )
    return period


def share_periods(*, legal_entity: LegalEntity) -> int:
    """Give a new legal entity the periods its ERP keeps for all of them. Returns how many."""
    shared = AccountingPeriod.objects.filter(is_shared=True).exclude(legal_entity=legal_entity)
    like = shared.values_list("legal_entity", flat=True).first()
    if like is None or legal_entity.periods.exists():
        return 0
    fields = ("module", "name", "starts_on", "ends_on", "status", "is_shared")
    rows = [
        AccountingPeriod(legal_entity=legal_entity, **{name: getattr(row, name) for name in fields})
        for row in shared.filter(legal_entity=like)
    ]
    return len(AccountingPeriod.objects.bulk_create(rows))


def save_customer(*, record: canonical.Customer, parent: Customer | None, by: Actor) -> Customer:
    """Create or update a customer. A circular tree is refused with the field and the remedy."""
    fields = {
        "name": record.name,
        "parent": parent,
        "currency": record.currency or "",
        "country": record.country.upper(),
        "region": record.region,
        "city": record.city,
        "street": record.street,
        "postal_code": record.postal_code,
        "tax_id": record.tax_id,
    }
    try:
        with transaction.atomic():
            customer, created = Customer.objects.get_or_create(code=record.code, defaults=fields)
            if not created and _update(customer, by, "contracts.customer.changed", "", **fields):
                _tell_contracts(customer)
    except IntegrityError as error:
        if "own ancestor" not in str(error):
            raise
        problem = Problem("parent_id", "makes the customer its own ancestor.", "Correct the parent account in the CRM.")
        raise BadInput(f"Customer {record.code}", [problem]) from error
    if created:
        event(
            "contracts.customer.created",
            by=by,
            object_type="contracts.customer",
            object_id=customer.pk,
            label=customer.name,
        )
    return customer


def _tell_contracts(customer: Customer) -> None:
    """A new address completes the bill-to, or makes it incomplete; open candidates are checked again."""
    paid = Q(customer=customer) | Q(payer_splits__shares__bill_to__customer=customer)
    for contract in Contract.objects.select_related("legal_entity").filter(paid).distinct().order_by("pk"):
        bill_to_of(contract=contract, customer=customer)
        events.agreement_changed(contract, "customer")


def ensure_bill_to(*, contract: Contract) -> BillTo:
    """The bill-to profile of a contract's customer, entity and currency; verified when the address is complete."""
    return bill_to_of(contract=contract, customer=contract.customer)


def bill_to_of(*, contract: Contract, customer: Customer) -> BillTo:
    """The same of any customer who pays for the work of a contract."""
    bill_to, _ = BillTo.objects.get_or_create(
        customer=customer,
        legal_entity=contract.legal_entity,
        currency=contract.currency,
        defaults={"payment_terms": contract.payment_terms},
    )
    complete = bool(customer.country and customer.city and customer.street)
    status = BillTo.Status.VERIFIED if complete else BillTo.Status.DRAFT
    if bill_to.status in {BillTo.Status.DRAFT, BillTo.Status.VERIFIED} and bill_to.status != status:
        bill_to.status = status
        bill_to.save(update_fields=["status", "updated_at"])
    return bill_to


def _update(
    row: Customer | LegalEntity | AccountingPeriod, by: Actor, action: str, entity: str, **fields: object
) -> bool:
    """Store what differs; whether anything did."""
    changed = {name: value for name, value in fields.items() if getattr(row, name) != value}
    if not changed:
        return False
    before = {name: str(getattr(row, name) or "") for name in changed}
    for name, value in changed.items():
        setattr(row, name, value)
    row.save(update_fields=[*changed, "updated_at"])  # what others moved since it was read stays as it is
    event(
        action,
        by=by,
        object_type=row._meta.label_lower,
        object_id=row.pk,
        label=str(row),
        legal_entity=entity,
        before=before,
        after={name: str(value or "") for name, value in changed.items()},
    )
    return True
