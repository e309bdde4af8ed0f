"""Refused and parked source versions as a plan: foreseen by taking them and taking it back, then taken."""

import pytest

from integration_hub.intake.models import SourceVersion
from integration_hub.people.models import Role
from integration_hub.replay.actions import plans
from tests import factories
from tests.integration.intake.conftest import connection, feed, mapping, receiver
from tests.integration.replay.conftest import bulk

__all__ = ["connection", "feed", "mapping", "receiver"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(db):
    return factories.user(Role.INTEGRATION_ADMIN, everything=True)


@pytest.fixture
def stored(connection, feed, mapping):
    """`stored("T1", status="refused", project="P1")`: a version as it came."""

    def make(source_id, *, status="refused", project="P1", name="Build", **more):
        payload = {"project": project, "code": source_id, "name": name}
        return SourceVersion.objects.create(
            connection=connection,
            entity="task",
            source_id=source_id,
            version="1",
            hash=source_id,
            payload=payload,
            status=status,
            **more,
        )

    return make


def freeze(boss):
    rows = SourceVersion.objects.filter(status__in=["refused", "parked"])
    made = plans.freeze(kind="source", rows=rows, title="Tasks", reason="mapped", told="refused", by=boss)
    bulk()
    made.refresh_from_db()
    return made


def told(made, field):
    return {label.split(" ")[1]: value for label, value in made.items.values_list("label", field)}


def test_records_are_foreseen_without_being_taken_and_then_taken(stored, receiver, boss):
    stored("T1")
    stored("T2", status="parked", project="P9", waits_for="psa/project:P9")
    stored("T3")
    receiver.refusing.add("T3")
    made = freeze(boss)
    assert told(made, "prospect") == {"T1": "create", "T2": "waits", "T3": "refused"}
    assert "is not ours" in made.items.get(label__contains="T3").prospect_reason
    assert set(SourceVersion.objects.values_list("source_id", "status")) == {
        ("T1", "refused"), ("T2", "parked"), ("T3", "refused"),
    }  # fmt: skip
    receiver.applied.clear()
    plans.approve(plan_id=made.pk, by=boss, seen_version=made.version)
    bulk(3)
    made.refresh_from_db()
    assert made.state == "done"
    assert told(made, "outcome") == {"T1": "created", "T2": "waits", "T3": "refused"}
    assert receiver.applied == [("T1", "1", False)]


def test_a_record_that_was_applied_meanwhile_is_not_taken_again(stored, receiver, boss):
    row = stored("T1")
    made = freeze(boss)
    SourceVersion.objects.filter(pk=row.pk).update(status="applied")
    receiver.applied.clear()
    plans.approve(plan_id=made.pk, by=boss, seen_version=made.version)
    bulk(3)
    assert told(made, "outcome") == {"T1": "noop"}
    assert receiver.applied == []


def test_without_a_mapping_it_says_so(connection, feed, boss, receiver):
    SourceVersion.objects.create(
        connection=connection, entity="task", source_id="T1", version="1", hash="x", payload={}, status="refused"
    )
    made = freeze(boss)
    item = made.items.get()
    assert item.prospect == "refused"
    assert "mapping" in item.prospect_reason.lower()
