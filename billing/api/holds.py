"""Holds: read, place, release."""

from typing import Any

import django_filters
from django.db.models import CharField, Model, Q, QuerySet
from django.db.models.functions import Cast
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import simulation
from billing.actions import holds
from billing.api.serializers import HoldSerializer, PlaceHoldSerializer, ReleaseHoldSerializer
from billing.api.simulations import SimulationSerializer, answered
from billing.models import BillableEvent, Hold, HoldCode
from contracts.models import BillTo, Contract, ContractLine, Customer, Milestone, Project
from integration_hub.api.filters import IdOrName
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.people.models import User
from integration_hub.people.scope import scope_q, scoped

_NAMED: dict[str, tuple[type[Model], str, str]] = {
    "contract": (Contract, "number", "legal_entity__code"),
    "project": (Project, "code", "contract__legal_entity__code"),
    "customer": (Customer, "code", ""),
    "milestone": (Milestone, "", "line__contract__legal_entity__code"),
    "line": (ContractLine, "", "contract__legal_entity__code"),
    "bill_to": (BillTo, "", "legal_entity__code"),
}
"""Per scope: the rows, the field people call them by, and where their legal entity is."""


class HoldFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which holds."""

    status = django_filters.ChoiceFilter(choices=Hold.Status.choices)
    scope = django_filters.ChoiceFilter(choices=Hold.Scope.choices)
    code = django_filters.ChoiceFilter(choices=HoldCode.choices)
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    contract = IdOrName(field_name="contract", name="number")


class Holds(Nouns):
    """Reasoned stops on billing."""

    required_scopes = {"GET": "billing:read", "POST": "holds:write"}
    required_permission = "billing.view_hold"
    serializer_class = HoldSerializer
    filterset_class = HoldFilter

    def rows(self, user: User) -> QuerySet[Hold]:
        """Holds of the person's legal entities, and those on customers of these."""
        rows = Hold.objects.select_related("legal_entity", "contract")
        if user.all_legal_entities:
            return rows
        theirs = _customers(user).annotate(as_text=Cast("customer", CharField())).values("as_text")
        return rows.filter(scope_q(user) | Q(scope=Hold.Scope.CUSTOMER, target_id__in=theirs))

    @extend_schema(request=PlaceHoldSerializer, responses={201: HoldSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Place a hold. One that is open already for this target and code answers 409."""
        body = self.taken(PlaceHoldSerializer)
        hold = holds.place(
            scope=body["scope"],
            target=target_of(body["scope"], body["target"], person(request)),
            code=body["code"],
            by=person(request),
            reason=body["reason"],
            review_on=body.get("review_on"),
        )
        return Response(HoldSerializer(hold).data, status=201)

    @extend_schema(request=ReleaseHoldSerializer, responses=HoldSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """Release a hold; not one you placed yourself."""
        hold, body = self.get_object(), self.taken(ReleaseHoldSerializer)
        holds.release(hold_id=hold.pk, by=person(request), seen_version=body["version"], note=body["note"])
        return self.shown(hold)

    @extend_schema(responses=SimulationSerializer(many=True))
    @action(detail=True, methods=["get"])
    def simulation(self, _request: Request, pk: str) -> Response:
        """What its release would bring: tried with the same code, and taken back."""
        return answered(simulation.of_hold(self.get_object()))


def target_of(scope: str, text: str, user: User) -> str:
    """What the action takes for a target that a person named by id, number or code.

    Raises BadInput when the person can see no such target, or when the text means two of them.
    """
    if scope == Hold.Scope.EVENT:
        found = _event_keys(text, user)
    else:
        model, name, entity = _NAMED[scope]
        rows: Any = model._default_manager.filter(_which(text, name))
        found = [str(pk) for pk in _seen(rows, user, entity).values_list("pk", flat=True)[:2]]
    if len(found) == 1:
        return found[0]
    message = f"no {scope} {text!r} is known." if not found else f"{text!r} is the id of one {scope} and names another."
    remedy = "Look it up first." if not found else "Use the id, or rename the other."
    raise BadInput("Hold", [Problem("target", message, remedy)])


def _event_keys(text: str, user: User) -> list[str]:
    rows = BillableEvent.objects.filter(_which(text, "work_key"), is_current=True)
    return list(scoped(rows, user).values_list("work_key", flat=True)[:2])


def _which(text: str, name: str) -> Q:
    which = Q(**{name: text}) if name else Q(pk__in=[])
    return which | Q(pk=int(text)) if text.isdecimal() and len(text) < 19 else which


def _seen(rows: "QuerySet[Any]", user: User, entity: str) -> "QuerySet[Any]":
    if entity:
        return scoped(rows, user, entity)
    if user.all_legal_entities:
        return rows
    return rows.filter(pk__in=_customers(user).values("customer"))


def _customers(user: User) -> QuerySet[Contract]:
    return scoped(Contract.objects.order_by(), user)
