"""The REST API of closes: how each stands, and the packs that were signed. Signing is for people on the screen."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.views import Nouns, person
from integration_hub.kernel.clock import now
from integration_hub.people.models import User
from reconciliation import policies
from reconciliation.close_tables import visible_to
from reconciliation.closing import pack as packs
from reconciliation.closing import standing
from reconciliation.models import PeriodClose
from reconciliation.policies import SEE_CLOSE


class CloseSerializer(serializers.ModelSerializer[PeriodClose]):
    """The close of one month of one legal entity. `state`: open, proposed (signed once) or signed."""

    state = serializers.SerializerMethodField()

    class Meta:
        model = PeriodClose
        fields = ("id", "version", "legal_entity", "starts_on", "ends_on", "cut_off_on", "opened_by", "state")

    def get_state(self, row: Any) -> str:
        """How far it is signed."""
        return row.pack_state or "open"


class CloseCheckSerializer(serializers.Serializer[Any]):
    """One check: `state` is clear, accepted or open; `found` has count, money per currency, minutes and words."""

    name = serializers.CharField()
    title = serializers.CharField()
    owner = serializers.CharField()
    due_on = serializers.DateField()
    state = serializers.CharField()
    found = serializers.DictField()


class ClosePageSerializer(CloseSerializer):
    """The same with every check made anew."""

    checks = serializers.SerializerMethodField()

    class Meta(CloseSerializer.Meta):
        fields = (*CloseSerializer.Meta.fields, "checks")  # type: ignore[assignment]

    @extend_schema_field(CloseCheckSerializer(many=True))
    def get_checks(self, row: Any) -> list[dict[str, Any]]:
        """As the caller may see them: money of costs only for those who see costs."""
        user = person(self.context["request"])
        found = standing.at(row, now())
        return [
            {
                "name": line.check.name,
                "title": line.check.title,
                "owner": str(line.check.owner),
                "due_on": line.due_on,
                "state": line.state,
                "found": line.found.told | ({} if line.check.shows_money_to(user) else {"money": {}}),
            }
            for line in found.lines
        ]


class ClosePackSerializer(serializers.Serializer[Any]):
    """A pack: `digest` is the SHA-256 of the canonical JSON of `content`."""

    content = serializers.DictField()
    digest = serializers.CharField()
    state = serializers.CharField()
    signatures = serializers.ListField(child=serializers.DictField())


class CloseFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which closes."""

    class Meta:
        model = PeriodClose
        fields = ("legal_entity", "starts_on")


class Closes(Nouns):
    """Closes of the caller's legal entities."""

    required_scopes = {"GET": "reconciliation:read"}
    required_permission = SEE_CLOSE
    serializer_class = CloseSerializer
    detail_serializer_class = ClosePageSerializer
    filterset_class = CloseFilter

    def rows(self, user: User) -> "QuerySet[Any]":
        """Those a person may see."""
        return visible_to(user)

    @extend_schema(responses=ClosePackSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def packs(self, request: Request, pk: str) -> Response:
        """Everything that was signed, void packs too, the oldest first."""
        policies.can_take_pack(person(request)).or_raise()
        rows = self.get_object().packs.order_by("number")
        return Response(ClosePackSerializer([packs.exported(row) for row in rows], many=True).data)


router = SimpleRouter()
router.register("closes", Closes, "close")
urlpatterns = router.urls
