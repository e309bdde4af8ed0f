"""Streams over real HTTP: in order, nothing left out, nothing twice that a receiver could not tell, whatever breaks."""

import base64
from datetime import timedelta
from functools import partial

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import connection as database

from integration_hub.cases.models import Case
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Call, Connection
from integration_hub.downstream import jobs, selection, troubles
from integration_hub.downstream.actions import streams
from integration_hub.downstream.models import LeftOut, Portion, Stream
from integration_hub.kernel import failpoints
from integration_hub.kernel.clock import now
from integration_hub.people.models import Role
from integration_hub.sandbox import Landscape, accounts
from integration_hub.work import engine
from integration_hub.work.models import Item
from tests import factories
from tests.screens import user
from tests.streams import HELD, RELEASED, consumer, happen, told

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]


@pytest.fixture
def warehouse(db: None, landscape: Landscape) -> Connection:
    return consumer(landscape.webhook)


@pytest.fixture
def stream(warehouse: Connection) -> Stream:
    return told(warehouse)


def tell() -> None:
    """What the ticker and a worker do."""
    Stream.objects.update(due_at=now())
    jobs.enqueue_due()
    engine.drain("bulk")


def heard(landscape: Landscape) -> list[tuple[str, int]]:
    """What the consumer was told, in the order it came first, and how often."""
    return [(row["id"], row["times"]) for row in landscape.ledger("webhook")["messages"]]


def test_events_are_told_in_the_order_they_were_committed_with_what_they_say(
    landscape: Landscape, warehouse: Connection, stream: Stream
) -> None:
    late, early = happen(1, tx=109), happen(2, action=HELD, tx=101)  # the later row was committed before
    happen(3, action="billing.candidate.approved")
    tell()
    assert heard(landscape) == [(f"evt_{early.pk}", 1), (f"evt_{late.pk}", 1)]
    body = landscape.ledger("webhook")["messages"][1]["message"]
    assert body["type"] == RELEASED
    assert body["data"]["facts"] == {"amount": "1.10", "currency": "USD"}
    assert body["data"]["object"] == {"type": "billing.hold", "id": "1", "label": "Hold 1"}
    assert "fiona" not in str(body)
    assert "Ortiz" not in str(body)
    tell()
    assert all(times == 1 for _, times in heard(landscape))
    assert Stream.objects.get().taken == 2
    assert [(portion.count, portion.taken, portion.outcome) for portion in Portion.objects.all()] == [(2, 2, "taken")]


def test_a_stream_of_some_legal_entities_tells_of_no_other(landscape: Landscape, warehouse: Connection) -> None:
    factories.legal_entity("US01")
    told(warehouse, legal_entities=["US01"], with_words=True)
    own = happen(1)
    happen(2, entity="DE01")
    happen(3, entity="")
    tell()
    assert heard(landscape) == [(f"evt_{own.pk}", 1)]
    data = landscape.ledger("webhook")["messages"][0]["message"]["data"]
    assert (data["actor"]["name"], data["reason"]) == ("fiona", "Agreed with Ms Ortiz")


def test_nothing_of_a_transaction_that_may_still_be_running_is_told(landscape: Landscape, stream: Stream) -> None:
    happen(1, tx=2**40)
    tell()
    assert heard(landscape) == []


@pytest.mark.parametrize(("point", "times"), [("portion_noted", 1), ("portion_told", 2)])
def test_a_worker_that_dies_tells_what_it_told_again_under_the_same_ids(
    landscape: Landscape, stream: Stream, point: str, times: int
) -> None:
    events = [happen(n) for n in range(3)]
    jobs.enqueue_due()
    with failpoints.armed(point), pytest.raises(failpoints.Crash):
        engine.drain("bulk")
    Item.objects.update(claims=0)
    with database.cursor() as cursor:
        cursor.execute("UPDATE hub_work_lane SET leased_until = NULL")
    tell()
    assert heard(landscape) == [(f"evt_{event.pk}", times) for event in events]
    outcomes = list(Portion.objects.order_by("pk").values_list("outcome", flat=True))
    assert outcomes == ["", "taken"], "the portion that was cut off stays open"


def test_an_answer_that_gets_lost_is_asked_for_again(landscape: Landscape, stream: Stream) -> None:
    first, second = happen(1), happen(2)
    landscape.fault("webhook", "status", count=1, after=1, params={"status": 503})
    tell()
    assert heard(landscape) == [(f"evt_{first.pk}", 1)]
    row = Stream.objects.get()
    assert (row.taken, row.failures_in_row, row.last_error_class) == (1, 1, "transient")
    assert not Case.objects.exists(), "it is tried again by itself"
    tell()
    assert heard(landscape) == [(f"evt_{first.pk}", 1), (f"evt_{second.pk}", 1)]
    row = Stream.objects.get()
    assert (row.taken, row.failures_in_row, row.last_error) == (2, 0, "")


def test_an_event_that_is_refused_stops_the_stream_until_somebody_decides(landscape: Landscape, stream: Stream) -> None:
    first, refused, last = happen(1), happen(2, action=HELD), happen(3)
    landscape.settings(webhook={"refuses": HELD})
    tell()
    tell()
    assert heard(landscape) == [(f"evt_{first.pk}", 1)]
    row = Stream.objects.get()
    assert (row.state, row.stopped_at_event) == ("stopped", refused.pk)
    case = Case.objects.get(code=troubles.STOPPED)
    assert "wants no billing.hold.placed" in case.detail

    admin = user(Role.INTEGRATION_ADMIN, "ines")
    streams.leave_out(stream_id=row.pk, reason="They have no use for holds", by=admin, seen_version=row.version)
    tell()
    assert heard(landscape) == [(f"evt_{first.pk}", 1), (f"evt_{last.pk}", 1)]
    assert LeftOut.objects.get().event == refused.pk
    case.refresh_from_db()
    assert case.status == Case.Status.RESOLVED


def test_a_refusal_that_was_mended_there_goes_on_with_the_event(landscape: Landscape, stream: Stream) -> None:
    refused = happen(1, action=HELD)
    landscape.settings(webhook={"refuses": HELD})
    tell()
    landscape.settings(webhook={"refuses": ""})
    row = Stream.objects.get()
    streams.resume(stream_id=row.pk, by="system:test", seen_version=row.version)
    tell()
    assert heard(landscape) == [(f"evt_{refused.pk}", 1)]
    assert not Case.objects.filter(status__in=Case.OPEN_STATES).exists()


def test_told_again_everything_comes_under_the_ids_it_had(landscape: Landscape, stream: Stream) -> None:
    events = [happen(n) for n in range(2)]
    tell()
    row = Stream.objects.get()
    since = events[0].recorded_at
    streams.tell_again(
        stream_id=row.pk, since=since, reason="They lost a day", by="system:test", seen_version=row.version
    )
    tell()
    assert heard(landscape) == [(f"evt_{event.pk}", 2) for event in events]


def test_a_pause_of_the_connection_or_the_stream_holds_events_back(
    landscape: Landscape, warehouse: Connection, stream: Stream
) -> None:
    event = happen(1)
    Connection.objects.update(is_paused=True, paused_reason="Audit")
    tell()
    Connection.objects.update(is_paused=False, paused_reason="")
    row = Stream.objects.get()
    row = streams.pause(stream_id=row.pk, reason="Their upgrade", by="system:test", seen_version=row.version)
    tell()
    assert heard(landscape) == []
    assert not Call.objects.exists()
    streams.resume(stream_id=row.pk, by="system:test", seen_version=row.version)
    tell()
    assert heard(landscape) == [(f"evt_{event.pk}", 1)]


def test_a_stream_that_is_behind_for_too_long_is_an_exception_until_it_has_caught_up(
    landscape: Landscape, stream: Stream
) -> None:
    Stream.objects.update(late_after_seconds=0)
    happen(1)
    assert troubles.watch_lateness() == 1
    case = Case.objects.get(code=troubles.LATE)
    assert "1 events wait" in case.title
    tell()
    assert troubles.watch_lateness() == 0
    case.refresh_from_db()
    assert case.status == Case.Status.RESOLVED


def test_a_stream_with_nothing_before_it_does_not_look_through_the_trail_again(stream: Stream) -> None:
    happen(1, action="billing.candidate.approved")
    assert jobs.advance() == 1
    row = Stream.objects.get()
    assert (row.after_transaction, row.taken) > (101, 0)
    assert selection.behind(row).count == 0


def test_a_worker_that_was_taken_for_dead_moves_nothing(landscape: Landscape, stream: Stream) -> None:
    """The place is moved from where it was read; without that a slow worker would set it back."""
    first, second = happen(1), happen(2)
    slow = Stream.objects.select_related("connection").get()
    found = selection.following(slow, 1)
    tell()
    portion = Portion.objects.create(stream=slow, first_event=first.pk, last_event=first.pk, count=1)
    with pytest.raises(jobs.Superseded):
        jobs._note(slow, portion, found, None)
    assert Stream.objects.get().after_event == second.pk
    with pytest.raises(ObjectDoesNotExist):
        jobs._at(slow).get()
    Stream.objects.filter(pk=slow.pk).update(after_event=found[0].pk)  # the same without looking
    assert Stream.objects.get().after_event == first.pk, "the control: the place went back"


def test_while_a_secret_is_changed_a_consumer_that_knows_the_old_one_takes_messages(
    landscape: Landscape, warehouse: Connection, stream: Stream
) -> None:
    event, new = happen(1), "whsec_" + base64.b64encode(bytes(range(32))).decode()
    vault = partial(connections.set_credentials, connection_id=warehouse.pk, by="system:test")
    vault(credentials={"signing_secret": new}, seen_version=warehouse.version)
    tell()
    assert Stream.objects.get().last_error_class == "auth", "the control: the new one alone is not known there"
    assert heard(landscape) == []
    both = {"signing_secret": new, "previous_secret": accounts.WEBHOOK_SECRET}
    vault(credentials=both, seen_version=warehouse.version + 1)
    tell()
    assert heard(landscape) == [(f"evt_{event.pk}", 1)]


def test_portions_of_long_ago_are_forgotten_but_for_the_last(stream: Stream) -> None:
    long_ago = now() - jobs.KEEP - timedelta(days=1)
    for _ in range(3):
        Portion.objects.create(stream=stream, first_event=1, last_event=1, count=1, started_at=long_ago)
    last = Portion.objects.latest("pk")
    assert jobs.prune() == 2
    assert Portion.objects.get() == last
