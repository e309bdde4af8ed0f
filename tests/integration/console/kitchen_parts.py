"""One example of every part, for the kitchen's detail page."""

from datetime import timedelta
from decimal import Decimal

from django.urls import reverse

from integration_hub.console import charts, lineage, timeline
from integration_hub.console.buttons import Button
from integration_hub.console.freshness import Freshness
from integration_hub.console.progress import Progress
from integration_hub.console.wording import day_html, money_html
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.decision import deny
from integration_hub.trail.lineage import Edge, Graph, Node


def context(request):
    """Everything the page shows."""
    return {
        "buttons": [
            Button("Release", reverse("kitchen:release", args=[1]), tone="primary", icon="circle-check", key="a"),
            Button("Return", reverse("kitchen:release", args=[1]), icon="arrow-back-up", key="r"),
            Button("Write off", "/", deny("Write-offs above 5,000 USD need a second signature."), tone="danger"),
        ],
        "breadcrumbs": [("Holds", reverse("kitchen:list")), ("Northwind", "/")],
        "facts": [
            ("Customer", "Northwind Traders"),
            ("Project", "Data platform, phase 2"),
            ("Amount", money_html(Decimal("-1234.5"), "USD")),
            ("Work date", day_html(today())),
            ("Approver", None),
        ],
        "tabs": [
            {"label": "Overview", "url": "?", "current": True},
            {"label": "Lines", "url": "?tab=lines", "count": 1240},
            {"label": "Timeline", "url": "?tab=timeline", "icon": "history"},
        ],
        "steps": [
            {"label": "Draft", "state": "done", "detail": "18 Nov"},
            {"label": "Review", "state": "done", "detail": "Bob, 19 Nov"},
            {"label": "Second signature", "state": "current"},
            {"label": "Posted", "state": "waiting"},
        ],
        "progress": Progress(id="run", noun="entries", done=1240, total=3100, started_at=now() - timedelta(minutes=4)),
        "amounts": {"EUR": Decimal("8120.5"), "JPY": Decimal("1200000"), "USD": Decimal("-310.2")},
        "sources": [
            Freshness("NetSuite", now() - timedelta(hours=2), late=True),
            Freshness("Kantata", now() - timedelta(minutes=3)),
            Freshness("Salesforce", None),
        ],
        "entries": timeline.entries(events()),
        "ages": [
            charts.Bar("0 to 7 days", 31_000, money_html(31_000, "USD"), "success"),
            charts.Bar("8 to 30 days", 18_400, money_html(18_400, "USD"), "warning", "/"),
            charts.Bar("over 30 days", 4_120, money_html(4_120, "USD"), "danger"),
        ],
        "month": [
            charts.Bar("Posted", 62, "62,000 USD", "success"),
            charts.Bar("Ready", 21, "21,000 USD", "progress"),
            charts.Bar("Held", 11, "11,000 USD", "warning"),
            charts.Bar("Not approved", 6, "6,000 USD", "neutral"),
        ],
        "trend": [12, 14, 13, 19, 22, 18, 25, 24, 31],
        "picture": lineage.draw(graph()),
        "statuses": ["draft", "pending", "open", "running", "approved", "held", "late", "failed", "rejected", "void"],
    }


def events():
    """A few events, newest first."""
    moment = now()
    common = {"actor_kind": "person", "object_label": "H-1042"}
    return [
        common
        | {
            "action": "billing.hold.released",
            "actor": "Alice Smith",
            "recorded_at": moment,
            "correlation_id": "a",
            "reason": "Rate was agreed in amendment 3.",
            "data": {"changes": {"status": ["open", "released"]}},
        },
        common
        | {
            "action": "billing.line.queued",
            "actor": "Alice Smith",
            "recorded_at": moment,
            "correlation_id": "a",
            "reason": "Rate was agreed in amendment 3.",
            "data": {},
        },
        common
        | {
            "action": "billing.hold.raised",
            "actor": "system:billing",
            "actor_kind": "system",
            "recorded_at": moment - timedelta(days=3),
            "correlation_id": "b",
            "reason": "",
            "data": {"code": "RATE_ABOVE_CONTRACT"},
        },
    ]


def graph():
    """A chain from agreement to cash with a crowd of time entries."""
    nodes = [
        Node(
            "opportunity",
            "1",
            "agreement",
            "Data platform phase 2",
            "Northwind Traders",
            Decimal(120000),
            "USD",
            "/",
            "signed",
        ),
        Node(
            "contract", "1", "contract", "C-2041 v3", "T&M, monthly", Decimal(120000), "USD", "/", "active", "Ironclad"
        ),
        Node("decision", "1", "decision", "D-88 billable", "rate card 2026-07", Decimal(1850), "USD", "/"),
        Node("decision", "2", "decision", "D-89 held", "above contract rate", Decimal(-320), "USD", "/", "held"),
        Node("candidate", "1", "candidate", "Candidate 311", "October 2026", Decimal(18400), "USD", "/", "approved"),
        Node(
            "invoice", "1", "invoice", "INV-2026-0077", "30 days net", Decimal(18400), "USD", "/", "posted", "NetSuite"
        ),
        Node("ledger", "1", "ledger", "NetSuite 4711", "posted 31 Oct", Decimal(18400), "USD", "/", "posted"),
        Node("payment", "1", "cash", "Payment 9001", "wire, 12 Nov", Decimal(18400), "USD", "/", "paid"),
    ]
    entries = [
        Node("time_entry", str(n), "delivery", f"Time entry {n}", "Bob Miller, 3 Oct", Decimal(185), "USD", "/")
        for n in range(24)
    ]
    milestones = [
        Node("milestone", str(n), "delivery", f"Milestone {n}", "accepted", Decimal(5000), "USD", "/") for n in range(2)
    ]
    edges = [(0, 1), (2, 4), (3, 4), (4, 5), (5, 6), (6, 7)]
    refs = [node.ref for node in nodes]
    lines = [Edge(refs[a], refs[b]) for a, b in edges]
    lines += [Edge(refs[1], node.ref) for node in [*entries, *milestones]]
    lines += [Edge(node.ref, refs[2 + int(node.key) % 2]) for node in entries]
    lines += [Edge(node.ref, refs[4]) for node in milestones]
    everything = {node.ref: node for node in [*nodes, *entries, *milestones]}
    return Graph(refs[4], everything, lines, {refs[1]: 180})
