"""Guards of intake taken away: a hint stored twice, a version stored twice, a version that never arrived."""

import json

import pytest
from django.db import connection

from integration_hub.connectors.kantata.defaults import DEFAULT
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import pipeline, store
from integration_hub.intake.actions import deliveries
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.mapping import queries
from integration_hub.mapping.actions import mappings

BODY = json.dumps({"type": "user.updated", "data": {"entity": "users", "id": "1"}}).encode()
PLAIN_DELIVERY = """
    INSERT INTO hub_intake_delivery
        (connection_id, delivery_id, body, received_at, last_seen_at, times_seen, status, problem)
    VALUES (%s, %s, %s, now(), now(), 1, %s, coalesce(%s, %s)) RETURNING id, times_seen, status, problem
"""


@pytest.fixture
def dropped():
    """`dropped(table, constraint, columns)`: the constraint is away for one test, the rows are too afterwards."""
    back = []

    def drop(table, constraint, columns):
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        back.append((table, constraint, columns))

    yield drop
    for table, constraint, columns in back:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} UNIQUE ({columns})")


@pytest.fixture
def psa(transactional_db):
    row = Connection.objects.create(code="psa", vendor="kantata", name="PSA")
    Feed.objects.create(connection=row, entity="resource")
    rules = {"entities": {"resource": DEFAULT["entities"]["resource"]}, "values": DEFAULT["values"]}
    mappings.install_default(connection="psa", default=rules, by="system:test")
    return row


def arrive(psa, name, version="2026-05-01T00:00:00Z"):
    run = Run.objects.create(feed=Feed.objects.get(connection=psa), trigger="test")
    payload = {"id": "1", "full_name": name, "email_address": "a@x.example", "role_name": None, "disabled": False}
    record = RawRecord("1", version, payload)
    return pipeline.ingest(psa, "resource", [record], run, queries.published("psa", "resource"))


def test_a_hint_twice_is_stored_once(lab, psa):
    made = lab(items=100)
    for _ in range(2):
        deliveries.receive(connection=psa, delivery_id="msg_1", body=BODY)
    made.work()
    assert made.violated(hints={"answered": 1}) == set()


def test_without_the_unique_delivery_a_second_one_shows(lab, psa, dropped, monkeypatch):
    dropped("hub_intake_delivery", "intake_delivery_once", "connection_id, delivery_id")
    monkeypatch.setattr(deliveries, "_STORE", PLAIN_DELIVERY)
    made = lab(items=100)
    for _ in range(2):
        deliveries.receive(connection=psa, delivery_id="msg_1", body=BODY)
    made.work()
    assert made.violated(hints={"answered": 1}) == {"I1"}


def test_a_hint_that_was_answered_and_not_stored_shows(lab, psa):
    made = lab(items=100)
    made.work()
    assert made.violated(hints={"answered": 1}) == {"I1"}


def test_a_page_twice_is_stored_once(lab, psa):
    made = lab(items=100)
    for _ in range(2):
        arrive(psa, "Ann")
    made.work()
    assert made.violated(people={"1": "Ann"}) == set()


def test_without_the_unique_version_a_second_one_shows(lab, psa, dropped, monkeypatch):
    columns = "connection_id, entity, source_id, version, hash"
    dropped("hub_intake_sourceversion", "intake_source_version_once", columns)
    clause = "ON CONFLICT ON CONSTRAINT intake_source_version_once DO NOTHING"
    monkeypatch.setattr(store, "_INSERT", store._INSERT.replace(clause, ""))
    monkeypatch.setattr(store, "known", lambda *_: {})
    made = lab(items=100)
    for _ in range(2):
        arrive(psa, "Ann")
    made.work()
    assert SourceVersion.objects.count() == 2
    assert made.violated(people={"1": "Ann"}) == {"I1"}


def test_without_the_order_of_versions_an_old_one_wins_and_shows(lab, psa, monkeypatch):
    """A late old version is applied over the new one when nobody compares."""
    made = lab(items=100)
    arrive(psa, "Ann", "2026-05-02T00:00:00Z")
    monkeypatch.setattr(store, "known", lambda *_: {})
    arrive(psa, "Old Ann", "2026-05-01T00:00:00Z")
    made.work()
    assert SourceVersion.objects.filter(status="applied").count() == 2
    assert made.violated(people={"1": "Ann"}) == {"I1"}


def test_a_change_that_never_arrived_shows(lab, psa):
    made = lab(items=100)
    arrive(psa, "Ann")
    made.work()
    assert made.violated(people={"1": "Ann", "2": "Bob"}) == {"I1"}
    assert made.violated(people={"1": "Ann Lee"}) == {"I1"}
