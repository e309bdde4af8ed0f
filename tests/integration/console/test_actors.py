"""How whoever did something is called."""

import pytest

from integration_hub.connectors.models import Connection
from integration_hub.console.actors import name_of, names_of
from integration_hub.console.timeline import entries
from integration_hub.kernel.clock import now

pytestmark = pytest.mark.django_db


def test_people_and_systems_have_their_names_and_we_are_throughline(alice):
    Connection.objects.create(code="netsuite", vendor="netsuite", name="NetSuite")
    alice.first_name, alice.last_name = "Alice", "Amber"
    alice.save()
    assert names_of(["alice", "system:billing", "system", "netsuite", "gone"]) == {
        "alice": "Alice Amber",
        "system:billing": "Throughline (billing)",
        "system": "Throughline",
        "netsuite": "NetSuite",
        "gone": "gone",
    }
    assert name_of("alice") == "Alice Amber"


def test_a_timeline_asks_once_for_all_names_of_a_kind(alice, django_assert_num_queries):
    told = [{"action": "x.y", "actor": name, "recorded_at": now()} for name in ("alice", "bob", "system:billing")]
    with django_assert_num_queries(2):
        assert [entry.actor for entry in entries(told)] == ["Alice", "bob", "Throughline (billing)"]
    with django_assert_num_queries(1):
        assert [entry.actor for entry in entries(told[:1])] == ["Alice"], "no system is looked for that nobody named"
    with django_assert_num_queries(0):
        assert entries([]) == []
