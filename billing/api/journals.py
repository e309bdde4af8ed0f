"""Posting what is open of a legal entity up to a day over the API: as `billing.views.journals` does on screens."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.serializers import PostThroughSerializer
from billing.views.journals import Post
from contracts.queries import entity_of
from integration_hub.api.idempotency import PARAMETER
from integration_hub.api.views import Nouns, person

Act = TypeVar("Act", bound=Callable[..., Any])


def posting_through(serializer: type[serializers.ModelSerializer[Any]]) -> Callable[[Act], Act]:
    """Describes such an endpoint: what it takes, and the list of what was made."""
    return extend_schema(request=PostThroughSerializer, responses={201: serializer(many=True)}, parameters=[PARAMETER])


def post_through(view: Nouns, request: Request, post: Post, *, what: str) -> Response:
    """Post, and answer with what was made. `what` is what is posted, in the plural: `costs`."""
    body: dict[str, Any] = view.taken(PostThroughSerializer)
    entity = entity_of(body["legal_entity"], record=f"{what.capitalize()} to post")
    made = post(legal_entity=entity, through=body["through"], by=person(request))
    return Response(view.get_serializer(made, many=True).data, status=201)
