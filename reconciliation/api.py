"""REST: tie-outs, the evidence of whether all arrows agreed at one instant, and the proof of each invoice."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from billing.models import Invoice
from integration_hub.api.fields import ExactField
from integration_hub.api.views import HubView, Nouns, person
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from reconciliation import close_api, pair_api, queries, report_api
from reconciliation.actions import proofs, tieouts
from reconciliation.models import TieOut
from reconciliation.proof import statement


class TieOutSerializer(serializers.ModelSerializer[TieOut]):
    """One comparison of all arrows. `broken` counts those of the caller's legal entities that do not agree."""

    broken = serializers.IntegerField(read_only=True)

    class Meta:
        model = TieOut
        fields = ("id", "at", "started_by", "agrees", "broken")


class ArrowSerializer(serializers.Serializer[Any]):
    """Two sides that must be equal."""

    name = serializers.CharField()
    legal_entity = serializers.CharField()
    currency = serializers.CharField()
    left_name = serializers.CharField()
    left = ExactField()
    right_name = serializers.CharField()
    right = ExactField()
    agrees = serializers.BooleanField()


class TieOutPageSerializer(TieOutSerializer):
    """A comparison with the arrows of the caller's legal entities."""

    arrows = serializers.SerializerMethodField()

    class Meta(TieOutSerializer.Meta):
        fields = (*TieOutSerializer.Meta.fields, "arrows")  # type: ignore[assignment]

    @extend_schema_field(ArrowSerializer(many=True))
    def get_arrows(self, row: TieOut) -> Any:
        """Both sides of each."""
        return ArrowSerializer(queries.arrows(row, person(self.context["request"])), many=True).data


class RequestedSerializer(serializers.Serializer[Any]):
    """Whether a tie-out was asked for now; false when one waits already."""

    requested = serializers.BooleanField()


class TieOutFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which tie-outs."""

    agrees = django_filters.BooleanFilter()


class TieOuts(Nouns):
    """Comparisons of all arrows; each caller sees those of their legal entities."""

    required_scopes = {"GET": "reconciliation:read", "POST": "reconciliation:write"}
    required_permission = "reconciliation.view_tieout"
    serializer_class = TieOutSerializer
    detail_serializer_class = TieOutPageSerializer
    filterset_class = TieOutFilter

    def rows(self, user: User) -> QuerySet[TieOut]:
        """All of them, with what is broken for this person."""
        return queries.visible_to(user)

    @extend_schema(request=None, responses={202: RequestedSerializer})
    def create(self, request: Request) -> Response:
        """Have all arrows compared, the ERP's own books included; the answer comes before it is done."""
        return Response({"requested": tieouts.request(person(request)) is not None}, status=202)


class InvoiceProofSerializer(serializers.Serializer[Any]):
    """The proof of an invoice as it is handed out: `digest` is the SHA-256 of the canonical JSON of `content`."""

    format = serializers.CharField()
    content = serializers.DictField()
    digest = serializers.CharField()


class InvoiceProofs(HubView, viewsets.GenericViewSet[Invoice]):
    """The proof of an invoice, for `verify_invoice.py`. That it was handed out, and its digest, is kept in the trail.

    With the source records as they came where the caller may see those.
    """

    required_scopes = {"GET": "billing:read"}
    required_permission = "billing.view_invoice"
    serializer_class = InvoiceProofSerializer
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Invoice]:
        """Invoices of the caller's legal entities."""
        rows = Invoice.objects.select_related(*statement.PARTS)
        if getattr(self, "swagger_fake_view", False):
            return rows.none()
        return scoped(rows, person(self.request), "legal_entity__code")

    def retrieve(self, request: Request, pk: str) -> Response:
        """By the id of the invoice."""
        return Response(proofs.export(self.get_object(), by=person(request)))


router = SimpleRouter()
router.register("tie-outs", TieOuts, "tie-out")
router.register("invoice-proofs", InvoiceProofs, "invoice-proof")

urlpatterns = [*report_api.urlpatterns, *pair_api.urlpatterns, *close_api.urlpatterns, *router.urls]
