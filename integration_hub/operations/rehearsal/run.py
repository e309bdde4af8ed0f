"""One seed from its plan to its findings: load under faults, calm, drain, a person's part, check."""

import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from django.db import DatabaseError, connection

from integration_hub.effects.actions import effects as effect_actions
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failpoints import LAST_WORDS
from integration_hub.operations.rehearsal import checker, load
from integration_hub.operations.rehearsal.checker import Books
from integration_hub.operations.rehearsal.faults import Fault
from integration_hub.operations.rehearsal.handlers import NEVER_BOOKED
from integration_hub.operations.rehearsal.nemesis import Nemesis
from integration_hub.operations.rehearsal.plan import IN_ITEMS, Act, Plan, Size, make
from integration_hub.operations.rehearsal.report import SeedResult
from integration_hub.operations.rehearsal.vendors import Scene, read_again
from integration_hub.operations.rehearsal.workers import Nursery, Staff
from integration_hub.operations.supervisor import Supervisor
from integration_hub.sandbox import Landscape, accounts
from integration_hub.work import queries
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane

log = logging.getLogger(__name__)

BY = "system:rehearsal"
WORKERS = {"ingest": 2, "post": 2}
"""Per stage; the third stage is worked by a real queue cluster."""
DRAIN_SECONDS = 120.0
"""I7: after the faults have stopped, everything that is not held must be done in this time."""
REFUSED = ("moved on: token", "were settled before", "was settled before")


@dataclass(slots=True)
class Stage:
    """What all seeds of a rehearsal share."""

    landscape: Landscape
    nursery: Nursery
    supervisor: Supervisor
    var_dir: Path
    hub_url: str
    user: httpx.Client
    """Of whoever works in the vendors' systems."""
    log_path: Path
    lease_seconds: float


def run(
    stage: Stage, seed: int, size: Size, faults: tuple[Fault, ...], *, patience: float = DRAIN_SECONDS
) -> SeedResult:
    """Rehearse one seed; draining may take `patience` seconds once the faults have stopped."""
    plan = make(seed, size, faults)
    scene = Scene(stage.landscape, plan, stage.hub_url, stage.user)
    nemesis = Nemesis(
        stage.nursery, stage.supervisor, stage.var_dir, frozen_seconds=stage.lease_seconds * 1.5, more=scene.strikes()
    )
    log_from = stage.log_path.stat().st_size if stage.log_path.exists() else 0
    scene.open()
    stage.nursery.employ(Staff(WORKERS, str(seed), plan.odds))
    started = time.monotonic()
    struck = _play(plan, scene, nemesis, stage.supervisor)
    nemesis.thaw()
    scene.calm()
    stage.nursery.employ(Staff(WORKERS))
    fault_seconds = time.monotonic() - started
    calmed = time.monotonic()
    drained = _settle(scene, stage, calmed + patience)
    drain_seconds = time.monotonic() - calmed
    books = _books(scene, stage.landscape)
    struck.update(scene.struck)
    struck.update(_from_the_log(stage.log_path, log_from))
    struck["hints"] = books.hints.get("doubled", 0)
    struck.update(_in_items(plan))
    return SeedResult(
        seed=seed,
        items=len(plan.rows),
        effects=Effect.objects.filter(business_key__startswith=f"R{seed}-").count(),
        records=len(scene.people),
        faults=struck,
        findings=checker.check(seed, books, drained=drained, seconds=patience),
        fault_seconds=fault_seconds,
        drain_seconds=drain_seconds,
        fenced=_refused(stage.log_path, log_from),
        notes=[] if drained else _what_moves(),
    )


# --- under faults --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that comes at its time; `rank` orders what comes at the same."""

    at: float
    rank: int
    happen: Callable[[], object]


def _play(plan: Plan, scene: Scene, nemesis: Nemesis, supervisor: Supervisor) -> Counter[str]:
    """Let everything happen at its time; the faults that hit something, by name."""
    struck: Counter[str] = Counter()
    started = time.monotonic()
    for happening in sorted(_timeline(plan, scene, nemesis, struck), key=lambda one: (one.at, one.rank)):
        while (left := started + happening.at - time.monotonic()) > 0:
            supervisor.check()
            time.sleep(min(left, 0.05))
        happening.happen()
    return struck


def _timeline(plan: Plan, scene: Scene, nemesis: Nemesis, struck: Counter[str]) -> list[Happening]:
    seconds = plan.size.seconds
    batches = load.batches(plan)
    coming = [
        Happening(seconds * number / len(batches), 0, partial(load.bring_in, plan, rows))
        for number, rows in enumerate(batches)
    ]
    striking = [Happening(act.at, 1, partial(_strike, nemesis, act, struck)) for act in plan.acts]
    dice = random.Random(f"{plan.seed}/people")  # noqa: S311 - not a secret
    changed = dice.sample(range(len(scene.people)), k=len(scene.people) // 2)
    # Not in the second in which they were made: the vendor's stamps have whole seconds.
    changing = [
        Happening(seconds * (0.3 + 0.65 * number / max(len(changed), 1)), 2, partial(scene.change_somebody, person))
        for number, person in enumerate(changed)
    ]
    return [*coming, *striking, *changing]


def _strike(nemesis: Nemesis, act: Act, struck: Counter[str]) -> None:
    try:
        struck[act.fault] += nemesis.strike(act)
    except DatabaseError:
        connection.close()  # our own session was in the way of an earlier fault


# --- afterwards ----------------------------------------------------------------------------------------------------


def _settle(scene: Scene, stage: Stage, deadline: float) -> bool:
    """Drain; let a person do what only a person can; drain again. False when the time is over before."""
    read_again()
    for _ in range(3):
        if not _drain(scene, stage, deadline):
            return False
        if not _persons_part(scene.plan.seed):
            return True
    return _drain(scene, stage, deadline)


def _drain(scene: Scene, stage: Stage, deadline: float) -> bool:
    """Wait until nothing moves here and no hint of what we wrote is still on its way."""
    while time.monotonic() < deadline:
        stage.supervisor.check()
        if queries.quiescent() and scene.hints_are_out() and queries.quiescent():
            return True
        time.sleep(0.05)
    return False


def _persons_part(seed: int) -> int:
    """What is parked although nothing is wrong with it is tried again, blocked lanes go on, refused effects too."""
    done = 0
    parked = Item.objects.filter(lane__key__startswith=f"rehearsal:{seed}:", state=Item.State.PARKED)
    for item in parked:
        if item.payload.get("does") not in NEVER_BOOKED:
            items.retry(item_id=item.pk, by=BY, reason="Rehearsal: nothing is wrong with it")
            done += 1
    for lane in Lane.objects.filter(key__startswith=f"rehearsal:{seed}:", blocked=True):
        items.unblock_lane(lane_id=lane.pk, by=BY, reason="Rehearsal: the rest may pass")
        done += 1
    stuck = Effect.objects.filter(business_key__startswith=f"R{seed}-").exclude(
        state__in=[Effect.State.CONFIRMED, Effect.State.CANCELLED]
    )
    for effect in stuck.order_by("pk"):  # as they were planned: who asks for an order gets it
        try:
            effect_actions.retry(effect_id=effect.pk, by=BY, reason="Rehearsal: the fault is over")
        except Denied as denied:
            log.debug("%s: %s", effect, denied)  # it was confirmed in the meantime
        else:
            done += 1
    return done


def _what_moves() -> list[str]:
    stalls = [f"{stall.lane.key}: {stall.reason}" for stall in queries.stalled(limit=5)]
    return stalls or ["Nothing is stalled; something is still on its way."]


# --- what the other side says --------------------------------------------------------------------------------------


def _books(scene: Scene, landscape: Landscape) -> Books:
    mine = f"R{scene.plan.seed}-"
    invoices: dict[str, list[dict[str, object]]] = {}
    for document in landscape.ledger("netsuite")["documents"]:
        key = str(document.get("externalId") or "")
        if document["type"] == "invoice" and key.startswith(mine):
            invoices.setdefault(key, []).append(document)
    psa = landscape.ledger("kantata")
    references = [str(row["service_model_ref"]) for row in psa["references"] if row["service_model"] == "Contract"]
    projects = Counter(key for key in references if key.startswith(mine))
    others = len(references) - projects.total()
    return Books(
        invoices=invoices,
        projects=projects,
        projects_in_all=psa["counts"]["workspaces"] - others,
        people=_people(scene, landscape),
        hints=scene.hints(),
        forged=scene.forged,
    )


def _people(scene: Scene, landscape: Landscape) -> dict[str, str]:
    """Name by id, as the vendor shows it."""
    mine = set(scene.people)
    found: dict[str, str] = {}
    headers = {"Authorization": f"Bearer {accounts.KANTATA_TOKEN}"}
    page, pages = 1, 1
    while page <= pages:
        which: dict[str, str | int] = {"per_page": 200, "page": page, "on_my_account": "true"}
        answer = scene.user.get(f"{landscape.kantata}/api/v1/users", params=which, headers=headers).json()
        pages = int(answer["meta"]["page_count"])
        found |= {key: row["full_name"] for key, row in answer["users"].items() if key in mine}
        page += 1
    return found


def _from_the_log(path: Path, start: int) -> Counter[str]:
    """Deaths at fail points: whoever dies there says so."""
    return Counter({"crash": sum(line.startswith(LAST_WORDS) for line in _lines(path, start))})


def _refused(path: Path, start: int) -> int:
    """Writes that were refused because the lane had moved on."""
    return sum(any(words in line for words in REFUSED) for line in _lines(path, start))


def _lines(path: Path, start: int) -> list[str]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(start)
        return file.read().decode(errors="replace").splitlines()


def _in_items(plan: Plan) -> Counter[str]:
    """Faults that are items of their own."""
    return Counter(row.does for row in plan.rows if row.does in IN_ITEMS)
