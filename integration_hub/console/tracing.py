"""The trace: one box for any id or number, the chain around a record in lanes, and the record itself."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from integration_hub.console import lineage as picture
from integration_hub.console import links, timeline, wording
from integration_hub.console.http import Request
from integration_hub.console.query import edited
from integration_hub.console.screens import screen
from integration_hub.trail import sight
from integration_hub.trail.lineage import Graph, Node, Ref
from integration_hub.trail.models import Event
from integration_hub.trail.queries import timeline_of_many

PERMISSION = "hub_trail.view_event"
PATHS = 40
EVENTS = 20


@screen(permission=PERMISSION)
def trace(request: Request) -> HttpResponse:
    """The box, and what carries the number; a single record opens at once."""
    query = request.GET.get("q", "").strip()
    hits = sight.find(request.user, query)
    hits = list({(hit.kind, hit.key): hit for hit in reversed(hits)}.values())[::-1]
    if len(hits) == 1 and (alone := links.trace_of(hits[0].kind, hits[0].key)):
        return HttpResponseRedirect(alone)
    shown = [(hit, links.trace_of(hit.kind, hit.key) or hit.url) for hit in hits]
    return render(request, "console/trace.html", {"title": "Trace", "query": query, "hits": shown})


@screen(permission=PERMISSION)
def record(request: Request, kind: str, key: str) -> HttpResponse:
    """One record in the middle, what it came from and what came of it."""
    depth = picture.depth_of(request.GET.get("depth"))
    try:
        graph = sight.chain(request.user, (kind, key), depth)
    except LookupError as error:
        raise Http404 from error
    focus = graph.nodes[graph.focus]
    expanded = frozenset(request.GET.getlist("expand"))
    more = edited(request.GET, expand=sorted(expanded))
    context = {
        "title": focus.label,
        "node": focus,
        "status": focus.status,
        "lead": focus.detail,
        "breadcrumbs": [("Trace", reverse("console:trace"))],
        "depth": depth,
        "picture": picture.draw(_refocused(graph), expanded=expanded, expand_url=_joined(more)),
        "paths": list(paths(_refocused(graph))),
        "facts": _facts(focus),
        "neighbours": len(graph.nodes) - 1,
        "entries": timeline.entries(_told(kind, key)),
        "json_url": f"{reverse('api:trace')}?{urlencode([('kind', kind), ('key', key), ('depth', depth)])}",
    }
    return render(request, "console/trace_record.html", context)


def _told(kind: str, key: str) -> "QuerySet[Event]":
    return timeline_of_many([(name, key) for name in links.names_of(kind)])[:EVENTS]


def _joined(query: str) -> str:
    return f"{query}expand=" if query.endswith("?") else f"{query}&expand="


def _facts(node: Node) -> list[tuple[str, object]]:
    amount = wording.money_html(node.amount, node.currency, node.basis) if node.amount is not None else None
    told: list[tuple[str, object]] = [
        ("Kind", node.kind.replace("_", " ").capitalize()),
        ("Amount", amount),
        ("System", node.system),
        ("Legal entity", node.legal_entity),
        *node.facts.items(),
    ]
    return [(label, value) for label, value in told if value not in (None, "")]


def _refocused(graph: Graph) -> Graph:
    """The same graph whose boxes lead to the trace of each record instead of its own screen."""
    nodes = {ref: replace(node, url=links.trace_of(*ref)) for ref, node in graph.nodes.items()}
    return Graph(graph.focus, nodes, graph.edges, graph.hidden)


# Where it went ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """One way from the record to where it ended, without the record itself."""

    nodes: tuple[Node, ...]

    @property
    def end(self) -> Node:
        """Where it ended."""
        return self.nodes[-1]


def paths(graph: Graph) -> Iterator[Path]:
    """Every way down from the focus to where nothing follows: where these hours went. At most 40."""
    following: dict[Ref, list[Ref]] = {}
    for edge in graph.edges:
        following.setdefault(edge.source, []).append(edge.target)
    count = 0
    trail: list[tuple[Ref, ...]] = [(graph.focus,)]
    while trail and count < PATHS:
        way = trail.pop()
        onward = [ref for ref in following.get(way[-1], []) if ref not in way]
        trail += [(*way, ref) for ref in reversed(onward)]
        if not onward and len(way) > 1:
            count += 1
            yield Path(tuple(graph.nodes[ref] for ref in way[1:]))
