"""As far as a person may see: rows that carry a number, and the chain around one of them, within legal entities."""

from django.core.exceptions import ObjectDoesNotExist

from integration_hub.people.models import User
from integration_hub.trail import lineage
from integration_hub.trail.lineage import Graph, Hit, Node, Ref


def may_see(user: User, row: Hit | Node) -> bool:
    """Whether a row is within a person's scope; one that belongs to no legal entity is for those who see all."""
    return user.all_legal_entities or bool(row.legal_entity and user.may_see(row.legal_entity))


def find(user: User, text: str) -> list[Hit]:
    """Rows of the person's scope that carry this id or number."""
    return [hit for hit in lineage.find(text) if may_see(user, hit)]


def chain(user: User, focus: Ref, depth: int) -> Graph:
    """The chain around a row as far as a person may see it.

    Rows without a legal entity (an opportunity, a source record) are shown where the chain leads to them through rows
    of the scope. Raises LookupError for what does not exist and for what is outside the scope, which look the same.
    """
    try:
        graph = lineage.walk(focus, depth=depth)
    except (ValueError, ObjectDoesNotExist) as error:  # a key that is no id of this kind, or of no row
        raise LookupError(focus) from error
    node = graph.nodes.get(focus)
    if node is None or not may_see(user, node):
        raise LookupError(focus)
    if user.all_legal_entities:
        return graph
    reached = _reached(graph, user)
    nodes = {ref: node for ref, node in graph.nodes.items() if ref in reached}
    edges = [edge for edge in graph.edges if edge.source in reached and edge.target in reached]
    return Graph(focus, nodes, edges, {ref: count for ref, count in graph.hidden.items() if ref in reached})


def _reached(graph: Graph, user: User) -> set[Ref]:
    neighbours: dict[Ref, list[Ref]] = {}
    for edge in graph.edges:
        neighbours.setdefault(edge.source, []).append(edge.target)
        neighbours.setdefault(edge.target, []).append(edge.source)
    reached, waiting = {graph.focus}, [graph.focus]
    while waiting:
        for ref in neighbours.get(waiting.pop(), []):
            node = graph.nodes[ref]
            if ref not in reached and (not node.legal_entity or user.may_see(node.legal_entity)):
                reached.add(ref)
                waiting.append(ref)
    return reached
