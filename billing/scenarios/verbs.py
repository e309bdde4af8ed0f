"""The verbs that billing itself plays."""

from billing.scenarios import (
    advancing,
    crediting,
    disposing,
    earning,
    ending,
    exchanging,
    happening,
    releasing,
    running,
    timesheets,
)
from billing.scenarios.registry import VERBS, Verb

OWN: dict[str, Verb] = {
    "entries": happening.entries,
    "ingest": happening.ingest,
    "approve": happening.approve,
    "close": happening.close,
    "hold": happening.hold,
    "release": happening.release,
    "amend": happening.amend,
    "milestone": happening.milestone,
    "progress": happening.progress,
    "top_up": happening.top_up,
    "run": running.run,
    "credit": crediting.credit,
    "release_retention": releasing.release_retention,
    "adjust": crediting.adjust,
    "terminate": ending.terminate,
    "wip": running.wip,
    "retainer_period": running.retainer_period,
    "straight_line": running.straight_line,
    "true_up": running.true_up,
    "recognise": earning.recognise,
    "dispose": disposing.dispose,
    "timesheet": timesheets.timesheet,
    "write_effects": disposing.write_effects,
    "deposit": advancing.deposit,
    "down_payment": advancing.down_payment,
    "fx_settle": exchanging.fx_settle,
    "fx_advance": exchanging.fx_advance,
}


def register() -> None:
    """Offer them to the runner."""
    for name, verb in OWN.items():
        VERBS.register(name, verb)
