"""What the processes put into menu, home, timeline and links."""

from django.urls import reverse

from integration_hub.console import home, links, menu, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.people.models import Role, User
from integration_hub.processes import queries
from integration_hub.processes.models import Process
from integration_hub.processes.tables import definition_title, state
from integration_hub.processes.views import SEE

TOP = 5


def waiting(user: User) -> Waiting:
    """Processes that wait for a person."""
    rows = queries.open_processes(user).filter(state=Process.State.WAITING)
    found = list(rows.defer("data")[:TOP])
    return Waiting(
        count=rows.count(),
        oldest=found[0].started_at if found else None,
        url=f"{reverse('processes:process-list')}?state=waiting",
        rows=[
            WaitingRow(
                row.label,
                row.failure[:120] or definition_title(row),
                url=reverse("processes:process-detail", args=[row.pk]),
                when=row.started_at,
                badge=state(row),
            )
            for row in found
        ],
    )


SENTENCES = {
    "started": ("player-play", "started {label}", "progress"),
    "resumed": ("refresh", "had the step tried again", "progress"),
    "given_up": ("arrow-back-up", "gave it up", "warning"),
    "done": ("circle-check", "finished it", "success"),
    "undone": ("arrow-back-up", "undid it", "warning"),
    "waiting": ("hand-stop", "waits for a person at the step {step}", "warning"),
    "overdue": ("calendar-due", "waits too long for a person at the step {step}: it was due {due}", "danger"),
    "failed": ("circle-x", "failed for good at the step {step}", "danger"),
}


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Integration", "Processes", "processes:process-list", "git-branch", SEE, weight=35))
    home.PANELS.register(
        "processes.waiting",
        Panel("Processes that wait for a person", waiting, frozenset({Role.INTEGRATION_ADMIN, Role.PMO}), weight=26,
              permission=SEE, icon="git-branch", empty="No process waits for anybody."),
    )  # fmt: skip
    links.to("process", "processes:process-detail")
    for verb, (icon, sentence, tone) in SENTENCES.items():
        timeline.tell(f"processes.process.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
    timeline.tell("processes.step.done", "check", "finished the step {step}: {detail}", "success")
    timeline.tell("processes.step.undone", "arrow-back-up", "undid the step {step}: {detail}", "warning")
