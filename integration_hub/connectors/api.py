"""REST: connections and how they are. Settings and credentials never leave through here."""

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.routers import SimpleRouter

from integration_hub.api.views import Nouns
from integration_hub.connectors.models import Connection
from integration_hub.people.models import User


class ConnectionSerializer(serializers.ModelSerializer[Connection]):
    """An account in an external system."""

    class Meta:
        model = Connection
        fields = ("id", "code", "vendor", "name", "base_url", "is_paused", "paused_reason", "health", "health_detail",
                  "health_at", "open_until", "failures_in_row", "version")  # fmt: skip


class ConnectionFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which connections."""

    code = django_filters.CharFilter()
    vendor = django_filters.CharFilter()
    health = django_filters.ChoiceFilter(choices=Connection.Health.choices)
    is_paused = django_filters.BooleanFilter()


class Connections(Nouns):
    """Accounts in external systems; they serve all legal entities."""

    required_scopes = {"GET": "connections:read"}
    required_permission = "hub_connectors.view_connection"
    serializer_class = ConnectionSerializer
    filterset_class = ConnectionFilter

    def rows(self, user: User) -> QuerySet[Connection]:
        """All connections, without the secrets even being read."""
        return Connection.objects.defer("sealed_credentials", "sealed_webhook_secret")


router = SimpleRouter()
router.register("connections", Connections, "connection")

urlpatterns = router.urls
