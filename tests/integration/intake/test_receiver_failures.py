"""Records that are refused, filtered or fail in a receiver, and what a transaction keeps of them."""

import pytest
from django.db import OperationalError

from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import pipeline, waiting
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.intake.work import Counts
from integration_hub.mapping.actions import values
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from tests.integration.intake.conftest import World, task
from tests.integration.intake.told import open_cases

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
