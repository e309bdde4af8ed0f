"""Bulk approvals: many candidates in one act, each bound to the content that was seen; what became of each."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.actions import bulk
from billing.models import BulkApproval, BulkItem
from integration_hub.api.fields import StrictSerializer
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User


class BulkItemSerializer(serializers.ModelSerializer[BulkItem]):
    """A candidate of it: `counted` means that more people are needed."""

    number = serializers.CharField(source="candidate.number", read_only=True)

    class Meta:
        model = BulkItem
        fields = ("candidate_id", "number", "content_hash", "outcome", "reason")


class BulkApprovalSerializer(serializers.ModelSerializer[BulkApproval]):
    """An act; unfinished while some of its candidates wait."""

    by = serializers.CharField(source="by.username", read_only=True)
    items = BulkItemSerializer(many=True, read_only=True)

    class Meta:
        model = BulkApproval
        fields = ("id", "by", "told", "created_at", "decided_at", "finished_at", "items")


class SeenCandidateSerializer(StrictSerializer):
    """A candidate with the hash of every figure that was seen."""

    id = serializers.IntegerField(min_value=1)
    content_hash = serializers.CharField(max_length=64)


class ApproveManySerializer(StrictSerializer):
    """What is approved in one act."""

    candidates = SeenCandidateSerializer(many=True, allow_empty=False)
    delegation = serializers.IntegerField(required=False, help_text="Approve by this right that was lent to you.")
    note = serializers.CharField(max_length=400, default="Over the API", help_text="How they were chosen.")


class BulkApprovals(Nouns):
    """Acts of the caller that approve many candidates. Read one again to see how far it is."""

    required_scopes = {"GET": "billing:read", "POST": "billing:write"}
    required_permission = "billing.view_candidate"
    serializer_class = BulkApprovalSerializer

    def rows(self, user: User) -> QuerySet[BulkApproval]:
        """Those of the caller."""
        return BulkApproval.objects.filter(by=user).select_related("by").prefetch_related("items__candidate")

    @extend_schema(request=ApproveManySerializer, responses={202: BulkApprovalSerializer}, parameters=[PARAMETER])
    @idempotent
    def create(self, request: Request) -> Response:
        """Approve all that still say what was seen; the answer comes before they are gone through."""
        body, by = self.taken(ApproveManySerializer), person(request)
        seen: Any = [(one["id"], None, one["content_hash"]) for one in body["candidates"]]
        frozen = bulk.freeze(by=by, seen=seen, told=body["note"])
        row = bulk.decide(bulk_id=frozen.pk, by=by, delegation_id=body.get("delegation"))
        return Response(BulkApprovalSerializer(row).data, status=202)
