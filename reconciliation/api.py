"""REST: tie-outs, the evidence that all arrows agreed at one instant."""

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import ExactField
from integration_hub.api.views import Nouns
from integration_hub.people.models import User
from reconciliation.models import Break, TieOut


class BreakSerializer(serializers.ModelSerializer[Break]):
    """One arrow that did not agree."""

    left = ExactField()
    right = ExactField()

    class Meta:
        model = Break
        fields = ("arrow", "legal_entity", "currency", "left", "right", "detail")


class TieOutSerializer(serializers.ModelSerializer[TieOut]):
    """One comparison of all arrows."""

    class Meta:
        model = TieOut
        fields = ("id", "at", "started_by", "agrees")


class TieOutPageSerializer(TieOutSerializer):
    """A comparison with its totals and breaks."""

    breaks = BreakSerializer(many=True, read_only=True)

    class Meta(TieOutSerializer.Meta):
        fields = (*TieOutSerializer.Meta.fields, "totals", "breaks")  # type: ignore[assignment]


class TieOutFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which tie-outs."""

    agrees = django_filters.BooleanFilter()


class TieOuts(Nouns):
    """Comparisons of all arrows. Each covers every legal entity, so it is for those who see all of them."""

    required_scopes = {"GET": "reconciliation:read"}
    required_permission = "reconciliation.view_tieout"
    serializer_class = TieOutSerializer
    detail_serializer_class = TieOutPageSerializer
    filterset_class = TieOutFilter

    def rows(self, user: User) -> QuerySet[TieOut]:
        """All of them, or none."""
        rows = TieOut.objects.prefetch_related("breaks")
        return rows if user.all_legal_entities else rows.none()


router = SimpleRouter()
router.register("tie-outs", TieOuts, "tie-out")

urlpatterns = router.urls
