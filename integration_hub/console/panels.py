"""What the console itself puts into menu, home and timeline: the trace, the audit trail and its seals."""

from django.urls import reverse

from integration_hub.console import home, menu, timeline
from integration_hub.console.auditing import PERMISSION, seal_status
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.people.models import Role, User
from integration_hub.trail.models import Event


def seals(user: User) -> Waiting:
    """How far the trail is sealed, and what the last verification found."""
    status, url = seal_status(), reverse("console:seals")
    last = status["last"]
    checked = Event.objects.filter(action="trail.seals.verified").order_by("-id").first()
    rows = []
    if last is not None:
        rows.append(WaitingRow(f"Sealed up to event {last.last_event:,}", f"{status['unsealed']:,} events after it",
                               url=url, when=last.sealed_at, badge="ok"))  # fmt: skip
    if checked is not None:
        intact = bool(checked.data.get("intact"))
        title = "Verified: the chain is intact" if intact else "Verified: the chain is broken"
        badge = "ok" if intact else "broken"
        rows.append(WaitingRow(title, checked.reason, url=url, when=checked.recorded_at, badge=badge))
    return Waiting(count=len(rows), url=url, rows=rows)


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Trace", "Trace", "console:trace", "route", PERMISSION, weight=10, key="t"))
    menu.add(menu.MenuItem("Trace", "Audit trail", "console:event-list", "history", PERMISSION, weight=30))
    home.PANELS.register(
        "console.seals",
        Panel(
            "Seals of the audit trail",
            seals,
            frozenset({Role.AUDITOR}),
            weight=40,
            permission=PERMISSION,
            icon="shield-check",
            empty="Nothing has been sealed yet.",
        ),
    )
    timeline.tell("trail.seals.verified", "shield-check", "verified the seals: {label}")
