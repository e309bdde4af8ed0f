"""REST: what the caller was told, and marking it as read."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from integration_hub.api.fields import StrictSerializer
from integration_hub.api.views import Nouns, person
from integration_hub.notices import queries
from integration_hub.notices.actions import reading
from integration_hub.notices.models import Kind, Notice
from integration_hub.people.models import User


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """One thing the caller was told of an exception. `read_at` is null while it is new."""

    class Meta:
        model = Notice
        fields = ("id", "kind", "case", "title", "text", "severity", "legal_entity", "happened_at", "read_at", "event")


class UpToSerializer(StrictSerializer):
    """What to mark as read."""

    up_to = serializers.IntegerField(min_value=1, help_text="The newest notice that was seen; what came since is new.")


class ReadSerializer(serializers.Serializer[Any]):
    """How many were not read before."""

    read = serializers.IntegerField()


class NoticeFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which notices."""

    unread = django_filters.BooleanFilter(field_name="read_at", lookup_expr="isnull")
    kind = django_filters.ChoiceFilter(choices=Kind.choices)
    case = django_filters.NumberFilter(field_name="case_id")
    severity = django_filters.NumberFilter()


class Notices(Nouns):
    """What the caller was told, newest first."""

    required_scopes = {"GET": "notices:read", "POST": "notices:write"}
    required_permission = "hub_cases.view_case"
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter

    def rows(self, user: User) -> QuerySet[Any]:
        """The caller's own, of legal entities he works for now."""
        return queries.inbox(user)

    @extend_schema(request=None, responses=NoticeSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Mark one as read."""
        notice = self.get_object()
        reading.mark_read(notices=[notice.pk], by=person(request))
        return self.shown(notice)

    @extend_schema(request=UpToSerializer, responses=ReadSerializer, filters=False)
    @action(detail=False, methods=["post"], url_path="read-all", pagination_class=None)
    def read_all(self, request: Request) -> Response:
        """Mark everything as read up to the newest that was seen."""
        body = self.taken(UpToSerializer)
        return Response({"read": reading.mark_all_read(by=person(request), up_to=body["up_to"])})


router = SimpleRouter()
router.register("notices", Notices, "notice")

urlpatterns = router.urls
