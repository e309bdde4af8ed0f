"""`manage.py trace <any id or number>`: the chain both ways, from the signed contract to the payment."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration_hub.trail.lineage import Graph, Hit, Node, Ref, find, walk


class Command(BaseCommand):
    """Trace one row."""

    help = "Find the row that carries an id or number in any system and print where it came from and what came of it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Arguments of the command."""
        parser.add_argument(
            "text", help="contract, candidate or invoice number, payment, work key, id in another system …"
        )
        parser.add_argument("--depth", type=int, default=8)
        parser.add_argument("--siblings", type=int, default=12, help="how many neighbours of one row to show")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the chain of every row found."""
        hits = list({(hit.kind, hit.key): hit for hit in find(options["text"])}.values())
        if not hits:
            raise CommandError(
                f"Nothing carries {options['text']!r}. Try a number as it stands in a document, or an id."
            )
        for hit in hits:
            graph = walk((hit.kind, hit.key), depth=options["depth"], fan_out=options["siblings"])
            self.stdout.write(_as_json(graph) if options["json"] else _as_text(hit, graph))


def _as_text(hit: Hit, graph: Graph) -> str:
    lines = [f"{hit.label}  ({hit.kind})  {hit.detail}".rstrip(), "  comes from"]
    lines += _branch(graph, graph.focus, up=True)
    lines.append("  became")
    lines += _branch(graph, graph.focus, up=False)
    return "\n".join(lines)


def _branch(graph: Graph, ref: Ref, *, up: bool, depth: int = 2, seen: frozenset[Ref] = frozenset()) -> list[str]:
    lines = []
    for edge in graph.edges:
        near, far = (edge.target, edge.source) if up else (edge.source, edge.target)
        if near != ref or far in seen:
            continue
        lines.append("  " * depth + _line(graph.nodes[far]))
        lines += ["  " * (depth + 2) + f"{name}: {value}" for name, value in graph.nodes[far].facts.items() if value]
        lines += _branch(graph, far, up=up, depth=depth + 1, seen=seen | {ref})
    if ref in graph.hidden:
        lines.append("  " * depth + f"… and {graph.hidden[ref]} or more")
    return lines


def _line(node: Node) -> str:
    amount = f"  {node.money}" if node.money is not None and node.currency else ""
    return f"{node.kind} {node.label}  {node.detail}{amount}  {node.status}".rstrip()


def _as_json(graph: Graph) -> str:
    return json.dumps(
        {
            "focus": graph.focus,
            "nodes": [
                {
                    "kind": node.kind,
                    "key": node.key,
                    "lane": node.lane,
                    "label": node.label,
                    "detail": node.detail,
                    "amount": str(node.amount) if node.amount is not None else None,
                    "currency": node.currency,
                    "basis": node.basis,
                    "status": node.status,
                    "system": node.system,
                    "facts": node.facts,
                }
                for node in graph.nodes.values()
            ],
            "edges": [{"source": edge.source, "target": edge.target} for edge in graph.edges],
        },
        indent=2,
    )
