"""The REST API of reconciliations: runs, breaks and suggested matches, and the decisions on them."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import AmountField, ReasonedSerializer, StrictSerializer, VersionedSerializer
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from reconciliation import pair_queries
from reconciliation.actions import mends, pair_breaks, pair_runs, suggestions
from reconciliation.matching.pairs import ordered
from reconciliation.models import PairBreak, PairRun, Suggestion
from reconciliation.policies import SEE

SCOPES = {"GET": "reconciliation:read", "POST": "reconciliation:write"}


class PairRunSerializer(serializers.ModelSerializer[PairRun]):
    """One comparison of both sides of a pair. `refusals` say why it certifies nothing."""

    class Meta:
        model = PairRun
        fields = (
            "id", "pair", "legal_entity", "period_from", "period_to", "state", "verdict", "refusals", "counts",
            "started_by", "started_at", "finished_at", "result_digest", "error",
        )  # fmt: skip


class PairRunPageSerializer(PairRunSerializer):
    """The same with everything the outcome follows from."""

    class Meta(PairRunSerializer.Meta):
        fields = (*PairRunSerializer.Meta.fields, "manifest")  # type: ignore[assignment]


class AskedSerializer(StrictSerializer):
    """What to reconcile; `period_to` is the day after the last one."""

    pair = serializers.ChoiceField(choices=())
    legal_entity = serializers.CharField(required=False, default="", allow_blank=True)
    period_from = serializers.DateField(required=False, default=None, allow_null=True)
    period_to = serializers.DateField(required=False, default=None, allow_null=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["pair"].choices = [(pair.name, pair.title) for pair in ordered()]  # type: ignore[attr-defined]


class PairRunFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which runs."""

    class Meta:
        model = PairRun
        fields = ("pair", "legal_entity", "state", "verdict")


class PairRuns(Nouns):
    """Reconciliations of the caller's legal entities and of all."""

    required_scopes = SCOPES
    required_permission = SEE
    serializer_class = PairRunSerializer
    detail_serializer_class = PairRunPageSerializer
    filterset_class = PairRunFilter

    def rows(self, user: User) -> "QuerySet[PairRun]":
        """Those a person may see."""
        return pair_queries.runs(user)

    @extend_schema(request=AskedSerializer, responses={202: PairRunPageSerializer})
    def create(self, request: Request) -> Response:
        """Have a pair reconciled; the answer comes before it is done."""
        run = pair_runs.request(by=person(request), **self.taken(AskedSerializer))
        return self.shown(run, status=202)


class PairBreakSerializer(serializers.ModelSerializer[PairBreak]):
    """What two systems do not agree on; `left` and `right` are the items of both sides."""

    gap = AmountField(help_text="Right less left")

    class Meta:
        model = PairBreak
        fields = (
            "id", "version", "pair", "identity", "legal_entity", "kind", "state", "on_date", "left", "right", "gap",
            "currency", "found_at", "closed_at", "explanation", "explained_by", "confirmed_by",
        )  # fmt: skip


class PairBreakFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which breaks."""

    class Meta:
        model = PairBreak
        fields = ("pair", "legal_entity", "kind", "state")


class PairBreaks(Nouns):
    """Breaks of the caller's legal entities."""

    required_scopes = SCOPES
    required_permission = SEE
    serializer_class = PairBreakSerializer
    filterset_class = PairBreakFilter

    def rows(self, user: User) -> "QuerySet[PairBreak]":
        """Those a person may see."""
        return pair_queries.breaks(user)

    @extend_schema(request=VersionedSerializer, responses={202: PairRunPageSerializer})
    @action(detail=True, methods=["post"])
    def mend(self, request: Request, pk: str) -> Response:
        """Do at once what can be done about it; the answer is the run that says whether it helped."""
        said = self.taken(VersionedSerializer)
        run = mends.mend(break_id=self.get_object().pk, by=person(request), seen_version=said["version"])
        return Response(PairRunPageSerializer(run).data, status=202)

    @extend_schema(request=ReasonedSerializer, responses=PairBreakSerializer)
    @action(detail=True, methods=["post"])
    def explain(self, request: Request, pk: str) -> Response:
        """Say why it is right as it is."""
        said = self.taken(ReasonedSerializer)
        row = pair_breaks.explain(
            break_id=self.get_object().pk, by=person(request), seen_version=said["version"], reason=said["reason"]
        )
        return self.shown(row)

    @extend_schema(request=VersionedSerializer, responses=PairBreakSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Confirm an explanation as the second person."""
        said = self.taken(VersionedSerializer)
        row = pair_breaks.confirm(break_id=self.get_object().pk, by=person(request), seen_version=said["version"])
        return self.shown(row)

    @extend_schema(request=ReasonedSerializer, responses=PairBreakSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Decline an explanation, or take it back."""
        said = self.taken(ReasonedSerializer)
        row = pair_breaks.reopen(
            break_id=self.get_object().pk, by=person(request), seen_version=said["version"], reason=said["reason"]
        )
        return self.shown(row)


class SuggestionSerializer(serializers.ModelSerializer[Suggestion]):
    """Items that may belong together; `confidence` is the lower bound of the precision of their way."""

    amount = AmountField()
    gap = AmountField()

    class Meta:
        model = Suggestion
        fields = (
            "id", "version", "pair", "legal_entity", "way", "left_keys", "right_keys", "left", "right", "amount", "gap",
            "currency", "rivals", "confidence", "state", "proposed_by", "decided_by", "decided_at", "note",
        )  # fmt: skip


class DecisionOnMatchSerializer(VersionedSerializer):
    """A decision with a note."""

    note = serializers.CharField(required=False, default="", allow_blank=True)


class SuggestionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which suggested matches."""

    class Meta:
        model = Suggestion
        fields = ("pair", "legal_entity", "way", "state")


class Suggestions(Nouns):
    """Suggested matches of the caller's legal entities."""

    required_scopes = SCOPES
    required_permission = SEE
    serializer_class = SuggestionSerializer
    filterset_class = SuggestionFilter

    def rows(self, user: User) -> "QuerySet[Suggestion]":
        """Those a person may see."""
        return pair_queries.suggestions(user)

    @extend_schema(request=DecisionOnMatchSerializer, responses=SuggestionSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Say that the items belong together."""
        return self._decided(request, suggestions.accept)

    @extend_schema(request=DecisionOnMatchSerializer, responses=SuggestionSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """Say that they do not."""
        return self._decided(request, suggestions.reject)

    def _decided(self, request: Request, act: Any) -> Response:
        said = self.taken(DecisionOnMatchSerializer)
        row = act(
            suggestion_id=self.get_object().pk, by=person(request), seen_version=said["version"], note=said["note"]
        )
        return self.shown(row)


router = SimpleRouter()
router.register("reconciliations", PairRuns, "reconciliation")
router.register("breaks", PairBreaks, "break")
router.register("suggested-matches", Suggestions, "suggested-match")
urlpatterns = router.urls
