"""REST: replay plans with forecast, outcomes and items; planning, approving and steering them."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import AmountField, ReasonedSerializer, StrictSerializer, VersionedSerializer
from integration_hub.api.views import Nouns, person
from integration_hub.effects.models import Effect
from integration_hub.intake.models import SourceVersion
from integration_hub.people.models import User
from integration_hub.replay import queries
from integration_hub.replay.actions import plans
from integration_hub.replay.choosing import OPEN, rows_of
from integration_hub.replay.models import Plan, PlanItem


class PlanSerializer(serializers.ModelSerializer[Plan]):
    """A frozen set that is to be worked again."""

    planned_by = serializers.CharField(source="planned_by.username", read_only=True)
    approved_by = serializers.CharField(source="approved_by.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Plan
        fields = ("id", "version", "kind", "title", "reason", "told", "state", "legal_entities", "size", "digest",
                  "per_minute", "foreseen", "forecast_at", "four_eyes", "taken", "planned_by", "approved_by",
                  "approved_at", "finished_at", "failure", "created_at")  # fmt: skip


class TotalSerializer(serializers.Serializer[Any]):
    """Items of one legal entity and currency: how many, for how much, by prospect or outcome."""

    legal_entity = serializers.CharField()
    currency = serializers.CharField()
    count = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=24, decimal_places=6, allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())


class PlanPageSerializer(PlanSerializer):
    """A plan with its totals."""

    forecast = serializers.SerializerMethodField()
    outcomes = serializers.SerializerMethodField()

    class Meta(PlanSerializer.Meta):
        fields = (*PlanSerializer.Meta.fields, "forecast", "outcomes")  # type: ignore[assignment]

    @extend_schema_field(TotalSerializer(many=True))
    def get_forecast(self, row: Plan) -> Any:
        """Totals by what is foreseen."""
        return TotalSerializer(queries.totals(row, "prospect"), many=True).data

    @extend_schema_field(TotalSerializer(many=True))
    def get_outcomes(self, row: Plan) -> Any:
        """Totals by what became of the items."""
        return TotalSerializer(queries.totals(row, "outcome"), many=True).data


class ItemSerializer(serializers.ModelSerializer[PlanItem]):
    """One item: as chosen, as foreseen, as it became."""

    amount = AmountField()

    class Meta:
        model = PlanItem
        fields = ("id", "plan", "number", "target_id", "label", "seen_state", "seen_at", "legal_entity", "amount",
                  "currency", "prospect", "prospect_reason", "outcome", "outcome_reason", "taken_at",
                  "settled_at")  # fmt: skip


class FreezeSerializer(StrictSerializer):
    """What is frozen: ids, or what matches; of effects or of source records."""

    kind = serializers.ChoiceField(choices=Plan.Kind.choices)
    title = serializers.CharField(max_length=120)
    reason = serializers.CharField()
    per_minute = serializers.IntegerField(default=600)
    ids = serializers.ListField(child=serializers.IntegerField(), required=False, allow_empty=False)
    states = serializers.ListField(
        child=serializers.ChoiceField(choices=[*Effect.State.values, *OPEN]), required=False, allow_empty=False
    )
    connection = serializers.CharField(required=False, help_text="Its code.")
    legal_entity = serializers.CharField(required=False, help_text="Its code; of effects only.")
    since = serializers.DateTimeField(required=False, help_text="Planned or received at or after.")
    until = serializers.DateTimeField(required=False, help_text="Planned or received before.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Everything at once is never meant."""
        if not attrs.keys() & {"ids", "states", "connection", "legal_entity", "since", "until"}:
            raise serializers.ValidationError("Say which: ids, states, connection, legal_entity, since or until.")
        return attrs

    @staticmethod
    def rows(body: dict[str, Any], user: User) -> "QuerySet[Any]":
        """The rows it names, within the caller's scope."""
        effects = body["kind"] == Plan.Kind.EFFECT
        at = Effect.created_at.field.name if effects else SourceVersion.received_at.field.name
        paths = {"ids": "pk__in", "states": "state__in" if effects else "status__in", "connection": "connection__code",
                 "legal_entity": "legal_entity", "since": f"{at}__gte", "until": f"{at}__lt"}  # fmt: skip
        if not effects and "legal_entity" in body:
            raise serializers.ValidationError({"legal_entity": ["Source records belong to no legal entity."]})
        return rows_of(body["kind"], user).filter(**{path: body[name] for name, path in paths.items() if name in body})


class NotedSerializer(VersionedSerializer):
    """A decision that may be explained."""

    reason = serializers.CharField(required=False, allow_blank=True, default="")


class PlanFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which plans."""

    state = django_filters.ChoiceFilter(choices=Plan.State.choices)
    kind = django_filters.ChoiceFilter(choices=Plan.Kind.choices)


class ItemFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which items."""

    plan = django_filters.NumberFilter()
    outcome = django_filters.ChoiceFilter(choices=PlanItem.Outcome.choices)
    prospect = django_filters.CharFilter()


class Plans(Nouns):
    """Frozen sets that are worked again: forecast, approved, run slowly, kept."""

    required_scopes = {"GET": "replay:read", "POST": "replay:write"}
    required_permission = "hub_replay.view_plan"
    serializer_class = PlanSerializer
    detail_serializer_class = PlanPageSerializer
    filterset_class = PlanFilter

    def rows(self, user: User) -> QuerySet[Plan]:
        """Plans the person may see whole."""
        return queries.visible_to(user)

    @extend_schema(request=FreezeSerializer, responses={201: PlanPageSerializer})
    def create(self, request: Request) -> Response:
        """Freeze what matches now and have it forecast; nothing is sent before it is approved."""
        body, user = self.taken(FreezeSerializer), person(request)
        told = ", ".join(f"{name}: {value}" for name, value in sorted(body.items()) if name in TOLD)
        plan = plans.freeze(
            kind=body["kind"], rows=FreezeSerializer.rows(body, user), title=body["title"], reason=body["reason"],
            told=told or "ids named by the caller", per_minute=body["per_minute"], by=user,
        )  # fmt: skip
        return self.shown(plan, status=201)

    def _steered(self, request: Request, act: Any, kind: Any) -> Response:
        plan, body = self.get_object(), self.taken(kind)
        more = {"reason": body["reason"]} if "reason" in body else {}
        act(plan_id=plan.pk, by=person(request), seen_version=body["version"], **more)
        return self.shown(plan, status=202)

    @extend_schema(request=NotedSerializer, responses={202: PlanPageSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Let exactly this set run. Above one person's limits its maker cannot."""
        return self._steered(request, plans.approve, NotedSerializer)

    @extend_schema(request=VersionedSerializer, responses={202: PlanPageSerializer})
    @action(detail=True, methods=["post"])
    def forecast(self, request: Request, pk: str) -> Response:
        """Forecast the same set anew."""
        return self._steered(request, plans.forecast_again, VersionedSerializer)

    @extend_schema(request=NotedSerializer, responses={202: PlanPageSerializer})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Take no further items for now."""
        return self._steered(request, plans.pause, NotedSerializer)

    @extend_schema(request=NotedSerializer, responses={202: PlanPageSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on where it stopped."""
        return self._steered(request, plans.resume, NotedSerializer)

    @extend_schema(request=ReasonedSerializer, responses={202: PlanPageSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Run nothing more of it."""
        return self._steered(request, plans.cancel, ReasonedSerializer)


TOLD = ("states", "connection", "legal_entity", "since", "until")


class Items(Nouns):
    """Items of replay plans: what was foreseen for each and what became of it."""

    required_scopes = {"GET": "replay:read"}
    required_permission = "hub_replay.view_plan"
    serializer_class = ItemSerializer
    filterset_class = ItemFilter
    keyset = ("id",)

    def rows(self, user: User) -> QuerySet[PlanItem]:
        """Items of plans the person may see whole."""
        return PlanItem.objects.filter(plan__in=queries.visible_to(user).order_by().values("pk"))


router = SimpleRouter()
router.register("replay-plans", Plans, "replay-plan")
router.register("replay-items", Items, "replay-item")

urlpatterns = router.urls
