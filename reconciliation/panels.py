"""What reconciliation puts into menu, home and timeline, and the work it has done."""

from django.urls import reverse

from integration_hub.console import home, menu, timeline
from integration_hub.console.actors import name_of
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.people.models import Role, User
from integration_hub.work.registry import HANDLERS, TICKS, Handler, Tick
from reconciliation import queries
from reconciliation.actions import proofs, tieouts
from reconciliation.tables import verdict
from reconciliation.views import SEE

TOP = 5
TICK_SECONDS = 300


def last(user: User) -> Waiting:
    """The newest statement: its verdict and what does not agree."""
    found, url = queries.latest(user), reverse("reconciliation:tieout-latest")
    if found is None:
        return Waiting(count=0, url=url)
    rows = [WaitingRow("Last comparison", f"run by {name_of(found.started_by)}", url=url, when=found.at,
                       badge=verdict(found))]  # fmt: skip
    broken = [arrow for arrow in queries.arrows(found, user) if not arrow.agrees]
    rows += [
        WaitingRow(
            f"{arrow.legal_entity} {arrow.currency}: {arrow.left_name} ≠ {arrow.right_name}",
            f"{arrow.left:,.2f} against {arrow.right:,.2f}",
            url=url,
            badge="broken",
        )
        for arrow in broken[:TOP]
    ]
    return Waiting(count=len(broken), oldest=found.at if broken else None, url=url, rows=rows)


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Trace", "Tie-out", "reconciliation:tieout-latest", "scale", SEE, weight=20, key="b"))
    menu.add(menu.MenuItem("Trace", "Reports", "reconciliation:report-list", "trending-up", "billing.view_piece", 30))
    home.PANELS.register(
        "reconciliation.last",
        Panel("Do all systems agree?", last, frozenset({Role.AUDITOR, Role.FINANCE}), weight=30, permission=SEE,
              icon="scale", empty="No tie-out has been run yet."),
    )  # fmt: skip
    timeline.tell("reconciliation.tie_out.requested", "scale", "asked for a tie-out")
    timeline.tell(proofs.EXPORTED, "file-certificate", "took the proof of {label} along")
    timeline.tell("reconciliation.tie_out.run", "scale", "compared all systems: {label}")
    HANDLERS.register(tieouts.KIND, Handler(tieouts.work, local=False, title="Compare all systems", skippable=True))
    TICKS.register(tieouts.KIND, Tick(tieouts.KIND, TICK_SECONDS, tieouts.daily))
