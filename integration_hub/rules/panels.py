"""What the decision tables put into menu, links and timeline."""

from integration_hub.console import links, menu, timeline
from integration_hub.rules.actions import draft_runs
from integration_hub.rules.actions.tables import OBJECT
from integration_hub.rules.views import SEE

SENTENCES = {
    "drafted": ("edit", "made a draft: {label}", "neutral"),
    "edited": ("edit", "edited the rules of {label}", "neutral"),
    "checked": ("list-check", "checked {label}", "info"),
    "published": ("circle-check", "put {label} in force", "success"),
    "discarded": ("trash", "threw the draft {label} away", "neutral"),
}
RUN_SENTENCES = {
    "started": ("player-play", "started {label}", "neutral"),
    "stop_asked": ("ban", "stopped {label}", "warning"),
    "done": ("circle-check", "finished {label}", "success"),
    "stopped": ("ban", "ended {label} before it was done", "warning"),
    "failed": ("alert-octagon", "could not finish {label}", "danger"),
}


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Billing", "Decision tables", "rules:table-list", "list-check", SEE, weight=60))
    links.to(OBJECT, "rules:table-detail")
    links.to(draft_runs.OBJECT, "rules:draft-run")
    for verb, (icon, sentence, tone) in SENTENCES.items():
        timeline.tell(f"rules.table.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
    for verb, (icon, sentence, tone) in RUN_SENTENCES.items():
        timeline.tell(f"rules.draft_run.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
