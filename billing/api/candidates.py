"""Invoice candidates: read what is proposed, decide on exactly what was read."""

from typing import Any

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing import policies, simulation
from billing.actions import approvals, candidates, checks
from billing.api.papers import Papers
from billing.api.serializers import contract_number, entity_code
from billing.api.simulations import SimulationSerializer, answered
from billing.models import Approval, Candidate, CandidateLine
from integration_hub.api.fields import AmountField, ExactField, ReasonedSerializer, VersionedSerializer
from integration_hub.api.filters import IdOrName
from integration_hub.api.views import person
from integration_hub.effects import queries as effects
from integration_hub.kernel.errors import Stale
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class CandidateSerializer(serializers.ModelSerializer[Candidate]):
    """A proposed invoice in a list."""

    legal_entity = entity_code()
    contract_number = contract_number()
    customer = serializers.CharField(source="bill_to.customer.name", read_only=True)
    prepared_by = serializers.CharField(source="prepared_by.username", read_only=True)
    net = AmountField()
    tax = AmountField()
    gross = AmountField()
    retained = AmountField()
    advanced = AmountField()

    class Meta:
        model = Candidate
        fields = ("id", "number", "kind", "is_supplemental", "is_release", "is_deposit", "status", "version",
                  "content_hash", "legal_entity", "contract_id", "contract_number", "customer", "run_id",
                  "invoice_date", "accounting_date", "through", "currency", "net", "tax", "gross", "retained",
                  "advanced", "codes", "warnings", "prepared_by", "returned_reason")  # fmt: skip


class CandidateLineSerializer(serializers.ModelSerializer[CandidateLine]):
    """A printed line."""

    contract_line = serializers.IntegerField(source="contract_line.number", read_only=True)
    hours = ExactField()
    rate = ExactField()
    net = AmountField("candidate.currency")
    tax = AmountField("candidate.currency")
    tax_rate = ExactField()
    currency = serializers.CharField(source="candidate.currency", read_only=True)
    credits_invoice = serializers.CharField(
        source="corrects.invoice.number", default=None, allow_null=True, read_only=True,
        help_text="The posted invoice that a line of a credit memo credits.",
    )  # fmt: skip
    credits_line = serializers.IntegerField(source="corrects.number", default=None, allow_null=True, read_only=True)
    adjusts_invoice = serializers.CharField(
        source="adjusts.invoice.number", default=None, allow_null=True, read_only=True,
        help_text="The posted invoice to whose line a difference in price is added.",
    )  # fmt: skip
    adjusts_line = serializers.IntegerField(source="adjusts.number", default=None, allow_null=True, read_only=True)

    class Meta:
        model = CandidateLine
        fields = ("id", "number", "contract_line", "kind", "description", "hours", "rate", "net", "tax", "tax_rate",
                  "currency", "service_from", "service_to", "credits_invoice", "credits_line", "adjusts_invoice",
                  "adjusts_line")  # fmt: skip


class CheckSerializer(serializers.Serializer[Any]):
    """One question of the readiness checklist: what is missing, whose it is, what to do."""

    number = serializers.IntegerField()
    question = serializers.CharField()
    level = serializers.ChoiceField(choices=["stop", "warn", "note"])
    ok = serializers.BooleanField()
    code = serializers.CharField()
    message = serializers.CharField()
    owner_role = serializers.CharField()
    remedy = serializers.CharField()


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    """A decision somebody took; `lapsed_at` is set when figures moved since."""

    by = serializers.CharField(source="by.username", read_only=True)
    in_stead_of = serializers.CharField(source="delegation.giver.username", default=None, allow_null=True,
                                        read_only=True)  # fmt: skip

    class Meta:
        model = Approval
        fields = ("verdict", "by", "in_stead_of", "at", "content_hash", "reason", "lapsed_at", "matrix",
                  "matrix_version", "matrix_rule")  # fmt: skip


class StandingSerializer(serializers.Serializer[Any]):
    """How many people must approve these figures, and who has."""

    needed = serializers.IntegerField()
    given = serializers.IntegerField()
    by = serializers.ListField(child=serializers.CharField())
    complete = serializers.BooleanField()
    decisions = ApprovalSerializer(many=True)


class PostingSerializer(serializers.Serializer[Any]):
    """What has become of sending it to the ERP."""

    id = serializers.IntegerField()
    effect_type = serializers.CharField()
    state = serializers.CharField()
    remote_id = serializers.CharField()
    remote_number = serializers.CharField()
    failure = serializers.CharField()


class CandidatePageSerializer(CandidateSerializer):
    """A candidate with everything an approver decides on."""

    purchase_order = serializers.CharField(
        source="purchase_order.number", default=None, allow_null=True, read_only=True
    )
    lines = CandidateLineSerializer(many=True, read_only=True)
    readiness = serializers.SerializerMethodField()
    approvals = serializers.SerializerMethodField()
    effects = serializers.SerializerMethodField()

    class Meta(CandidateSerializer.Meta):
        fields = (*CandidateSerializer.Meta.fields, "purchase_order", "lines", "readiness", "approvals",
                  "effects")  # type: ignore[assignment]  # fmt: skip

    @extend_schema_field(CheckSerializer(many=True))
    def get_readiness(self, row: Candidate) -> Any:
        """The checklist, asked now."""
        return CheckSerializer(checks.questions(row), many=True).data

    @extend_schema_field(StandingSerializer())
    def get_approvals(self, row: Candidate) -> Any:
        """Approvals needed and given."""
        standing = approvals.standing(row)
        decisions = row.approvals.select_related("by", "delegation__giver").order_by("id")
        return {
            "needed": standing.needed,
            "given": len(standing.counted),
            "by": list(standing.counted),
            "complete": standing.complete,
            "decisions": ApprovalSerializer(decisions, many=True).data,
        }

    @extend_schema_field(PostingSerializer(many=True))
    def get_effects(self, row: Candidate) -> Any:
        """Effects it asked for, oldest first."""
        return PostingSerializer(effects.of_subject("billing.candidate", row.pk), many=True).data


class ApproveSerializer(VersionedSerializer):
    """An approval states what was seen: the version and the hash of every figure."""

    content_hash = serializers.CharField(max_length=64)
    delegation = serializers.IntegerField(required=False, help_text="Approve by this right that was lent to you.")


class CandidateFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which candidates."""

    status = django_filters.ChoiceFilter(choices=Candidate.Status.choices)
    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    contract = IdOrName(field_name="contract", name="number")
    run = django_filters.NumberFilter(field_name="run_id")
    number = django_filters.CharFilter()


class Candidates(Papers):
    """Proposed invoices. Every decision names the version it was made on; an approval also the content."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_candidate"
    serializer_class = CandidateSerializer
    detail_serializer_class = CandidatePageSerializer
    filterset_class = CandidateFilter

    def rows(self, user: User) -> QuerySet[Candidate]:
        """Candidates of the person's legal entities."""
        rows = Candidate.objects.select_related(
            "legal_entity", "contract__customer", "bill_to__customer", "prepared_by", "purchase_order"
        )
        if self.action != "list":
            rows = rows.prefetch_related("lines__contract_line", "lines__corrects__invoice", "lines__adjusts__invoice")
        return scoped(rows, user)

    @extend_schema(request=ApproveSerializer, responses=CandidatePageSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve exactly what was seen. Some candidates need several people."""
        candidate, body = self.get_object(), self.taken(ApproveSerializer)
        approvals.approve(
            candidate_id=candidate.pk,
            by=person(request),
            seen_version=body["version"],
            seen_hash=body["content_hash"],
            delegation_id=body.get("delegation"),
        )
        return self.shown(candidate)

    @extend_schema(request=ReasonedSerializer, responses=CandidatePageSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def send_back(self, request: Request, pk: str) -> Response:
        """Return it to whoever prepared it."""
        candidate, body = self.get_object(), self.taken(ReasonedSerializer)
        approvals.send_back(
            candidate_id=candidate.pk, by=person(request), seen_version=body["version"], reason=body["reason"]
        )
        return self.shown(candidate)

    @extend_schema(request=VersionedSerializer, responses={202: CandidatePageSerializer})
    @action(detail=True, methods=["post"], url_path="post")
    def send_to_erp(self, request: Request, pk: str) -> Response:
        """Send it to the ERP, once. The answer comes before the ERP's: read the candidate again for its number."""
        candidate, body = self.get_object(), self.taken(VersionedSerializer)
        try:
            approvals.post(candidate_id=candidate.pk, by=person(request), seen_version=body["version"])
        except approvals.Lapsed as lapsed:
            raise Stale(str(lapsed)) from lapsed
        return self.shown(candidate, status=202)

    @extend_schema(request=ReasonedSerializer, responses=CandidatePageSerializer)
    @action(detail=True, methods=["post"])
    def dissolve(self, request: Request, pk: str) -> Response:
        """Take it apart: its work is billable again."""
        candidate, body = self.get_object(), self.taken(ReasonedSerializer)
        candidates.dissolve(
            candidate=candidate, by=person(request), reason=body["reason"], seen_version=body["version"]
        )
        return self.shown(candidate)

    @extend_schema(request=None, responses={202: CandidatePageSerializer})
    @action(detail=True, methods=["post"])
    @transaction.atomic
    def refresh(self, request: Request, pk: str) -> Response:
        """Have tax quoted and the checks run again; the answer comes before they are done."""
        candidate = self.get_object()
        policies.can_refresh(candidate, person(request)).or_raise()
        candidates.quote_soon(candidate)
        return self.shown(candidate, status=202)

    @extend_schema(responses=SimulationSerializer(many=True))
    @action(detail=True, methods=["get"])
    def simulation(self, _request: Request, pk: str) -> Response:
        """What comes of it once it is approved and posted: tried with the same code, and taken back."""
        return answered(simulation.of_candidate(self.get_object()))
