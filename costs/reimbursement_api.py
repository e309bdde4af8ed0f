"""Reimbursements over the API: what people are owed, accepting what stops it, and posting it."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.journals import post_through, posting_through
from costs.actions import reimbursing
from costs.models import Reimbursement, ReimbursementItem, ReimbursementJournal
from integration_hub.api.fields import AmountField, StrictSerializer
from integration_hub.api.idempotency import PARAMETER, idempotent
from integration_hub.api.views import Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


class ReimbursedExpenseSerializer(serializers.ModelSerializer[ReimbursementItem]):
    """One expense, at the amount it was taken at; not `is_live` when its approval was withdrawn after it was posted."""

    work_key = serializers.CharField(source="claim.work_key", read_only=True)
    amount = AmountField()

    class Meta:
        model = ReimbursementItem
        fields = ("work_key", "spent_on", "category", "amount", "currency", "has_receipt", "is_live")


class ReimbursementJournalSerializer(serializers.ModelSerializer[ReimbursementJournal]):
    """A journal in the ERP; negative where it takes back."""

    amount = AmountField()
    settled = AmountField()

    class Meta:
        model = ReimbursementJournal
        fields = ("number", "accounting_date", "amount", "settled", "currency", "status", "remote_number")


class ReimbursementSerializer(serializers.ModelSerializer[Reimbursement]):
    """What one person is owed for one expense report in one currency. `amount` less `taken_back` is what they get."""

    legal_entity = serializers.CharField(source="legal_entity.code", read_only=True)
    resource = serializers.CharField(source="resource.code", read_only=True)
    connection = serializers.CharField(source="connection.code", read_only=True)
    amount = AmountField()
    taken_back = AmountField()
    expenses = ReimbursedExpenseSerializer(source="items", many=True, read_only=True)
    journals = ReimbursementJournalSerializer(many=True, read_only=True)

    class Meta:
        model = Reimbursement
        fields = ("id", "version", "number", "legal_entity", "resource", "connection", "report", "currency", "amount",
                  "taken_back", "status", "approved_at", "accepted_by", "accepted_because", "posted_by", "payable_at",
                  "paid_on", "paid_at", "told_at", "expenses", "journals")  # fmt: skip


class ReimbursementFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which reimbursements."""

    legal_entity = django_filters.CharFilter(field_name="legal_entity__code", help_text="Its code.")
    resource = django_filters.CharFilter(field_name="resource__code")
    number = django_filters.CharFilter()
    report = django_filters.CharFilter()
    status = django_filters.ChoiceFilter(choices=Reimbursement.Status.choices)
    work_key = django_filters.CharFilter(field_name="items__claim__work_key")
    approved_before = django_filters.IsoDateTimeFilter(field_name="approved_at", lookup_expr="lt")


class PostReimbursementSerializer(StrictSerializer):
    """Posting the version that was seen."""

    version = serializers.IntegerField(min_value=1)


class AcceptReimbursementSerializer(PostReimbursementSerializer):
    """Why what stops a reimbursement is accepted."""

    reason = serializers.CharField(max_length=2000)


class Reimbursements(Nouns):
    """What people paid for the firm and get back."""

    required_scopes = {"GET": "costs:read", "POST": "costs:write"}
    required_permission = "costs.view_reimbursement"
    serializer_class = ReimbursementSerializer
    filterset_class = ReimbursementFilter

    def rows(self, user: User) -> QuerySet[Reimbursement]:
        """Those of the person's legal entities."""
        rows = Reimbursement.objects.select_related("legal_entity", "resource", "connection")
        return scoped(rows.prefetch_related("items__claim", "journals"), user)

    @posting_through(ReimbursementSerializer)
    @idempotent
    def create(self, request: Request) -> Response:
        """Post what a legal entity owes for expenses up to a day, but for what this person may not send."""
        return post_through(self, request, reimbursing.post_all, what="reimbursements")

    @extend_schema(request=PostReimbursementSerializer, responses=ReimbursementSerializer, parameters=[PARAMETER])
    @action(detail=True, methods=["post"], url_path="post")
    @idempotent
    def post_one(self, request: Request, pk: str) -> Response:
        """Send one to the ERP as payable."""
        body: dict[str, Any] = self.taken(PostReimbursementSerializer)
        row = reimbursing.post(reimbursement=self.get_object(), **body, by=person(request))
        return Response(ReimbursementSerializer(row).data)

    @extend_schema(request=AcceptReimbursementSerializer, responses=ReimbursementSerializer, parameters=[PARAMETER])
    @action(detail=True, methods=["post"])
    @idempotent
    def accept(self, request: Request, pk: str) -> Response:
        """Accept what stops it; somebody else posts it."""
        body: dict[str, Any] = self.taken(AcceptReimbursementSerializer)
        row = reimbursing.accept(reimbursement=self.get_object(), **body, by=person(request))
        return Response(ReimbursementSerializer(row).data)
