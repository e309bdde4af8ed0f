"""Reading the trail: newest first, by keyset, within scope."""

import pytest

from integration_hub.trail import queries, record
from integration_hub.trail.models import Event

pytestmark = pytest.mark.django_db


def happen(object_id, entity="US", **more):
    record.event(
        "test.happened", by="system:test", object_type="thing", object_id=object_id, legal_entity=entity, **more
    )
    return Event.objects.first()


def test_a_timeline_is_one_objects_newest_first():
    made = [happen(1), happen(2), happen(1)]
    assert [event.pk for event in queries.timeline_of("thing", 1)] == [made[2].pk, made[0].pk]
    assert [event.pk for event in queries.timeline_of("thing", 1, limit=1)] == [made[2].pk]
    both = queries.timeline_of_many([("thing", 1), ("thing", 2)])
    assert [event.pk for event in both] == [event.pk for event in reversed(made)]


def test_everything_one_act_set_off():
    with record.correlated("abc"):
        first, second = happen(1), happen(2)
    happen(3)
    assert [event.pk for event in queries.caused("abc")] == [first.pk, second.pk]
    assert list(queries.caused("")) == []
