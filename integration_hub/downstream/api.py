"""REST: streams and how far each has been told."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.routers import SimpleRouter

from integration_hub.api.views import Nouns
from integration_hub.downstream import selection
from integration_hub.downstream.models import Stream
from integration_hub.people.models import User


class StreamSerializer(serializers.ModelSerializer[Stream]):
    """What one system is told of. `waiting` is counted up to 10,000; `waiting_since` is when the oldest happened."""

    connection = serializers.CharField(source="connection.code")
    waiting = serializers.IntegerField(read_only=True, default=0)
    waiting_since = serializers.DateTimeField(read_only=True, allow_null=True, default=None)

    class Meta:
        model = Stream
        fields = ("id", "code", "title", "connection", "actions", "legal_entities", "with_words", "state", "reason",
                  "stopped_at_event", "taken", "last_taken_at", "waiting", "waiting_since", "failures_in_row",
                  "last_error", "version")  # fmt: skip

    def to_representation(self, instance: Stream) -> dict[str, Any]:
        """With how far it is behind, which one question answers."""
        found = selection.behind(instance)
        since = found.since.isoformat() if found.since else None
        return {**super().to_representation(instance), "waiting": found.count, "waiting_since": since}


class StreamFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which streams."""

    code = django_filters.CharFilter()
    state = django_filters.ChoiceFilter(choices=Stream.State.choices)
    connection = django_filters.CharFilter(field_name="connection__code")


class Streams(Nouns):
    """Streams of business events to other systems."""

    required_scopes = {"GET": "connections:read"}
    required_permission = "hub_downstream.view_stream"
    serializer_class = StreamSerializer
    filterset_class = StreamFilter

    def rows(self, user: User) -> "QuerySet[Any]":
        """All streams; they carry no record of a legal entity."""
        return Stream.objects.select_related("connection").defer(
            "connection__sealed_credentials", "connection__sealed_webhook_secret"
        )


router = SimpleRouter()
router.register("streams", Streams, "stream")

urlpatterns = router.urls
