"""What every address of the API shares: its pieces, its errors, its lists."""

from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework import mixins, viewsets
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from integration_hub.api.filters import refuse_unknown
from integration_hub.api.parsers import LimitedJSONParser, refuse_too_large
from integration_hub.api.schema import HubSchema
from integration_hub.people.models import User


class HubView(APIView):
    """The base of every view: JSON only, one schema, no copies in caches, unknown filters refused."""

    parser_classes = [LimitedJSONParser]
    renderer_classes = [JSONRenderer]
    schema = HubSchema()
    required_scopes: dict[str, str] = {}
    required_permission = ""
    query_names: set[str] = set()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what nobody would understand before anything is done."""
        refuse_too_large(request.META.get("CONTENT_LENGTH") or "")  # signing in by session reads the form
        super().initial(request, *args, **kwargs)
        refuse_unknown(request, self.known_query())

    def known_query(self) -> set[str]:
        """Names of the query parameters this address takes, paging left out."""
        return self.query_names

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers are for the caller alone."""
        answered = super().finalize_response(request, response, *args, **kwargs)
        answered["Cache-Control"] = "no-store"
        return answered


class Nouns(HubView, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """A list and a page of each row. `rows` says which a person may see; `detail_serializer_class` shows one."""

    detail_serializer_class: type[BaseSerializer[Any]] | None = None
    keyset: tuple[str, ...] = ("-id",)
    lookup_value_regex = r"\d{1,18}"

    def rows(self, user: User) -> "QuerySet[Any]":
        """The rows within a person's scope."""
        raise NotImplementedError

    def get_queryset(self) -> "QuerySet[Any]":
        """The rows of the caller; none for the schema generator."""
        if getattr(self, "swagger_fake_view", False):
            model: Any = cast(Any, self.serializer_class).Meta.model
            return cast("QuerySet[Any]", model.objects.none())
        return self.rows(person(self.request))

    def known_query(self) -> set[str]:
        """The filters of the list."""
        filterset = getattr(self, "filterset_class", None)
        return set(filterset.base_filters) if filterset and self.action == "list" else set()

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        """The short form in lists, the long one elsewhere."""
        if self.action != "list" and self.detail_serializer_class is not None:
            return self.detail_serializer_class
        return super().get_serializer_class()

    def shown(self, row: Any, *, status: int = 200) -> Response:
        """A row as its own page shows it."""
        fresh = self.get_queryset().get(pk=row.pk)
        serializer = (self.detail_serializer_class or self.serializer_class)(  # type: ignore[misc]
            fresh, context=self.get_serializer_context()
        )
        return Response(serializer.data, status=status)

    def taken(self, kind: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """The request body, checked."""
        serializer = kind(data=self.request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        return cast(dict[str, Any], serializer.validated_data)


def person(request: Request | HttpRequest) -> User:
    """Who is calling; permissions have made sure that somebody is."""
    return cast(User, request.user)
