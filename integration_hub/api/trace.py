"""Follow a number from contract to cash: the lineage as nodes and edges."""

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from integration_hub.api.fields import AmountField
from integration_hub.api.views import HubView, person
from integration_hub.people.models import User
from integration_hub.trail import sight
from integration_hub.trail.lineage import Edge, Graph, Node, Ref

DEFAULT_DEPTH, MAX_DEPTH = 8, 20


class HitSerializer(serializers.Serializer[Any]):
    """A row that carries the number."""

    kind = serializers.CharField()
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # our field, not the framework's label
    detail = serializers.CharField()
    system = serializers.CharField()
    legal_entity = serializers.CharField()
    url = serializers.CharField(help_text="Its screen.")


class NodeSerializer(HitSerializer):
    """A row on the way from opportunity to cash."""

    lane = serializers.CharField()
    status = serializers.CharField()
    amount = AmountField()
    currency = serializers.CharField()
    basis = serializers.CharField(help_text="net, tax or gross; empty where the question does not arise.")
    facts = serializers.DictField(child=serializers.CharField())
    hidden = serializers.IntegerField(help_text="Neighbours left out because there are too many.")


class EdgeSerializer(serializers.Serializer[Any]):
    """`target` came of `source`; both are `[kind, key]`."""

    source = serializers.ListField(  # type: ignore[assignment]  # our field, not the framework's source
        child=serializers.CharField(), min_length=2, max_length=2
    )
    target = serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2)
    label = serializers.CharField()  # type: ignore[assignment]  # our field, not the framework's label


class GraphSerializer(serializers.Serializer[Any]):
    """The chain around one row."""

    focus = serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2)
    nodes = NodeSerializer(many=True)
    edges = EdgeSerializer(many=True)


class TraceSerializer(serializers.Serializer[Any]):
    """What carries the number, and the chain when exactly one row does or one was chosen."""

    hits = HitSerializer(many=True)
    graph = GraphSerializer(allow_null=True)


class TraceView(HubView):
    """The lineage of anything that has a number."""

    required_scopes = {"GET": "trace:read"}
    required_permission = "hub_trail.view_event"
    query_names = {"q", "kind", "key", "depth"}

    @extend_schema(
        operation_id="trace_retrieve",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, description="An id or number of any system, exactly."),
            OpenApiParameter("kind", OpenApiTypes.STR, description="With `key`: which row, where several carry it."),
            OpenApiParameter("key", OpenApiTypes.STR),
            OpenApiParameter("depth", OpenApiTypes.INT, description=f"Steps each way, up to {MAX_DEPTH}."),
        ],
        responses=TraceSerializer,
    )
    def get(self, request: Request) -> Response:
        """Rows that carry a number, and the chain up- and downstream of the one that does."""
        asked, user = request.query_params, person(request)
        depth = _depth(asked.get("depth"))
        if any("\x00" in text for text in asked.values()):
            raise ValidationError({"q": ["This is no number of anything."]})
        hits = sight.find(user, asked.get("q", ""))
        graph = None
        if asked.get("kind") and asked.get("key"):
            graph = _chain(user, (asked["kind"], asked["key"]), depth)
        elif not asked.get("q"):
            raise ValidationError({"q": ["Say what to trace: `q`, or `kind` and `key`."]})
        elif len({(hit.kind, hit.key) for hit in hits}) == 1:
            graph = _chain(user, (hits[0].kind, hits[0].key), depth)
        return Response(TraceSerializer({"hits": hits, "graph": graph and _plain(graph)}).data)


def _chain(user: User, focus: Ref, depth: int) -> Graph:
    try:
        return sight.chain(user, focus, depth)
    except LookupError as error:
        raise Http404 from error


def _plain(graph: Graph) -> dict[str, Any]:
    return {
        "focus": list(graph.focus),
        "nodes": [_node(node, graph.hidden.get(ref, 0)) for ref, node in graph.nodes.items()],
        "edges": [_edge(edge) for edge in graph.edges],
    }


def _node(node: Node, hidden: int) -> dict[str, Any]:
    names = (
        "kind",
        "key",
        "lane",
        "label",
        "detail",
        "amount",
        "currency",
        "basis",
        "url",
        "status",
        "system",
        "legal_entity",
    )
    return {**{name: getattr(node, name) for name in names}, "facts": node.facts, "hidden": hidden}


def _edge(edge: Edge) -> dict[str, Any]:
    return {"source": list(edge.source), "target": list(edge.target), "label": edge.label}


def _depth(text: str | None) -> int:
    if text is None:
        return DEFAULT_DEPTH
    if text.isdecimal() and 1 <= int(text) <= MAX_DEPTH:
        return int(text)
    raise ValidationError({"depth": [f"Use a whole number from 1 to {MAX_DEPTH}."]})
