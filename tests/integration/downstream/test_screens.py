"""The pages of streams: what waits, what was told, who may decide; the same by REST."""

import pytest
from django.urls import reverse

from integration_hub.connectors.models import Connection
from integration_hub.downstream.actions import streams
from integration_hub.downstream.actions.streams import StreamIn, known
from integration_hub.downstream.models import Portion, Stream
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.api.conftest import Caller
from tests.screens import SCREENS, assert_list, assert_needs_right, browser, page, user
from tests.streams import consumer, happen, told

pytestmark = SCREENS
LIST, ADD, ONE = "downstream:stream-list", "downstream:stream-add", "downstream:stream-detail"


@pytest.fixture
def warehouse(db: None) -> Connection:
    return consumer("http://127.0.0.1:9")


@pytest.fixture
def stream(warehouse: Connection) -> Stream:
    return told(warehouse)


@pytest.fixture
def admin():
    return browser(user(Role.INTEGRATION_ADMIN, "ines"))


def url(name: str, stream: Stream) -> str:
    return reverse(f"downstream:stream-{name}", args=[stream.code])


def test_streams_with_what_waits(admin, stream):
    happen(1)
    happen(2)
    body = assert_list(admin, reverse(LIST))
    assert "billing.hold.*" in body
    assert "Warehouse" in body


def test_the_rights(stream):
    for address in (reverse(LIST), reverse(ADD), reverse("downstream:event-list"), url("detail", stream)):
        assert_needs_right(address)
    finance = browser(user(Role.FINANCE, "fiona"))
    assert "Integration administrators" not in page(finance, url("detail", stream))
    assert finance.get(reverse(ADD)).status_code == 403
    refused = finance.post(url("pause", stream), {"version": stream.version, "reason": "Mine"})
    assert refused.status_code == 403
    assert Stream.objects.get().state == "running"


def test_a_stream_is_set_up_in_the_console(admin, warehouse):
    assert "Choose a system" in page(admin, reverse(ADD))
    body = page(admin, reverse("downstream:event-list"))
    assert "billing.hold.released" in body
    wrong = {
        "code": "bi",
        "title": "BI",
        "connection": warehouse.pk,
        "actions": "billing.nothing",
        "late_after_minutes": 5,
    }
    answer = admin.post(reverse(ADD), wrong)
    assert answer.status_code == 422
    assert "is no event" in answer.content.decode()
    answer = admin.post(reverse(ADD), wrong | {"actions": "billing.hold.*\ncases.*", "legal_entities": ""})
    made = Stream.objects.get()
    assert answer["Location"] == url("detail", made)
    assert (made.actions, made.late_after_seconds, made.state) == (["billing.hold.*", "cases.*"], 300, "running")
    assert made.after_transaction > 0, "from now on"
    assert Event.objects.get(action="downstream.stream.created").data["since"] == "now"


def test_one_stream_says_what_it_would_tell_next(admin, stream):
    event = happen(1)
    Portion.objects.create(stream=stream, first_event=1, last_event=4, count=4)
    body = page(admin, url("detail", stream))
    assert f"evt_{event.pk}" in body
    assert "1.10" in body
    assert "1 … 4" in body
    assert "Under way, or cut off" in body
    assert "Holds" in page(admin, reverse("connectors:connection-detail", args=[stream.connection.code]))


def test_the_next_event_of_another_legal_entity_is_not_shown(stream):
    happen(1, entity="DE01")
    factories.legal_entity("US01")
    body = page(browser(user(Role.INTEGRATION_ADMIN, "ines", entities=("US01",))), url("detail", stream))
    assert "Hold 1" not in body


def test_pausing_and_going_on(admin, stream):
    assert admin.post(url("pause", stream), {"version": stream.version, "reason": ""}).status_code == 422
    admin.post(url("pause", stream), {"version": stream.version, "reason": "Their upgrade"})
    row = Stream.objects.get()
    assert (row.state, row.reason) == ("paused", "Their upgrade")
    assert "Their upgrade" in page(admin, url("detail", stream))
    admin.post(url("resume", stream), {"version": row.version})
    assert Stream.objects.get().state == "running"


def test_changing_says_what_changed(admin, stream):
    given = {
        "version": stream.version,
        "title": "All holds",
        "actions": "billing.hold.placed",
        "late_after_minutes": 60,
    }
    admin.post(url("change", stream), given)
    assert Stream.objects.get().actions == ["billing.hold.placed"]
    changes = Event.objects.get(action="downstream.stream.changed").data["changes"]
    assert changes["title"] == {"before": "Holds", "after": "All holds"}


def test_what_may_not_be(stream, warehouse):
    ines = user(Role.INTEGRATION_ADMIN, "ines", entities=("US01",))
    with pytest.raises(Denied, match="works for all"):
        streams.create(code="x", connection=warehouse, stream=StreamIn(title="X", actions=["*"]), by=ines)
    stated = StreamIn(title="X", actions=["*"], legal_entities=["DE01"])
    with pytest.raises(Denied, match="outside"):
        streams.create(code="x", connection=warehouse, stream=stated, by=ines)
    with pytest.raises(Denied, match="not stopped"):
        streams.leave_out(stream_id=stream.pk, reason="No", by=user(Role.INTEGRATION_ADMIN, "aude"), seen_version=1)
    with pytest.raises(Stale):
        streams.pause(stream_id=stream.pk, reason="No", by="system:test", seen_version=7)
    other = Connection.objects.create(code="k", vendor="kantata", name="K")
    with pytest.raises(BadInput, match="takes no events"):
        streams.create(code="x", connection=other, stream=StreamIn(title="X", actions=["*"]), by="system:test")


@pytest.mark.parametrize(
    ("name", "is_known"),
    [("*", True), ("billing.*", True), ("billing.hold.released", True), ("bill", False), ("nowhere.*", False),
     ("billing.*.released", False), ("billing*", False)],
)  # fmt: skip
def test_names_of_events(name, is_known):
    assert known(name) == is_known


def test_by_rest(stream):
    happen(1)
    caller = Caller(user(Role.FINANCE, "fiona"), "connections:read")
    row = caller.rows("streams/", state="running")[0]
    assert (row["code"], row["connection"], row["waiting"]) == ("holds", "warehouse", 1)
    assert row["waiting_since"]
