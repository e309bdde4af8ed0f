"""What becomes of arriving versions: each row of billing.md R21, and what a page does beside it."""

import pytest
from django.db import OperationalError

from integration_hub.cases.models import Case
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import pipeline, waiting
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.intake.work import Counts
from integration_hub.kernel.clock import now
from integration_hub.mapping.actions import values
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from tests.integration.intake.conftest import World, gone, task


def open_cases(code: str) -> list[Case]:
    return list(Case.objects.filter(code=code).exclude(status="resolved"))


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


# -- refusals --------------------------------------------------------------------------------------------------------


def test_a_bad_record_is_refused_with_field_value_and_remedy_and_the_rest_goes_on(world: World) -> None:
    counts = world.ingest(task("1"), task("2", code=None), task("3"))

    assert counts == Counts(read=3, applied=2, refused=1)
    (problem,) = SourceVersion.objects.get(source_id="2").problems
    assert problem["field"] == "code"
    assert problem["column"] == "code"
    assert "empty" in problem["message"]
    assert problem["remedy"]
    (case,) = open_cases("RECORD_REFUSED")
    assert [member.target_type for member in case.members.all()] == ["source"]


def test_refusals_of_one_kind_are_one_case(world: World) -> None:
    world.ingest(*[task(str(number), code=None) for number in range(5)], task("9", project=None))

    assert sorted(case.members.count() for case in open_cases("RECORD_REFUSED")) == [1, 5]


def test_an_unmapped_value_is_one_case_per_value(world: World) -> None:
    world.ingest(task("1", name="Paint"), task("2", name="Paint"), task("3", name="Glue"))

    assert {case.root_cause: case.members.count() for case in open_cases("VALUE_UNMAPPED")} == {
        "psa:names:Paint": 2,
        "psa:names:Glue": 1,
    }


def test_mapping_the_value_and_trying_again_heals_its_case(world: World) -> None:
    from integration_hub.cases.registry import KINDS

    world.ingest(task("1", name="Paint"), task("2", name="Paint"))
    kind = KINDS.get("VALUE_UNMAPPED")
    assert kind.still_holds is not None
    assert kind.still_holds("psa:names:Paint")
    values.add_value(connection="psa", name="names", theirs="Paint", ours="Build", by="system:test")

    assert kind.retry is not None
    assert kind.retry("psa:names:Paint") == 2
    drain_once()

    assert world.receiver.applied == [("1", "1", False), ("2", "1", False)]
    assert open_cases("VALUE_UNMAPPED") == []
    assert not kind.still_holds("psa:names:Paint")


def test_a_later_version_heals_the_refusal_of_the_earlier_one(world: World) -> None:
    world.ingest(task("1", "1", code=None), task("2", "1", code=None))
    world.ingest(task("1", "2"))
    assert [case.members.filter(is_open=True).count() for case in open_cases("RECORD_REFUSED")] == [1]

    world.ingest(task("2", "2"))

    assert world.status("1") == [("1", "stale"), ("2", "applied")]
    assert open_cases("RECORD_REFUSED") == []


def test_a_refusal_by_the_receiver_carries_its_reason(world: World) -> None:
    world.receiver.refusing.add("1")

    assert world.ingest(task("1"), task("2")) == Counts(read=2, applied=1, refused=1)
    assert SourceVersion.objects.get(source_id="1").problems[0]["remedy"] == "Ask the PMO."


@pytest.mark.parametrize("bad", ["a\0b", float("nan"), "\ud800"])
def test_what_no_database_takes_is_refused_and_kept(world: World, bad: object) -> None:
    counts = world.ingest(task("1", note={"text": [bad]}), task("2"))

    assert counts == Counts(read=2, applied=1, refused=1)
    assert SourceVersion.objects.get(source_id="1").problems[0]["field"] == "note.text[0]"


@pytest.mark.parametrize(("source_id", "version"), [("", "1"), ("x" * 121, "1"), ("1", "v" * 61), ("a\0", "1")])
def test_an_impossible_identity_is_refused_and_kept(world: World, source_id: str, version: str) -> None:
    assert world.ingest(RawRecord(source_id, version, task("1").payload), task("2")) == Counts(2, applied=1, refused=1)
    assert SourceVersion.objects.get(status="refused").payload["code"] == "T-1"


# -- row filter ------------------------------------------------------------------------------------------------------


def test_a_row_outside_the_filter_is_counted_and_kept(world: World) -> None:
    assert world.ingest(task("1", state="template")) == Counts(read=1, filtered=1)
    assert world.status("1") == [("1", "filtered")]


def test_a_record_that_leaves_the_filter_after_it_was_applied_is_somebodys_decision(world: World) -> None:
    world.ingest(task("1", "1"))

    assert world.ingest(task("1", "2", state="template")).refused == 1
    assert "was applied before" in open_cases("RECORD_REFUSED")[0].detail


# -- receivers that fail ---------------------------------------------------------------------------------------------


def test_a_receiver_that_raises_loses_only_the_offender(world: World) -> None:
    world.receiver.failing = {"5"}

    counts = world.ingest(*[task(str(number)) for number in range(10)])

    assert counts == Counts(read=10, applied=9, refused=1)
    assert sorted(entry[0] for entry in world.receiver.applied) == [str(n) for n in range(10) if n != 5]
    (case,) = open_cases("RULE_ERROR")
    assert "no such rule" in case.detail


def test_a_lost_database_blames_no_record(world: World) -> None:
    world.receiver.failing = {"2"}
    world.receiver.error = OperationalError("deadlock detected")

    with pytest.raises(OperationalError):
        world.ingest(task("1"), task("2"))

    assert SourceVersion.objects.count() == 0


def test_a_receiver_with_too_few_receipts_is_a_rule_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from integration_hub.intake.registry import RECEIVERS

    monkeypatch.setitem(RECEIVERS._entries, "task", lambda arrivals: [])

    assert world.ingest(task("1")).refused == 1
    assert "receipts" in open_cases("RULE_ERROR")[0].detail


# -- one transaction -------------------------------------------------------------------------------------------------


def test_rows_counts_and_cursor_are_one_transaction(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ingest(task("1"), cursor={"after": 1})

    def crash(*args: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "_advance", crash)
        with pytest.raises(RuntimeError):
            world.ingest(task("2"), cursor={"after": 2})

    assert SourceVersion.objects.filter(source_id="2").count() == 0
    assert Feed.objects.get().cursor == {"after": 1}
    assert Run.objects.get(pk=Run.objects.latest("pk").pk).read == 0

    world.ingest(task("2"), cursor={"after": 2})
    assert Feed.objects.get().cursor == {"after": 2}


def test_read_is_the_sum_of_what_became_of_the_records(world: World) -> None:
    world.ingest(task("1", "5"), task("3", code=None), task("4", project="P8"), task("5", state="template"))
    run = world.run()
    from integration_hub.mapping import queries

    mixed = [
        task("1", "5"),
        task("1", "4"),
        task("2"),
        task("3", "2", code=None),
        task("6", "1"),
        task("6", "1", code="x"),
    ]
    pipeline.ingest(world.connection, "task", mixed, run, queries.published("psa", "task"))

    run.refresh_from_db()
    parts = run.applied + run.unchanged + run.stale + run.conflicts + run.parked + run.refused + run.filtered
    assert run.read == parts == 6


def test_the_mapping_version_that_was_used_is_on_the_row(world: World) -> None:
    world.ingest(task("1"))

    assert SourceVersion.objects.get().mapping_version == 1


def test_an_entity_nobody_receives_stops_before_anything_is_stored(world: World) -> None:
    from integration_hub.mapping import queries

    with pytest.raises(LookupError, match="receiver"):
        pipeline.ingest(world.connection, "nonsense", [task("1")], world.run(), queries.published("psa", "task"))
    assert SourceVersion.objects.count() == 0


def test_nothing_waiting_rings_nobody(world: World) -> None:
    world.ingest(task("1"))

    assert not Item.objects.filter(kind=waiting.UNPARK).exists()


def test_only_who_may_chooses_between_contents(world: World) -> None:
    from integration_hub.intake.actions import versions
    from integration_hub.kernel.errors import Denied
    from integration_hub.people.models import User

    world.ingest(task("1", "5"), task("1", "5", code="other"), task("2"))
    chosen = SourceVersion.objects.get(payload__code="other")
    with pytest.raises(Denied):
        versions.choose(version_id=chosen.pk, by=User.objects.create_user("nobody", "n@example.org", "x"))
    with pytest.raises(Denied, match="not in conflict"):
        versions.choose(version_id=SourceVersion.objects.get(source_id="2").pk, by="system:test")

    assert versions.choose(version_id=chosen.pk, by="system:test", reason="the PMO says so").applied == 1
    assert open_cases("SOURCE_CONFLICT") == []
