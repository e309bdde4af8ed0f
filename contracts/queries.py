"""Reading what was agreed."""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from contracts.models import Contract, ContractVersion, ExternalReference, LegalEntity, RateRow, Route
from integration_hub.connectors.models import Connection
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

Row = TypeVar("Row", bound=Model)


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


def current_version(contract: Contract) -> ContractVersion | None:
    """The latest recorded version, or None before signature."""
    return contract.versions.order_by("-number").first()


def rate_rows(contract: Contract) -> QuerySet[RateRow]:
    """Every price that may apply to a contract: its own, its customer chain's, its legal entity's."""
    return RateRow.objects.filter(
        Q(card__contract=contract)
        | Q(card__customer__in=customer_chain(contract.customer_id))
        | Q(card__legal_entity=contract.legal_entity_id),
        withdrawn_in__isnull=True,
    ).select_related("card")


def customer_chain(customer_id: int) -> list[int]:
    """The customer and its ancestors, nearest first."""
    from contracts.models import Customer

    chain: list[int] = []
    current: int | None = customer_id
    while current is not None and current not in chain:
        chain.append(current)
        current = Customer.objects.filter(pk=current).values_list("parent_id", flat=True).first()
    return chain
