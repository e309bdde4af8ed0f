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

from integration_hub.api.fields import AmountField, ReasonedSerializer, StrictSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.views import Nouns, person
from integration_hub.effects import queries
from integration_hub.effects.actions import corrections, effects
from integration_hub.effects.models import Attempt, Correction, Effect
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class EffectSerializer(serializers.ModelSerializer[Effect]):
    """One intended change in a target system."""

    connection = serializers.CharField(source="connection.code", read_only=True)
    amount = AmountField()

    class Meta:
        model = Effect
        fields = ("id", "key", "legal_entity", "connection", "effect_type", "business_key", "revision", "safety",
                  "state", "posting_date", "amount", "currency", "remote_id", "remote_number", "failure_class",
                  "failure", "subject_type", "subject_id", "corrects", "planned_by", "created_at",
                  "confirmed_at")  # fmt: skip


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """One try."""

    class Meta:
        model = Attempt
        fields = (
            "number",
            "kind",
            "token",
            "started_at",
            "finished_at",
            "outcome",
            "status",
            "response_hash",
            "excerpt",
        )


class ProofSerializer(serializers.Serializer[Any]):
    """Why it happened once: its key and content as recomputed now, every try, what the target shows."""

    is_proved = serializers.BooleanField()
    key_holds = serializers.BooleanField()
    payload_holds = serializers.BooleanField()
    sends = serializers.IntegerField()
    probes = serializers.IntegerField()
    key_parts = serializers.SerializerMethodField(help_text="What the key is the SHA-256 of, in this order.")
    remote = serializers.JSONField(source="effect.remote")
    attempts = AttemptSerializer(many=True)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_key_parts(self, row: queries.Proof) -> list[str]:
        """Legal entity, system, effect, our reference, revision."""
        return [value for _, value in row.key_parts]


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


class CorrectSerializer(StrictSerializer):
    """New texts of editable fields by their path, and why."""

    changes = serializers.DictField(child=serializers.CharField(allow_blank=True), allow_empty=False)
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=Effect.State.choices, help_text="The state you saw.")


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    """A change of what a refused effect says."""

    proposed_by = serializers.CharField(source="proposed_by.username", read_only=True)
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True, read_only=True)

    class Meta:
        model = Correction
        fields = ("id", "version", "effect", "state", "changes", "figures", "reason", "four_eyes", "proposed_by",
                  "created_at", "decided_by", "decided_at", "decision_reason", "result")  # fmt: skip


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

    @extend_schema(request=CorrectSerializer, responses={201: CorrectionSerializer})
    @action(detail=True, methods=["post"])
    def correct(self, request: Request, pk: str) -> Response:
        """Correct what was refused: sent at once where one person may, else when a second one approves."""
        effect, body = self.get_object(), self.taken(CorrectSerializer)
        correction = corrections.propose(
            effect_id=effect.pk,
            wanted=body["changes"],
            reason=body["reason"],
            by=person(request),
            seen_state=body["state"],
        )
        return Response(CorrectionSerializer(correction).data, status=201)


class CorrectionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which corrections."""

    state = django_filters.ChoiceFilter(choices=Correction.State.choices)
    effect = django_filters.NumberFilter()


class Corrections(Nouns):
    """Corrections of refused effects: what differs, what it means, who agreed."""

    required_scopes = {"GET": "effects:read", "POST": "effects:write"}
    required_permission = "hub_effects.view_correction"
    serializer_class = CorrectionSerializer
    filterset_class = CorrectionFilter

    def rows(self, user: User) -> QuerySet[Correction]:
        """Corrections of effects of the person's legal entities."""
        rows = Correction.objects.select_related("effect", "proposed_by", "decided_by")
        return scoped(rows, user, "effect__legal_entity")

    def _decided(self, request: Request, act: Any, kind: Any) -> Response:
        correction, body = self.get_object(), self.taken(kind)
        act(correction_id=correction.pk, by=person(request), seen_version=body["version"], reason=body["reason"])
        return self.shown(correction, status=202)

    @extend_schema(request=ReasonedSerializer, responses={202: CorrectionSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """A second person lets it go."""
        return self._decided(request, corrections.approve, ReasonedSerializer)

    @extend_schema(request=ReasonedSerializer, responses={202: CorrectionSerializer})
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """A second person says no."""
        return self._decided(request, corrections.decline, ReasonedSerializer)

    @extend_schema(request=ReasonedSerializer, responses={202: CorrectionSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Its author takes it back."""
        return self._decided(request, corrections.withdraw, ReasonedSerializer)


router = SimpleRouter()
router.register("effects", Effects, "effect")
router.register("corrections", Corrections, "correction")

urlpatterns = router.urls
