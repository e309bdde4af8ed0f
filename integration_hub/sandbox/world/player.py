"""Plays the world through the vendors' APIs and the hub's REST API, act by act, and can go on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from . import calendar
from .acts import billing, cash, deals, masters, work
from .build import build
from .hub import Hub
from .model import World
from .stage import LandscapeUrls, Progress, Settle, Stage
from .vendors.control import Control
from .vendors.kantata import Kantata
from .vendors.netsuite import NetSuite
from .vendors.salesforce import Salesforce

Act = Callable[[], None]


@dataclass(frozen=True)
class Played:
    """What one start of the player did: records written by kind, and remarks for a person."""

    world: World
    written: dict[str, int]
    notes: list[str]
    steps: int = 0
    """Steps that were still to do; 0 when everything had been played before."""


@dataclass(frozen=True, slots=True)
class Step:
    """A named part of the play, done once. After it the hub settles, if `settle` says why."""

    name: str
    act: Act
    settle: str = ""


def play(
    urls: LandscapeUrls,
    hub: Hub,
    seed: int,
    progress: Progress,
    settle: Settle,
    months: int = calendar.LONGEST,
) -> Played:
    """Play `months` months of the world with this seed. `progress(what, done, total)` hears of every step;
    `settle(why)` blocks until the hub is quiescent. A step that was played before is not played again.

    Raises VendorRefused when a vendor says no to something it should take, ValueError when the landscape holds a
    world with another seed.
    """
    world = build(seed, months)
    stage = _stage(urls, hub, world, settle)
    try:
        return _perform(stage, progress)
    finally:
        stage.close()


def found(urls: LandscapeUrls, hub: Hub, seed: int) -> None:
    """Name the companies in the ERP before a hub reads them; `play` sees that it is done."""
    stage = _stage(urls, hub, build(seed, 1), settle=lambda why: None)
    try:
        marks = Marks(stage.control, stage.world)
        if not marks.has(COMPANIES):
            masters.companies(stage)
            marks.add(COMPANIES)
    finally:
        stage.close()


def _stage(urls: LandscapeUrls, hub: Hub, world: World, settle: Settle) -> Stage:
    return Stage(
        world=world,
        salesforce=Salesforce(urls.salesforce),
        kantata=Kantata(urls.kantata),
        netsuite=NetSuite(urls.netsuite),
        control=Control(urls.control),
        hub=hub,
        settle=settle,
    )


COMPANIES = "companies in the ERP"


def _perform(stage: Stage, progress: Progress) -> Played:
    steps = list(script(stage))
    marks = Marks(stage.control, stage.world)
    done = 0
    for number, step in enumerate(steps):
        progress(step.name, number, len(steps))
        if marks.has(step.name):
            continue
        step.act()
        if step.settle:
            stage.settle(step.settle)
        marks.add(step.name)
        done += 1
    progress("played", len(steps), len(steps))
    return Played(stage.world, stage.written, stage.notes, done)


class Marks:
    """Which steps are done, kept in the landscape itself: a landscape that is reset forgets the play with its data."""

    def __init__(self, control: Control, world: World) -> None:
        self._control = control
        self._kept = control.progress()
        seed = self._kept.setdefault("seed", world.seed)
        if seed != world.seed:
            raise ValueError(
                f"The landscape holds the world of seed {seed}, not {world.seed}. Remove its state or use that seed."
            )

    def has(self, name: str) -> bool:
        return name in self._kept.get("done", [])

    def add(self, name: str) -> None:
        self._kept["done"] = [*self._kept.get("done", []), name]
        self._control.remember(self._kept)


# -- the script ---------------------------------------------------------------------------------------------------


def script(stage: Stage) -> Iterator[Step]:
    """All steps in order."""
    first = stage.world.months[0]
    yield Step(COMPANIES, lambda: masters.companies(stage))
    yield Step("terms and periods", lambda: masters.terms(stage))
    yield Step("people", lambda: masters.people(stage, calendar.month_end(first)))
    yield Step("customers", lambda: masters.customers(stage))
    yield Step("hints", lambda: masters.hints(stage), "master data")
    for month in stage.world.months:
        yield from _month(stage, month)


def _month(stage: Stage, month: date) -> Iterator[Step]:
    name = calendar.month_name(month)
    yield from _beginning(stage, month, name)
    yield Step(f"{name}: exchange rates", lambda: masters.rates(stage, month))
    yield Step(f"{name}: hints off", lambda: masters.quiet(stage))
    yield Step(f"{name}: time", lambda: work.time(stage, month))
    yield Step(f"{name}: expenses", lambda: work.expenses(stage, month))
    yield Step(f"{name}: timesheets", lambda: work.sheets(stage, month))
    if month in {stage.world.months[0], stage.world.months[-1]}:
        yield Step(f"{name}: hints on", lambda: masters.hints(stage))
    yield Step(f"{name}: milestones", lambda: work.milestones(stage, month), f"work of {name}")
    yield Step(f"{name}: corrections", lambda: work.corrections(stage, month))
    yield Step(f"{name}: amendments", lambda: deals.amend(stage, month), f"changes of {name}")
    yield Step(f"{name}: credit memo", lambda: cash.credit(stage, month))
    yield Step(f"{name}: payments", lambda: cash.payments(stage, month), f"cash of {name}")
    yield Step(f"{name}: holds", lambda: billing.holds(stage, month))
    yield Step(f"{name}: billing runs", lambda: billing.runs(stage, month), f"billing runs of {name}")
    yield Step(f"{name}: approvals", lambda: billing.approvals(stage, month), f"approvals of {name}")
    yield Step(f"{name}: postings", lambda: billing.postings(stage, month))
    yield Step(f"{name}: month closed", lambda: cash.close_month(stage, month), f"end of {name}")


def _beginning(stage: Stage, month: date, name: str) -> Iterator[Step]:
    """New colleagues and new contracts."""
    last = calendar.month_end(month)
    if any(
        month < person.joins <= last or (month == person.joins != stage.world.months[0])
        for person in stage.world.people
    ):
        yield Step(f"{name}: new colleagues", lambda: masters.people(stage, last))
    if deals.starting(stage, month):
        yield Step(f"{name}: drafts", lambda: deals.prepare(stage, month))
        yield Step(f"{name}: signatures", lambda: deals.sign(stage, month), f"activations of {name}")
        yield Step(f"{name}: project plans", lambda: work.plans(stage))
