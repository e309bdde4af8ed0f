"""What lanes do for decision tables."""

from integration_hub.rules.actions import draft_runs
from integration_hub.work.registry import HANDLERS, Handler


def register() -> None:
    """Fill the registry of handlers; called once by the app."""
    HANDLERS.register(
        draft_runs.KIND,
        Handler(draft_runs.work, local=False, title="Run a draft over what was decided", skippable=True,
                parked=draft_runs.parked),
    )  # fmt: skip
