"""The chain of seals finds a changed, removed, slipped-in or cut-off event, and says where."""

import hashlib
import threading

import pytest
from django.db import connection, transaction

from integration_hub.kernel.ids import canonical_json
from integration_hub.trail import record, seal
from integration_hub.trail.models import Seal
from tests.seals import all_older_are_over, tamper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed():
    """Twelve events under three seals, two more without."""
    for batch in range(3):
        for n in range(4):
            happened_long_ago(batch * 4 + n, transaction_id=100 + batch)
        assert seal.seal() == 4
    happen(12)
    happen(13)
    assert seal.verify() == seal.Verdict(seals=3, events=12, unsealed=2)


def test_transaction_numbers_that_gain_a_digit_stay_in_order():
    for n, transaction_id in enumerate((8, 9, 10, 11)):
        happened_long_ago(n, transaction_id=transaction_id)
    assert seal.seal() == 4
    assert seal.verify() == seal.Verdict(seals=1, events=4, unsealed=0)
    happened_long_ago(4, transaction_id=100)
    happened_long_ago(5, transaction_id=99)
    assert seal.seal() == 2
    assert seal.verify() == seal.Verdict(seals=2, events=6, unsealed=0)


def happen(n):
    return record.event(
        "test.happened", by="system:test", object_type="thing", object_id=n, label=f"Thing {n}", amount=f"{n}.10"
    )


def happened_long_ago(n, transaction_id):
    """An event of a transaction that was over before anything that runs on this server now.

    A new server has had some hundred transactions.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_trail_event (recorded_at, actor_kind, actor, action, object_type, object_id, object_label,"
            " legal_entity, reason, data, correlation_id, tx) VALUES (now(), 'system', 'system:test', 'test.happened',"
            " 'thing', %s, %s, 'US', '', %s, '', %s::text::xid8)",
            [str(n), f"Thing {n}", f'{{"amount": "{n}.10"}}', str(transaction_id)],
        )


def event_id(n):
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM hub_trail_event WHERE object_id = %s", [str(n)])
        return cursor.fetchone()[0]


def test_nothing_new_makes_no_seal(sealed):
    all_older_are_over()
    assert seal.seal() == 2
    assert seal.seal() == 0
    assert seal.verify() == seal.Verdict(seals=4, events=14, unsealed=0)


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody else'",
        "reason = 'because'",
        """data = '{"amount": "5.11"}'""",
        "recorded_at = recorded_at + interval '1 microsecond'",
        "legal_entity = 'GB'",
        "caused_by = 1",
    ],
)
@pytest.mark.parametrize("n", [0, 5, 11])
def test_a_changed_event_is_found(sealed, change, n):
    tamper(f"UPDATE hub_trail_event SET {change} WHERE id = %s", event_id(n))
    verdict = seal.verify()
    assert not verdict.intact
    assert verdict.broken_seal == Seal.objects.order_by("id")[n // 4].pk
    assert "was changed" in verdict.problem


@pytest.mark.parametrize("n", [0, 5, 10])
def test_a_removed_event_is_found(sealed, n):
    tamper("DELETE FROM hub_trail_event WHERE id = %s", event_id(n))
    verdict = seal.verify()
    assert "were removed" in verdict.problem
    assert verdict.broken_seal == Seal.objects.order_by("id")[n // 4].pk


def test_the_removed_end_of_a_batch_is_found_and_stops_the_sealing(sealed):
    tamper("DELETE FROM hub_trail_event WHERE id = %s", event_id(11))
    assert "is gone" in seal.verify().problem
    assert seal.seal() == 0, "nothing may be chained to a gap"


def test_an_event_slipped_in_is_found(sealed):
    tamper(
        "INSERT INTO hub_trail_event SELECT (e).* FROM (SELECT e FROM hub_trail_event e WHERE id = %s) AS one"
        " ON CONFLICT DO NOTHING",
        event_id(5),
    )
    assert seal.verify().intact, "the copy kept its id, so nothing came in"
    tamper(
        "INSERT INTO hub_trail_event (recorded_at, actor_kind, actor, action, object_type, object_id, object_label,"
        " legal_entity, reason, data, correlation_id, tx) SELECT recorded_at, actor_kind, 'forger', action,"
        " object_type, object_id, object_label, legal_entity, reason, data, correlation_id, tx"
        " FROM hub_trail_event WHERE id = %s",
        event_id(5),
    )
    assert "slipped in" in seal.verify().problem


def test_swapped_contents_are_found(sealed):
    tamper(
        "UPDATE hub_trail_event a SET object_id = b.object_id, object_label = b.object_label, data = b.data"
        " FROM hub_trail_event b WHERE (a.id, b.id) IN ((%s, %s), (%s, %s))",
        event_id(4), event_id(5), event_id(5), event_id(4),
    )  # fmt: skip
    assert "was changed" in seal.verify().problem


def test_a_removed_seal_is_found(sealed):
    tamper("DELETE FROM hub_trail_seal WHERE id = %s", Seal.objects.order_by("id")[1].pk)
    assert "does not follow" in seal.verify().problem


def test_a_resealed_forgery_breaks_the_next_link(sealed):
    tamper("UPDATE hub_trail_event SET actor = 'x' WHERE id = %s", event_id(1))
    first = Seal.objects.order_by("id")[0]
    end = seal._position(first.last_event)
    assert end is not None
    rows = list(seal._rows(seal.START, end))
    tamper("UPDATE hub_trail_seal SET hash = %s WHERE id = %s", seal._hash("", rows)[0], first.pk)
    verdict = seal.verify()
    assert (verdict.seals, "does not follow" in verdict.problem) == (1, True)


def test_events_of_a_running_transaction_wait_for_it(threads):
    """Row ids come out of order; the seal follows transactions, so what commits late is not skipped."""
    written, sealed_once = threading.Event(), threading.Event()

    def slow():
        with transaction.atomic():
            happen(1)
            written.set()
            assert sealed_once.wait(60)

    def fast():
        assert written.wait(60)
        happen(2)
        assert seal.seal() == 0, "an older transaction still runs"
        sealed_once.set()

    threads(slow, fast)
    all_older_are_over()
    assert seal.seal() == 2
    assert seal.verify().events == 2


def test_the_database_itself_refuses_changes(sealed):
    from django.db import DatabaseError

    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute("UPDATE hub_trail_event SET actor = 'x'")


def test_a_seal_is_the_hash_of_canonical_json():
    odd = 'tab\t, newline\n, back\\slash, quote ", é, 漢, \x01, \x1f, \x7f, \u2028, 😀'
    rows = [(7, "100", odd, None), (8, "100", "", 7)]
    told = "".join(f"{canonical_json(list(row))}\n" for row in rows)
    assert seal._hash("before", rows) == (hashlib.sha256(f"before{told}".encode()).hexdigest(), 2)
