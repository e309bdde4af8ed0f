"""Old runs that found nothing are deleted; whatever anything points to, or says, stays."""

from datetime import timedelta
from typing import Any

import pytest

from integration_hub.intake import retention
from integration_hub.intake.models import Run, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.work.registry import TICKS
from tests.integration.intake.conftest import World

OLD, YOUNG = timedelta(days=15), timedelta(days=13)


def run(world: World, age: timedelta = OLD, **more: Any) -> int:
    moment = now() - age
    values: dict[str, Any] = {"state": Run.State.DONE, "started_at": moment, "finished_at": moment, **more}
    return Run.objects.create(feed=world.feed, trigger="schedule", **values).pk


def test_only_old_runs_that_found_nothing_go(world: World) -> None:
    idle = [run(world), run(world, read=40, unchanged=40)]
    kept = [
        run(world, read=1, applied=1),
        run(world, error="The totals differ."),
        run(world, state=Run.State.FAILED, error="503"),
        run(world, state=Run.State.RUNNING, finished_at=None),
        brought := run(world),
        run(world, YOUNG),
        run(world),  # the last of its feed
    ]
    SourceVersion.objects.create(
        connection=world.feed.connection, entity=world.feed.entity, source_id="1", version="1", hash="1", payload={},
        run_id=brought,
    )  # fmt: skip

    assert retention.prune() == len(idle)
    assert list(Run.objects.order_by("pk").values_list("pk", flat=True)) == kept
    assert retention.prune() == 0


def test_a_long_backlog_goes_in_parts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(4):
        run(world)
    assert [retention.prune() for _ in range(3)] == [2, 1, 0]
    assert TICKS.get("intake.retention").run is retention.prune
