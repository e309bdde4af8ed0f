"""The lineage picture: a chain of records in fixed lanes, laid out by the server, and the same as a nested list.

The graph is layered by stage, so the layout is arithmetic: a lane is a column, a record is a box, and boxes are ordered
by where their neighbours stand.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from integration_hub.console import wording
from integration_hub.kernel.money import added
from integration_hub.trail.lineage import LANES, Edge, Graph, Node, Ref

LANE_NAMES = {
    "agreement": "Agreement",
    "contract": "Contract",
    "delivery": "Delivery",
    "decision": "Decision",
    "candidate": "Candidate",
    "invoice": "Invoice",
    "ledger": "Ledger",
    "cash": "Cash",
}
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, HEAD, EDGE = 164, 78, 30, 14, 34, 8
GROUP_OVER = 20
DEFAULT_DEPTH, MAX_DEPTH = 2, 5
_FITS = 22


@dataclass(frozen=True, slots=True)
class Box:
    """A record in the picture."""

    node: Node
    x: int
    y: int
    focus: bool = False
    more: int = 0

    @property
    def label(self) -> str:
        """The label as far as it fits."""
        return _fit(self.node.label)

    @property
    def detail(self) -> str:
        """The detail as far as it fits."""
        return _fit(self.node.detail, _FITS + 4)

    @property
    def amount(self) -> str:
        """The amount with its currency and what it is, or empty."""
        money = self.node.money
        return wording.money(money.amount, money.currency, money.basis) if money is not None else ""

    @property
    def words(self) -> str:
        """Everything about the record in one sentence."""
        more = f"{self.more} more not shown" if self.more else ""
        node = self.node
        parts = [
            LANE_NAMES.get(node.lane, node.lane),
            node.label,
            node.detail,
            self.amount,
            node.status,
            node.system,
            more,
        ]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Line:
    """A connection in the picture."""

    path: str
    label: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A column with its heading."""

    name: str
    x: int


@dataclass(frozen=True, slots=True)
class Branch:
    """A record in the nested list, with what it came from or what came of it."""

    box: Box
    branches: "list[Branch]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Picture:
    """What the template draws."""

    width: int
    height: int
    lanes: list[Lane]
    boxes: list[Box]
    lines: list[Line]
    focus: Box | None
    upstream: list[Branch]
    downstream: list[Branch]


def depth_of(text: str | None) -> int:
    """`?depth=` as a number from 1 to 5, 2 if it is none."""
    return min(max(int(text), 1), MAX_DEPTH) if text and text.isdecimal() else DEFAULT_DEPTH


def draw(graph: Graph, *, expanded: frozenset[str] = frozenset(), expand_url: str = "?expand=") -> Picture:
    """Lay the graph out. Lanes with more than 20 records of a kind are folded unless named in `expanded`."""
    graph = _folded(graph, expanded, expand_url)
    columns = _ordered(graph)
    boxes = {box.node.ref: box for box in _place(graph, columns)}
    lanes = [Lane(LANE_NAMES.get(name, name), _x(index)) for index, name in enumerate(columns)]
    return Picture(
        width=2 * EDGE + len(lanes) * (BOX_WIDTH + GAP_X) - (GAP_X if lanes else 0),
        height=HEAD + max((box.y - HEAD + BOX_HEIGHT for box in boxes.values()), default=0) + EDGE,
        lanes=lanes,
        boxes=list(boxes.values()),
        lines=[_line(boxes[edge.source], boxes[edge.target], edge.label) for edge in graph.edges],
        focus=boxes.get(graph.focus),
        upstream=_branches(graph, boxes, up=True),
        downstream=_branches(graph, boxes, up=False),
    )


def _folded(graph: Graph, expanded: frozenset[str], expand_url: str) -> Graph:
    """The graph with crowds of one kind in one lane replaced by a single node with their sum."""
    crowds: dict[tuple[str, str], list[Node]] = {}
    for node in graph.nodes.values():
        if node.ref != graph.focus and node.lane not in expanded:
            crowds.setdefault((node.lane, node.kind), []).append(node)
    moved: dict[Ref, Ref] = {ref: ref for ref in graph.nodes}
    nodes = dict(graph.nodes)
    for (lane, kind), members in crowds.items():
        if len(members) > GROUP_OVER:
            group = _group(lane, kind, members, f"{expand_url}{lane}")
            nodes[group.ref] = group
            for node in members:
                moved[node.ref] = group.ref
                del nodes[node.ref]
    return Graph(graph.focus, nodes, _moved_edges(graph.edges, moved), _moved_counts(graph.hidden, moved))


def _moved_edges(edges: list[Edge], moved: dict[Ref, Ref]) -> list[Edge]:
    known = [edge for edge in edges if edge.source in moved and edge.target in moved]
    redrawn = [replace(edge, source=moved[edge.source], target=moved[edge.target]) for edge in known]
    return [edge for edge in dict.fromkeys(redrawn) if edge.source != edge.target]


def _moved_counts(counts: dict[Ref, int], moved: dict[Ref, Ref]) -> dict[Ref, int]:
    sums: dict[Ref, int] = {}
    for ref, count in counts.items():
        place = moved.get(ref, ref)
        sums[place] = sums.get(place, 0) + count
    return sums


def _group(lane: str, kind: str, members: list[Node], url: str) -> Node:
    sums = added(node.money for node in members if node.money is not None)
    one = sums[0] if len(sums) == 1 else None
    told = sorted(wording.money(one.amount, one.currency, one.basis) for one in sums)
    return Node(
        kind="group",
        key=f"{lane}-{kind}",
        lane=lane,
        label=f"{len(members)} × {kind.replace('_', ' ')}",
        detail="Show them all" if len(told) < 2 else " + ".join(told),
        amount=one.amount if one else None,
        currency=one.currency if one else "",
        url=url,
        basis=one.basis if one else "",
    )


def _ordered(graph: Graph) -> dict[str, list[Node]]:
    """Nodes by lane; within a lane ordered by the mean place of their neighbours to the left, then to the right."""
    unknown = sorted({node.lane for node in graph.nodes.values()} - set(LANES))
    columns: dict[str, list[Node]] = {lane: [] for lane in [*LANES, *unknown]}
    for node in sorted(graph.nodes.values(), key=lambda node: (node.label, node.key)):
        columns[node.lane].append(node)
    columns = {lane: nodes for lane, nodes in columns.items() if nodes}
    sources: dict[Ref, list[Ref]] = {}
    targets: dict[Ref, list[Ref]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
        targets.setdefault(edge.source, []).append(edge.target)
    for neighbours, names in ((sources, list(columns)), (targets, list(columns)[::-1]), (sources, list(columns))):
        for name in names:
            places = {node.ref: index for column in columns.values() for index, node in enumerate(column)}
            columns[name] = sorted(columns[name], key=lambda node: _mean(node, neighbours, places))
    return columns


def _mean(node: Node, neighbours: dict[Ref, list[Ref]], places: dict[Ref, int]) -> float:
    around = [places[ref] for ref in neighbours.get(node.ref, ()) if ref in places]
    return sum(around) / len(around) if around else places[node.ref]


def _place(graph: Graph, columns: dict[str, list[Node]]) -> Iterator[Box]:
    tallest = max((len(nodes) for nodes in columns.values()), default=0)
    for index, nodes in enumerate(columns.values()):
        top = HEAD + (tallest - len(nodes)) * (BOX_HEIGHT + GAP_Y) // 2
        for row, node in enumerate(nodes):
            y = top + row * (BOX_HEIGHT + GAP_Y)
            yield Box(node, _x(index), y, focus=node.ref == graph.focus, more=graph.hidden.get(node.ref, 0))


def _x(index: int) -> int:
    return EDGE + index * (BOX_WIDTH + GAP_X)


def _line(source: Box, target: Box, label: str) -> Line:
    """A curve from the right side of the source to the left side of the target; around it within a lane."""
    y1, y2 = source.y + BOX_HEIGHT // 2, target.y + BOX_HEIGHT // 2
    if source.x == target.x:
        right = source.x + BOX_WIDTH
        return Line(f"M{right} {y1} C{right + 28} {y1} {right + 28} {y2} {right} {y2}", label)
    x1, x2 = source.x + BOX_WIDTH, target.x
    if x2 < x1:  # against the stream: a credit that points back
        x1, x2 = source.x, target.x + BOX_WIDTH
    middle = (x1 + x2) // 2
    return Line(f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}", label)


def _branches(graph: Graph, boxes: dict[Ref, Box], *, up: bool) -> list[Branch]:
    following: dict[Ref, list[Ref]] = {}
    for edge in graph.edges:
        near, far = (edge.target, edge.source) if up else (edge.source, edge.target)
        following.setdefault(near, []).append(far)
    return _grow(graph.focus, following, boxes, seen={graph.focus})


def _grow(ref: Ref, following: dict[Ref, list[Ref]], boxes: dict[Ref, Box], seen: set[Ref]) -> list[Branch]:
    fresh = [far for far in dict.fromkeys(following.get(ref, ())) if far not in seen and far in boxes]
    seen.update(fresh)
    return [Branch(boxes[far], _grow(far, following, boxes, seen)) for far in fresh]


def _fit(text: str, length: int = _FITS) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


__all__ = ["LANES", "Box", "Edge", "Graph", "Node", "Picture", "depth_of", "draw"]
