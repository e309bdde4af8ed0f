"""Legal-entity scope, applied in queries: what a person may not see does not exist for them."""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from integration_hub.people.models import User

Row = TypeVar("Row", bound=Model)


def scoped(rows: "QuerySet[Row]", user: User, field: str = "legal_entity__code") -> "QuerySet[Row]":
    """Only the rows of the user's legal entities; rows that belong to none are for those who see all."""
    if user.all_legal_entities:
        return rows
    return rows.filter(scope_q(user, field))


def scope_q(user: User, field: str = "legal_entity__code") -> Q:
    """The scope as a condition, for joins."""
    if user.all_legal_entities:
        return Q()
    condition: dict[str, Any] = {f"{field}__in": list(user.legal_entities)}
    return Q(**condition)
