"""The lineage walk: each app says what one of its rows came from and what came of it; the walk joins the answers.

There is no graph table: edges are the foreign keys that the rows have anyway (architecture §3).
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from integration_hub.kernel.money import Basis, Money
from integration_hub.kernel.registry import Registry

LANES = ["agreement", "contract", "delivery", "decision", "candidate", "invoice", "ledger", "cash"]
Ref = tuple[str, str]  # (kind, key), e.g. ("invoice", "17")


@dataclass(frozen=True, slots=True)
class Node:
    """One row on the way from opportunity to cash, as the trace shows it."""

    kind: str
    key: str
    lane: str
    label: str
    detail: str = ""
    amount: Decimal | None = None
    currency: str = ""
    url: str = ""
    status: str = ""
    system: str = ""
    legal_entity: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    basis: Basis = ""

    @property
    def money(self) -> Money | None:
        """Its amount, with what it is: along one chain net and gross stand beside each other."""
        return Money(self.amount, self.currency, self.basis) if self.amount is not None else None

    @property
    def ref(self) -> Ref:
        """Identity in the graph."""
        return (self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Edge:
    """`target` came of `source`."""

    source: Ref
    target: Ref
    label: str = ""


@dataclass(slots=True)
class Graph:
    """A neighbourhood: the focus, its nodes and edges, and how many siblings were left out per node."""

    focus: Ref
    nodes: dict[Ref, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    hidden: dict[Ref, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Provider:
    """What an app offers for one kind of node. Upstream and downstream return the neighbours' refs.

    `recorded_as` is the object type under which the trail records such rows, where it is not the kind itself.
    """

    load: Callable[[list[str]], Iterable[Node]]
    upstream: Callable[[str, int], list[Ref]]
    downstream: Callable[[str, int], list[Ref]]
    recorded_as: str = ""


PROVIDERS: Registry[Provider] = Registry("lineage provider")

BRANCHES: Registry[Callable[[str, int], list[Ref]]] = Registry("lineage branch")
"""By `<kind>:<room>`: what a room above made of rows of a kind that belongs to a room below, downstream of them."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer of the search box."""

    kind: str
    key: str
    label: str
    detail: str = ""
    url: str = ""
    system: str = ""
    legal_entity: str = ""


FINDERS: Registry[Callable[[str], Iterable[Hit]]] = Registry("finder")


def find(text: str) -> list[Hit]:
    """Rows that carry this id or number in any system, exact matches of every finder."""
    text = text.strip()
    if not text:
        return []
    return [hit for _, finder in FINDERS for hit in finder(text)]


def walk(focus: Ref, *, depth: int = 2, fan_out: int = 200) -> Graph:
    """The chain around one row: everything upstream and everything downstream within `depth` steps.

    Walks up from what is up and down from what is down only, so that siblings of an ancestor do not flood the picture.
    """
    graph = Graph(focus=focus)
    _follow(graph, focus, depth, fan_out, up=True)
    _follow(graph, focus, depth, fan_out, up=False)
    _load(graph)
    graph.edges = [
        edge for edge in dict.fromkeys(graph.edges) if edge.source in graph.nodes and edge.target in graph.nodes
    ]
    return graph


def _follow(graph: Graph, focus: Ref, depth: int, fan_out: int, *, up: bool) -> None:
    seen = {focus}
    queue: deque[tuple[Ref, int]] = deque([(focus, 0)])
    graph.nodes.setdefault(focus, _placeholder(focus))
    while queue:
        ref, distance = queue.popleft()
        provider = PROVIDERS.find(ref[0])
        if provider is None or distance >= depth:
            continue
        neighbours = (provider.upstream if up else provider.downstream)(ref[1], fan_out + 1)
        if not up:
            for name, branch in BRANCHES:
                if name.partition(":")[0] == ref[0]:
                    neighbours = [*neighbours, *branch(ref[1], fan_out + 1)]
        if len(neighbours) > fan_out:
            graph.hidden[ref] = len(neighbours) - fan_out
        for neighbour in neighbours[:fan_out]:
            graph.edges.append(Edge(neighbour, ref) if up else Edge(ref, neighbour))
            graph.nodes.setdefault(neighbour, _placeholder(neighbour))
            if neighbour not in seen:
                seen.add(neighbour)
                queue.append((neighbour, distance + 1))


def _placeholder(ref: Ref) -> Node:
    return Node(kind=ref[0], key=ref[1], lane="", label=ref[1])


def _load(graph: Graph) -> None:
    keys: dict[str, list[str]] = {}
    for kind, key in graph.nodes:
        keys.setdefault(kind, []).append(key)
    loaded: dict[Ref, Node] = {}
    for kind, members in keys.items():
        provider = PROVIDERS.find(kind)
        if provider is not None:
            loaded.update({node.ref: node for node in provider.load(members)})
    graph.nodes = loaded
