"""What becomes of arriving versions: each row of billing.md R21, and what a page does beside it."""

import pytest

from integration_hub.intake import pipeline, waiting
from integration_hub.intake.models import SourceVersion
from integration_hub.intake.work import Counts
from integration_hub.kernel.clock import now
from integration_hub.work.inprocess import drain_once
from tests.integration.intake.conftest import World, gone, task
from tests.integration.intake.told import open_cases

# -- R21: same key, version and hash ---------------------------------------------------------------------------------


def test_the_same_version_again_changes_nothing_and_is_counted(world: World) -> None:
    world.ingest(task("1"), task("2"))
    before = list(SourceVersion.objects.order_by("pk").values())

    counts = world.ingest(task("1"), task("2"))

    assert counts == Counts(read=2, unchanged=2)
    assert list(SourceVersion.objects.order_by("pk").values()) == before
    assert world.receiver.applied == [("1", "1", False), ("2", "1", False)]


def test_the_same_version_twice_in_one_page_is_applied_once(world: World) -> None:
    assert world.ingest(task("1"), task("1")) == Counts(read=2, applied=1, unchanged=1)
    assert world.receiver.applied == [("1", "1", False)]


def test_a_decimal_written_otherwise_is_the_same_content(world: World) -> None:
    from decimal import Decimal

    world.ingest(task("1", hours=Decimal("1.5")))

    assert world.ingest(task("1", hours=Decimal("1.50"))).unchanged == 1


# -- R21: same key and version, other hash ---------------------------------------------------------------------------


def test_another_content_of_the_applied_version_is_a_conflict_and_not_applied(world: World) -> None:
    world.ingest(task("1", "5"))

    counts = world.ingest(task("1", "5", code="other"))

    assert counts == Counts(read=1, conflicts=1)
    assert world.status("1") == [("5", "applied"), ("5", "conflict")]
    assert len(world.receiver.applied) == 1
    (case,) = open_cases("SOURCE_CONFLICT")
    assert case.root_cause == "psa:task:1"
    assert case.members.count() == 1


def test_two_contents_of_one_version_in_one_page_are_both_refused(world: World) -> None:
    counts = world.ingest(task("1", "5"), task("1", "5", code="other"), task("2"))

    assert counts == Counts(read=3, applied=1, conflicts=2)
    assert world.receiver.applied == [("2", "1", False)]
    assert open_cases("SOURCE_CONFLICT")[0].members.count() == 2


def test_a_waiting_version_that_gets_a_rival_is_not_applied_either(world: World) -> None:
    world.ingest(task("1", "5", project="P9"))

    world.ingest(task("1", "5"))

    assert world.status("1") == [("5", "conflict"), ("5", "conflict")]
    assert world.receiver.applied == []


def test_a_later_version_heals_a_conflict(world: World) -> None:
    world.ingest(task("1", "5"), task("1", "5", code="other"))

    world.ingest(task("1", "6"))

    assert world.status("1") == [("5", "stale"), ("5", "stale"), ("6", "applied")]
    assert open_cases("SOURCE_CONFLICT") == []


def test_a_person_may_choose_one_side_of_a_conflict(world: World) -> None:
    world.ingest(task("1", "5"), task("1", "5", code="other"))
    chosen = SourceVersion.objects.get(payload__code="other")

    pipeline.reapply([chosen.pk], accept=True)

    assert dict(SourceVersion.objects.values_list("payload__code", "status")) == {"T-1": "stale", "other": "applied"}
    assert open_cases("SOURCE_CONFLICT") == []


def test_a_conflict_is_not_applied_by_trying_again(world: World) -> None:
    world.ingest(task("1", "5"), task("1", "5", code="other"))

    counts = pipeline.reapply(SourceVersion.objects.values_list("pk", flat=True))

    assert counts == Counts()
    assert world.receiver.applied == []


# -- R21: lower version ----------------------------------------------------------------------------------------------


def test_a_lower_version_is_kept_and_not_applied(world: World) -> None:
    world.ingest(task("1", "10"))

    counts = world.ingest(task("1", "9", code="old"))

    assert counts == Counts(read=1, stale=1)
    assert world.status("1") == [("10", "applied"), ("9", "stale")]
    assert world.receiver.applied == [("1", "10", False)]


def test_versions_of_one_page_are_applied_in_order_whatever_the_order_they_came_in(world: World) -> None:
    world.ingest(task("1", "3", code="c"), task("2"), task("1", "1", code="a"), task("1", "2", code="b"))

    assert [entry[1] for entry in world.receiver.applied if entry[0] == "1"] == ["1", "2", "3"]
    assert world.receiver.batches == [2, 1, 1], "no batch holds a record twice"


def test_a_lower_version_passes_while_the_higher_one_is_refused(world: World) -> None:
    world.ingest(task("1", "3", name="Nonsense"))

    world.ingest(task("1", "2"))

    assert world.status("1") == [("3", "refused"), ("2", "applied")]


# -- R21: deletions --------------------------------------------------------------------------------------------------


def test_a_deletion_is_handed_over_with_the_fields_of_what_it_deletes(world: World) -> None:
    world.ingest(task("1", "1"))

    world.ingest(gone("1", "2"))

    assert world.receiver.applied == [("1", "1", False), ("1", "2", True)]


def test_a_deletion_of_the_same_version_comes_after_it(world: World) -> None:
    world.ingest(task("1", "1"))

    assert world.ingest(gone("1", "1")).applied == 1
    assert world.ingest(task("1", "1", code="late")).stale == 1


def test_a_deletion_before_its_record_makes_the_record_stale(world: World) -> None:
    assert world.ingest(gone("1", "7")) == Counts(read=1, applied=1)

    assert world.ingest(task("1", "6")) == Counts(read=1, stale=1)
    assert world.receiver.applied == [], "there was nothing to delete and nothing is created"


def test_a_record_comes_back_with_a_higher_version(world: World) -> None:
    world.ingest(task("1", "1"))
    world.ingest(gone("1", "2"))

    world.ingest(task("1", "3"))

    assert world.receiver.applied[-1] == ("1", "3", False)


def test_record_and_deletion_in_one_page(world: World) -> None:
    world.ingest(gone("1", "2"), task("1", "1"))

    assert world.receiver.applied == [("1", "1", False), ("1", "2", True)]


# -- R21: child before parent ----------------------------------------------------------------------------------------


def test_a_child_waits_for_its_parent_and_is_taken_when_it_comes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = world.ingest(task("1", project="P2"))
    assert counts == Counts(read=1, parked=1)
    assert SourceVersion.objects.get().waits_for == "psa/project:P2"

    world.receiver.projects.add("P2")
    waiting.wake(world.connection, "project", ["P2", "P3"])
    drain_once()

    assert world.receiver.applied == [("1", "1", False)]
    row = SourceVersion.objects.get()
    assert (row.status, row.waits_for) == ("applied", "")


def test_waiting_becomes_a_case_only_after_the_grace(world: World) -> None:
    world.ingest(task("1", project="P2"), task("2", project="P2"))
    waiting.sweep()
    assert open_cases("PARKED_REFERENCE") == []

    SourceVersion.objects.update(received_at=now() - waiting.GRACE * 2)
    waiting.sweep()
    drain_once()

    (case,) = open_cases("PARKED_REFERENCE")
    assert (case.root_cause, case.members.count()) == ("psa/project:P2", 2)


def test_a_chain_of_waiting_records_becomes_one_case_at_its_head(world: World) -> None:
    world.ingest(task("1", project="P2"))
    world.ingest(task("2", project="P3"))
    SourceVersion.objects.filter(source_id="2").update(waits_for="psa/task:1")
    SourceVersion.objects.update(received_at=now() - waiting.GRACE * 2)

    waiting.sweep()

    (case,) = open_cases("PARKED_REFERENCE")
    assert case.root_cause == "psa/project:P2"
    assert [member.label for member in case.members.all()] == ["task 1 v1"]


def test_the_case_of_a_missing_parent_heals_when_it_comes(world: World) -> None:
    world.ingest(task("1", project="P2"))
    SourceVersion.objects.update(received_at=now() - waiting.GRACE * 2)
    waiting.sweep()

    world.receiver.projects.add("P2")
    drain_once()

    assert world.status("1") == [("1", "applied")]
    assert open_cases("PARKED_REFERENCE") == []


def test_a_later_version_that_passes_replaces_the_waiting_one(world: World) -> None:
    world.ingest(task("1", "1", project="P2"))
    world.ingest(task("1", "2"))

    assert world.status("1") == [("1", "stale"), ("2", "applied")]


# -- R21: no versions in the source ----------------------------------------------------------------------------------


def test_without_versions_other_content_counts_on(world: World) -> None:
    world.ingest(task("1", "", code="a"))
    assert world.ingest(task("1", "", code="a")).unchanged == 1
    world.ingest(task("1", "", code="b"))
    world.ingest(task("1", "", code="a"))

    assert [entry[1] for entry in world.receiver.applied] == ["1", "2", "3"]
