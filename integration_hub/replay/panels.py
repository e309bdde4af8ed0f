"""What the replays put into menu, home, timeline and links."""

from django.urls import reverse

from integration_hub.console import home, links, menu, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.people.models import Role, User
from integration_hub.replay import queries
from integration_hub.replay.actions.plans import OBJECT
from integration_hub.replay.tables import state
from integration_hub.replay.views import SEE

TOP = 5
SENTENCES = {
    "frozen": ("list-check", "planned to work {size} items again: {told}", "neutral"),
    "forecast": ("calculator", "forecast it: {going} items would be put back to work", "info"),
    "forecast_again": ("refresh", "had it forecast again", "neutral"),
    "approved": ("circle-check", "approved exactly these {size} items", "success"),
    "paused": ("player-pause", "paused it after {taken} items", "warning"),
    "resumed": ("player-play", "let it go on after {taken} items", "progress"),
    "cancelled": ("ban", "cancelled it; {left} items were left alone", "warning"),
    "done": ("circle-check", "finished it", "success"),
    "stopped": ("alert-octagon", "stopped by itself", "danger"),
}


def waiting(user: User) -> Waiting:
    """Plans that wait for an approval or stand still."""
    rows = queries.waiting_for(user)
    found = list(rows[:TOP])
    return Waiting(
        count=rows.count(),
        oldest=found[0].created_at if found else None,
        url=f"{reverse('replay:plan-list')}?state=ready&state=paused",
        rows=[
            WaitingRow(
                plan.title,
                f"{plan.size:,} items, planned by {plan.planned_by.label}",
                url=reverse("replay:plan-detail", args=[plan.pk]),
                when=plan.created_at,
                badge=state(plan),
            )
            for plan in found
        ],
    )


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Integration", "Replays", "replay:plan-list", "repeat", SEE, weight=32))
    home.PANELS.register(
        "replay.waiting",
        Panel("Replays that wait", waiting, frozenset({Role.FINANCE, Role.INTEGRATION_ADMIN}), weight=24,
              permission=SEE, icon="repeat", empty="No replay waits for an approval."),
    )  # fmt: skip
    links.to(OBJECT, "replay:plan-detail")
    for verb, (icon, sentence, tone) in SENTENCES.items():
        timeline.tell(f"replay.plan.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
