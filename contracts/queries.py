"""Reading what was agreed."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar, cast

from django.db import connection as database
from django.db.models import Model, Q, QuerySet

from contracts.models import (
    Amendment,
    BillTo,
    Contract,
    ContractVersion,
    Customer,
    ExchangeRate,
    ExternalReference,
    LegalEntity,
    Milestone,
    PayerShare,
    Project,
    RateRow,
    Route,
)
from integration_hub.canonical import Policy, in_force
from integration_hub.cases.models import Case, Member
from integration_hub.cases.queries import visible_to
from integration_hub.connectors.models import Connection
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.money import Quote
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.processes.models import Process

Row = TypeVar("Row", bound=Model)


def entity_of(code: str, *, record: str) -> LegalEntity:
    """A legal entity by its code, as a person or program typed it for a record. Raises BadInput."""
    found = LegalEntity.objects.filter(code=code, is_active=True).first()
    if found is None:
        raise BadInput(
            record, [Problem("legal_entity", f"{code!r} is not a legal entity of ours.", "Use the code of one.")]
        )
    return found


def contracts_for(user: User) -> QuerySet[Contract]:
    """Contracts of the user's legal entities, with what every list shows."""
    return scoped(Contract.objects.select_related("customer", "legal_entity"), user)


def referenced(connection: Connection, entity: str, source_ids: Iterable[str]) -> dict[str, int]:
    """Our row ids by the ids another system uses; unknown ids are absent."""
    return dict(
        ExternalReference.objects.filter(
            connection=connection, entity=entity, source_id__in=set(source_ids)
        ).values_list("source_id", "object_id")
    )


def source_ids(kind: type[Model], ids: Iterable[int], connection: Connection, entity: str) -> dict[int, str]:
    """Under which id another system knows our rows of one kind; rows it does not know are absent."""
    known = ExternalReference.objects.filter(
        connection=connection, entity=entity, object_type=kind._meta.label_lower, object_id__in=list(ids)
    )
    return dict(known.values_list("object_id", "source_id"))


def referenced_one(kind: type[Row], connection: Connection, entity: str, source_id: str | None) -> Row | None:
    """Our row known there under `source_id`, or None."""
    if not source_id:
        return None
    found = referenced(connection, entity, [source_id])
    return kind._default_manager.filter(pk=found[source_id]).first() if found else None


def reference_of(row: Model, connection: Connection, entity: str = "") -> ExternalReference | None:
    """How another system knows our row, or None if it does not."""
    rows = ExternalReference.objects.filter(
        connection=connection, object_type=row._meta.label_lower, object_id=row.pk
    ).order_by("id")
    return (rows.filter(entity=entity) if entity else rows).first()


def references_of(row: Model) -> QuerySet[ExternalReference]:
    """All the places our row is known, for the contract page."""
    return ExternalReference.objects.filter(object_type=row._meta.label_lower, object_id=row.pk).select_related(
        "connection"
    )


def route(role: str, legal_entity: LegalEntity) -> Connection | None:
    """The connection that plays `role` for a legal entity: its own route, else the one for all, else None."""
    found = (
        Route.objects.filter(Q(legal_entity=legal_entity) | Q(legal_entity__isnull=True), role=role)
        .select_related("connection")
        .order_by("legal_entity_id")  # NULL sorts last: the entity's own route wins
        .first()
    )
    return found.connection if found else None


def current_versions(contracts: Iterable[int]) -> dict[int, ContractVersion]:
    """The latest recorded version of each contract; none for those that are not signed."""
    rows = ContractVersion.objects.filter(contract__in=list(contracts)).order_by("contract_id", "-number")
    return {row.contract_id: row for row in rows.distinct("contract_id")}


def policy_of(contract: Contract) -> Policy:
    """How a contract is billed: as it says, else as its legal entity does (which is read with it)."""
    return in_force(contract.policy, contract.legal_entity.policy)


def rate_rows(contract: Contract) -> QuerySet[RateRow]:
    """Every price that may apply to a contract: its own, its customer chain's, its legal entity's."""
    return RateRow.objects.filter(
        _card_of([contract.pk], customer_chain(contract.customer_id), [contract.legal_entity_id]),
        withdrawn_in__isnull=True,
    ).select_related("card")


def _card_of(contracts: Iterable[int], customers: Iterable[int], entities: Iterable[int]) -> Q:
    return (
        Q(card__contract__in=list(contracts))
        | Q(card__customer__in=list(customers))
        | Q(card__legal_entity__in=list(entities))
    )


def rates_of(contracts: Sequence[Contract]) -> dict[int, list[RateRow]]:
    """`rate_rows` of many contracts at once. They come with their customers."""
    chains = customer_chains([contract.customer for contract in contracts])
    which = _card_of(
        {contract.pk for contract in contracts},
        {pk for chain in chains.values() for pk in chain},
        {contract.legal_entity_id for contract in contracts},
    )
    by_scope: dict[tuple[str, int | None], list[RateRow]] = defaultdict(list)
    for row in RateRow.objects.filter(which, withdrawn_in__isnull=True).select_related("card"):
        card = row.card
        by_scope[card.scope, card.contract_id or card.customer_id or card.legal_entity_id].append(row)
    found: dict[int, list[RateRow]] = {}
    for contract in contracts:
        scopes = [("contract", contract.pk), ("legal_entity", contract.legal_entity_id)]
        scopes += [("customer", pk) for pk in chains[contract.customer_id]]
        rows = [row for scope in scopes for row in by_scope.get(scope, ())]
        found[contract.pk] = sorted(rows, key=lambda row: (row.card_id, row.pk))
    return found


def lowers_price(amendment: Amendment) -> bool:
    """Whether an amendment, put in force as it stands, would lower a price of its contract."""
    new_rate, day = amendment.changes.get("new_rate"), amendment.effective_on
    if amendment.kind != Amendment.Kind.RATE or new_rate is None or day is None:
        return False
    running = RateRow.objects.filter(
        card__contract=amendment.contract_id, role=amendment.changes.get("role") or "", withdrawn_in__isnull=True
    )
    return running.filter(validity__contains=day, rate__gt=Decimal(new_rate)).exists()


def quotes_into(pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[Quote]]:
    """Corporate exchange rates by (base, quote), in order of their days; of one day the one recorded last."""
    found: dict[tuple[str, str], dict[date, Quote]] = {pair: {} for pair in pairs}
    codes = {code for pair in pairs for code in pair}
    rows = ExchangeRate.objects.filter(rate_type="corporate", base__in=codes, quote__in=codes) if pairs else ()
    for row in sorted(rows, key=lambda row: row.pk):
        for pair, divides in (((row.base, row.quote), False), ((row.quote, row.base), True)):
            if pair in found:
                found[pair][row.day] = Quote(row.rate, row.day, divides)
    return {pair: [by_day[day] for day in sorted(by_day)] for pair, by_day in found.items()}


LATEST_RATE = """
SELECT quoted.rate, quoted.day, quoted.base = {quote} AS divides
  FROM contracts_exchangerate AS quoted
 WHERE {when} AND quoted.rate_type = 'corporate' AND quoted.day <= {on}
   AND (quoted.base, quoted.quote) IN (({base}, {quote}), ({quote}, {base}))
 ORDER BY quoted.day DESC, quoted.id DESC LIMIT 1
"""
"""The corporate rate of a day, whichever way round it was quoted (R12): a statement of the SQL expressions `base`,
`quote` and `on`, asked only `when` that is true."""


def quote_of(base: str, quote: str, on: date) -> Quote | None:
    """The corporate rate of a day: the last on or before it, whichever way round it was quoted; None without one."""
    statement = LATEST_RATE.format(base="%(base)s", quote="%(quote)s", on="%(on)s", when="true")
    with database.cursor() as cursor:
        cursor.execute(statement, {"base": base, "quote": quote, "on": on})
        found = cursor.fetchone()
    return Quote(*found) if found else None


def customer_chain(customer_id: int) -> list[int]:
    """The customer and its ancestors, nearest first."""
    return customer_chains(Customer.objects.filter(pk=customer_id)).get(customer_id, [customer_id])


def customer_chains(customers: Iterable[Customer]) -> dict[int, list[int]]:
    """Each customer and its ancestors, nearest first; a statement for each generation above them."""
    parents = {customer.pk: customer.parent_id for customer in customers}
    wanted = set(parents)
    while above := {parent for parent in parents.values() if parent is not None} - parents.keys():
        parents.update(Customer.objects.filter(pk__in=above).values_list("pk", "parent_id"))
    chains: dict[int, list[int]] = {}
    for pk in wanted:
        chain, current = chains.setdefault(pk, []), cast(int | None, pk)
        while current is not None and current not in chain:
            chain.append(current)
            current = parents[current]
    return chains


# -- what screens show ------------------------------------------------------------------------------------------------


def entities_for(user: User) -> QuerySet[LegalEntity]:
    """The legal entities a person works for."""
    return scoped(LegalEntity.objects.order_by("code"), user, "code")


def customers_for(user: User) -> QuerySet[Customer]:
    """Customers with a contract or a bill-to in the person's legal entities; all for those who see all."""
    if user.all_legal_entities:
        return Customer.objects.all()
    through_contracts = scoped(Contract.objects.all(), user).values("customer")
    through_bill_tos = scoped(BillTo.objects.all(), user).values("customer")
    return Customer.objects.filter(Q(pk__in=through_contracts) | Q(pk__in=through_bill_tos))


def projects_for(user: User) -> QuerySet[Project]:
    """Projects of the person's contracts; those without a contract belong to those who see all."""
    return scoped(Project.objects.all(), user, "contract__legal_entity__code")


def price_history(contract: Contract) -> QuerySet[RateRow]:
    """Every price that applies or applied to a contract, withdrawn ones too."""
    return RateRow.objects.filter(
        Q(card__contract=contract)
        | Q(card__customer__in=customer_chain(contract.customer_id))
        | Q(card__legal_entity=contract.legal_entity_id)
    ).select_related("card", "introduced_in", "withdrawn_in")


def rows_of(contract: Contract) -> dict[tuple[str, int], str]:
    """What makes up a contract, by (object type, id), with its name: for references, cases and the timeline."""
    found: list[Model] = [contract, contract.customer, *contract.projects.all(), *contract.lines.all()]
    found += [*contract.amendments.all(), *Milestone.objects.filter(line__contract=contract)]
    if contract.opportunity is not None:
        found.append(contract.opportunity)
    return {
        (row._meta.label_lower, int(row.pk)): f"{str(row._meta.verbose_name).capitalize()} {_name(row)}"
        for row in found
    }


def _name(row: Model) -> str:
    return str(row.number if isinstance(row, Contract | Amendment) else row)


def references_among(rows: Iterable[tuple[str, int]]) -> QuerySet[ExternalReference]:
    """Where these rows, as (object type, id), are known in other systems."""
    known = list(rows)
    which = Q(pk__in=[])
    for kind in {kind for kind, _ in known}:
        which |= Q(object_type=kind, object_id__in=[pk for other, pk in known if other == kind])
    return ExternalReference.objects.filter(which).select_related("connection")


def processes_of(contract: Contract) -> QuerySet[Process]:
    """Sagas of a contract and of its amendments, newest first."""
    key = contract.number
    return Process.objects.filter(Q(business_key=key) | Q(business_key__startswith=f"{key}/")).order_by("-id")


def cases_of(contract: Contract, user: User) -> QuerySet[Case]:
    """Cases about a contract, or that hold up work of it, open ones first."""
    about = Q(subject_type="contracts.contract", subject_id=str(contract.pk))
    scope = Q(scope__in=[f"{kind}:{contract.number}" for kind in ("contract", "candidate", "credit-memo")])
    for kind, pk in rows_of(contract):
        if kind != Customer._meta.label_lower:
            scope |= Q(target_type=kind, target_id=str(pk))
    members = Member.objects.filter(scope).values("case")
    return visible_to(user).filter(about | Q(pk__in=members)).select_related("assigned_to")


def payers_of(contract: Contract) -> QuerySet[BillTo]:
    """Who has a share of a contract, by the agreements in force."""
    shares = PayerShare.objects.filter(split__contract=contract, split__withdrawn_at=None)
    return BillTo.objects.filter(pk__in=shares.values("bill_to")).select_related("customer").order_by("customer__name")


def billed_to(row: Customer | BillTo) -> "QuerySet[Contract]":
    """Contracts whose work is billed to a customer, or to one of its profiles: alone, or as one of several payers."""
    own, paying = ("bill_to", "bill_to") if isinstance(row, BillTo) else ("customer", "bill_to__customer")
    shares = PayerShare.objects.filter(**{paying: row}, split__withdrawn_at=None)
    return Contract.objects.filter(Q(**{own: row}) | Q(pk__in=shares.values("split__contract")))
