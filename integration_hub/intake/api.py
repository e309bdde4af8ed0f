"""REST: feeds, their runs, and the certificates of their days."""

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.filters import IdOrName
from integration_hub.api.views import Nouns, person
from integration_hub.intake.actions import certificates, feeds
from integration_hub.intake.models import Feed, FeedDay, Run
from integration_hub.people.models import User


class FeedSerializer(serializers.ModelSerializer[Feed]):
    """One stream of one entity."""

    connection = serializers.CharField(source="connection.code", read_only=True)

    class Meta:
        model = Feed
        fields = ("id", "connection", "entity", "weight", "every_seconds", "late_after_seconds", "is_active", "due_at",
                  "last_ok_at", "last_error", "last_error_class", "failures_in_row")  # fmt: skip


class RunSerializer(serializers.ModelSerializer[Run]):
    """One reading of a feed or file: `read` is the sum of what became of its records."""

    connection = serializers.CharField(source="feed.connection.code", read_only=True)
    entity = serializers.CharField(source="feed.entity", read_only=True)

    class Meta:
        model = Run
        fields = ("id", "feed_id", "connection", "entity", "trigger", "state", "started_at", "finished_at", "read",
                  "applied", "unchanged", "stale", "conflicts", "parked", "refused", "filtered", "control_totals",
                  "error", "error_class")  # fmt: skip


class FeedFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which feeds."""

    connection = IdOrName(field_name="connection", name="code")
    entity = django_filters.CharFilter()
    is_active = django_filters.BooleanFilter()


class Feeds(Nouns):
    """Streams that are read from connections."""

    required_scopes = {"GET": "connections:read", "POST": "connections:write"}
    required_permission = "hub_intake.view_feed"
    serializer_class = FeedSerializer
    filterset_class = FeedFilter

    def rows(self, user: User) -> QuerySet[Feed]:
        """All feeds: they bring records of every legal entity."""
        return Feed.objects.select_related("connection").defer(
            "connection__sealed_credentials", "connection__sealed_webhook_secret"
        )

    @extend_schema(request=None, responses={202: FeedSerializer})
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: str) -> Response:
        """Have it read now, whatever its rhythm; the answer comes before it is read."""
        feed = self.get_object()
        feeds.run_now(feed_id=feed.pk, by=person(request))
        return self.shown(feed, status=202)


class RunFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which runs."""

    feed = django_filters.NumberFilter(field_name="feed_id")
    connection = IdOrName(field_name="feed__connection", name="code")
    entity = django_filters.CharFilter(field_name="feed__entity")
    state = django_filters.ChoiceFilter(choices=Run.State.choices)


class Runs(Nouns):
    """Readings of feeds and files, with what became of their records."""

    required_scopes = {"GET": "connections:read"}
    required_permission = "hub_intake.view_run"
    serializer_class = RunSerializer
    filterset_class = RunFilter

    def rows(self, user: User) -> QuerySet[Run]:
        """All runs."""
        return Run.objects.select_related("feed__connection").defer(
            "feed__connection__sealed_credentials", "feed__connection__sealed_webhook_secret"
        )


class FeedDaySerializer(serializers.ModelSerializer[FeedDay]):
    """A certificate of completeness: what the source says it changed on a day (UTC), and what of it is here."""

    connection = serializers.CharField(source="feed.connection.code", read_only=True)
    entity = serializers.CharField(source="feed.entity", read_only=True)

    class Meta:
        model = FeedDay
        fields = ("id", "feed_id", "connection", "entity", "day", "verdict", "basis", "whole", "expected", "seen",
                  "digest", "arrived", "reason", "checks", "checked_at")  # fmt: skip


class FeedDayFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which certificates."""

    feed = django_filters.NumberFilter(field_name="feed_id")
    connection = IdOrName(field_name="feed__connection", name="code")
    entity = django_filters.CharFilter(field_name="feed__entity")
    verdict = django_filters.ChoiceFilter(choices=FeedDay.Verdict.choices)
    since = django_filters.DateFilter(field_name="day", lookup_expr="gte", label="First day")
    until = django_filters.DateFilter(field_name="day", lookup_expr="lte", label="Last day")


class FeedDays(Nouns):
    """Certificates of completeness by feed and day."""

    required_scopes = {"GET": "connections:read", "POST": "connections:write"}
    required_permission = "hub_intake.view_feed"
    serializer_class = FeedDaySerializer
    filterset_class = FeedDayFilter
    keyset = ("-day", "-id")

    def rows(self, user: User) -> QuerySet[FeedDay]:
        """All certificates: they are counts over every legal entity."""
        return FeedDay.objects.select_related("feed__connection").defer(
            "missing", "feed__connection__sealed_credentials", "feed__connection__sealed_webhook_secret"
        )

    @extend_schema(request=None, responses={202: FeedDaySerializer})
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Compare the day with its source again; the answer comes before it is compared."""
        row = self.get_object()
        certificates.check_now(row=row, by=person(request))
        return self.shown(row, status=202)


router = SimpleRouter()
router.register("feeds", Feeds, "feed")
router.register("feed-days", FeedDays, "feed-day")
router.register("runs", Runs, "intake-run")

urlpatterns = router.urls
