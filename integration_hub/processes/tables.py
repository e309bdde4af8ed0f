"""Tables of processes."""

from django.urls import reverse

from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.processes.models import Process
from integration_hub.processes.registry import DEFINITIONS

STATES = {
    "running": ("progress", "loader"),
    "waiting": ("warning", "hand-stop"),
    "compensating": ("warning", "arrow-back-up"),
    "done": ("success", "circle-check"),
    "undone": ("danger", "arrow-back-up"),
}


def state(process: Process) -> Badge:
    """How a process stands."""
    tone, icon = STATES.get(process.state, ("neutral", "point"))
    return Badge(process.get_state_display(), tone, icon)  # type: ignore[arg-type]


def definition_title(process: Process) -> str:
    """What the process does, in words."""
    return DEFINITIONS.title(process.definition)


def step_title(process: Process, name: str | None) -> str | None:
    """A step in words; its name when the definition does not have it any more."""
    definition = DEFINITIONS.find(process.definition, process.definition_version)
    steps = definition.steps if definition else ()
    return next((step.title for step in steps if step.name == name), name)


class ProcessTable(Table):
    """Processes, those that need a person first."""

    caption = "Processes"
    default_sort = "-rank"
    columns = [
        Column("label", "For"),
        Column("definition", "What", accessor=definition_title, sortable=True, order_by="definition"),
        Column("state", "State", kind="badge", accessor=state, sortable=True, order_by="state"),
        Column("step", "Stands at", accessor=lambda row: step_title(row, row.stands_at)),
        Column("failure", "Why", accessor=lambda row: row.failure[:200], hideable=True),
        Column("attempt", "Attempt", kind="number", hideable=True, hidden=True),
        Column("legal_entity", "Entity", sortable=True, hideable=True),
        Column("started_at", "Started", kind="ago", sortable=True),
        Column("finished_at", "Finished", kind="ago", sortable=True, hideable=True),
    ]

    def row_url(self, row: Process) -> str:
        """The process with its steps."""
        return reverse("processes:process-detail", args=[row.pk])

    def row_tone(self, row: Process) -> str:
        """What waits for a person is marked; its state says it in words."""
        return "warning" if row.state in (Process.State.WAITING, Process.State.COMPENSATING) else ""
