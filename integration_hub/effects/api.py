"""REST: effects with the proof that each happened once."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import AmountField, StrictSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.views import Nouns, person
from integration_hub.effects import queries
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Attempt, Effect
from integration_hub.people.models import User


class EffectSerializer(serializers.ModelSerializer[Effect]):
    """One intended change in a target system."""

    connection = serializers.CharField(source="connection.code", read_only=True)
    amount = AmountField()

    class Meta:
        model = Effect
        fields = ("id", "key", "legal_entity", "connection", "effect_type", "business_key", "revision", "safety",
                  "state", "posting_date", "amount", "currency", "remote_id", "remote_number", "failure_class",
                  "failure", "subject_type", "subject_id", "planned_by", "created_at", "confirmed_at")  # fmt: skip


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try."""

    class Meta:
        model = Attempt
        fields = ("number", "kind", "started_at", "finished_at", "outcome", "status", "response_hash", "excerpt")


class ProofSerializer(serializers.Serializer[Any]):
    """Why it happened once: its key and content as recomputed now, every try, what the target shows."""

    is_proved = serializers.BooleanField()
    key_holds = serializers.BooleanField()
    payload_holds = serializers.BooleanField()
    sends = serializers.IntegerField()
    remote = serializers.JSONField(source="effect.remote")
    attempts = AttemptSerializer(many=True)


class EffectPageSerializer(EffectSerializer):
    """An effect with what was sent and its proof."""

    proof = serializers.SerializerMethodField()

    class Meta(EffectSerializer.Meta):
        fields = (*EffectSerializer.Meta.fields, "payload", "payload_hash", "proof")  # type: ignore[assignment]

    @extend_schema_field(ProofSerializer())
    def get_proof(self, row: Effect) -> Any:
        """The proof, recomputed now."""
        return ProofSerializer(queries.proof(row)).data


class RetrySerializer(StrictSerializer):
    """Why it is tried again."""

    reason = serializers.CharField(required=False, allow_blank=True, default="")


class EffectFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which effects."""

    state = django_filters.ChoiceFilter(choices=Effect.State.choices)
    connection = IdOrName(field_name="connection", name="code")
    legal_entity = django_filters.CharFilter(help_text="Its code.")
    effect_type = django_filters.CharFilter()
    business_key = django_filters.CharFilter()
    key = django_filters.CharFilter()
    subject_type = django_filters.CharFilter()
    subject_id = django_filters.CharFilter()


class Effects(Nouns):
    """Changes in target systems: one intent, one key, one outcome."""

    required_scopes = {"GET": "effects:read", "POST": "effects:write"}
    required_permission = "hub_effects.view_effect"
    serializer_class = EffectSerializer
    detail_serializer_class = EffectPageSerializer
    filterset_class = EffectFilter

    def rows(self, user: User) -> QuerySet[Effect]:
        """Effects of the person's legal entities."""
        return queries.visible_to(user)

    @extend_schema(request=RetrySerializer, responses={202: EffectPageSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Try again what was rejected or is stuck; an unknown outcome is asked about first, never sent blindly."""
        effect, body = self.get_object(), self.taken(RetrySerializer)
        effects.retry(effect_id=effect.pk, by=person(request), reason=body["reason"])
        return self.shown(effect, status=202)


router = SimpleRouter()
router.register("effects", Effects, "effect")

urlpatterns = router.urls
