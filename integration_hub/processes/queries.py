"""Processes read: the picture of one, and the list of those that are open."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, Value, When

from integration_hub.effects.models import Effect
from integration_hub.effects.queries import by_keys
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.processes.models import Process, Step
from integration_hub.processes.registry import DEFINITIONS, Definition

STANDING = ("running", "undoing", "failed")
"""States of the step at which a process stands."""


@dataclass(frozen=True, slots=True)
class StepPicture:
    """One step as the picture shows it, with the effect it planned."""

    number: int
    name: str
    title: str
    state: str
    state_label: str
    detail: str
    can_be_undone: bool
    lane: str
    due_at: datetime | None
    overdue: bool
    effect: Effect | None
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A process with its steps in order."""

    process: Process
    title: str
    steps: tuple[StepPicture, ...]

    @property
    def current(self) -> StepPicture | None:
        """The step it stands at: running, failed or being undone."""
        return next((step for step in self.steps if step.state in STANDING), None)


def visible_to(user: User) -> QuerySet[Process]:
    """Processes of the user's legal entities, newest first."""
    return scoped(Process.objects.all(), user, "legal_entity").order_by("-id")


def open_processes(user: User) -> QuerySet[Process]:
    """Those that are neither done nor undone, oldest first."""
    return visible_to(user).exclude(state__in=[Process.State.DONE, Process.State.UNDONE]).order_by("started_at")


def of_key(definition: str, business_key: str) -> QuerySet[Process]:
    """All runs of a definition for one business key, newest first."""
    return Process.objects.filter(definition=definition, business_key=business_key).order_by("-attempt")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the open processes of one version stand: how many at each step, by its name."""

    definition: Definition
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """Open processes of this version."""
        return sum(self.counts.values())


def standings(user: User) -> list[Standing]:
    """Where all open processes stand, per saga and version; one query."""
    at = Step.objects.filter(process=OuterRef("pk"), state__in=["running", "failed", "undoing", "waiting"])
    rows = open_processes(user).order_by("definition", "definition_version")
    rows = rows.annotate(at=Subquery(at.order_by(_stands_first(), "number").values("name")[:1]))
    found: dict[tuple[str, int], dict[str, int]] = {}
    for name, version, step, count in rows.values_list("definition", "definition_version", "at").annotate(Count("pk")):
        found.setdefault((name, version), {})[step or ""] = count
    known = ((DEFINITIONS.find(*key), counts) for key, counts in found.items())
    return [Standing(definition, counts) for definition, counts in known if definition is not None]


def _stands_first() -> Case:
    """A step that is at work or failed comes before one that waits for its turn."""
    return Case(When(state="waiting", then=Value(1)), default=Value(0), output_field=IntegerField())


def picture(process: Process) -> Picture:
    """The steps of one process with titles and effects; two queries."""
    definition = DEFINITIONS.find(process.definition, process.definition_version)
    specs = {spec.name: spec for spec in definition.steps} if definition else {}
    steps = list(process.steps.order_by("number"))
    waits = process.state == Process.State.WAITING
    standing = next((step.pk for step in steps if step.state in STANDING), None)
    effects = by_keys(step.effect_key for step in steps if step.effect_key)
    pictures = tuple(
        StepPicture(
            number=step.number,
            name=step.name,
            title=specs[step.name].title if step.name in specs else step.name,
            state=step.state,
            state_label="Waits for a person" if waits and step.pk == standing else step.get_state_display(),
            detail=step.detail,
            can_be_undone=step.name in specs and specs[step.name].undo is not None,
            lane=specs[step.name].lane if step.name in specs else "hub",
            due_at=step.due_at,
            overdue=step.overdue_at is not None and step.state == Step.State.RUNNING,
            effect=effects.get(step.effect_key),
            started_at=step.started_at,
            finished_at=step.finished_at,
        )
        for step in steps
    )
    return Picture(process, DEFINITIONS.title(process.definition), pictures)
