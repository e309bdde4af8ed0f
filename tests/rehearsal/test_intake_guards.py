"""Guards of intake taken away: hints and versions stored twice, forged, out of order, or that never arrived."""

import json

import pytest
from django.test import RequestFactory

from integration_hub.connectors import credentials, hooks
from integration_hub.connectors.kantata.defaults import DEFAULT
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import pipeline, store, webhooks
from integration_hub.intake.actions import deliveries
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.mapping import queries
from integration_hub.mapping.actions import mappings
from tests.races import interleave

__all__ = ["interleave"]

BODY = json.dumps({"type": "user.updated", "data": {"entity": "users", "id": "1"}}).encode()
PLAIN_DELIVERY = """
    INSERT INTO hub_intake_delivery
        (connection_id, delivery_id, body, received_at, last_seen_at, times_seen, status, problem)
    VALUES (%s, %s, %s, now(), now(), 1, %s, coalesce(%s, %s)) RETURNING id, times_seen, status, problem
"""


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
    made = lab(100)
    for _ in range(2):
        deliveries.receive(connection=psa, delivery_id="msg_1", body=BODY)
    made.work()
    assert made.violated(hints={"answered": 1}) == set()


def test_without_the_unique_delivery_a_second_one_shows(lab, psa, dropped, monkeypatch):
    dropped("hub_intake_delivery", "intake_delivery_once")
    monkeypatch.setattr(deliveries, "_STORE", PLAIN_DELIVERY)
    made = lab(100)
    for _ in range(2):
        deliveries.receive(connection=psa, delivery_id="msg_1", body=BODY)
    made.work()
    assert made.violated(hints={"answered": 1}) == {"I1"}


def test_a_hint_that_was_answered_and_not_stored_shows(lab, psa):
    made = lab(100)
    made.work()
    assert made.violated(hints={"answered": 1}) == {"I1"}


def forge(psa):
    """Somebody who does not know the secret sends a hint."""
    psa.sealed_webhook_secret = credentials.sealed_webhook_secret("psa", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    psa.save()
    headers = {
        "webhook-id": "forged_1",
        "webhook-timestamp": str(int(now().timestamp())),
        "webhook-signature": "v1,eA==",
    }
    request = RequestFactory().post("/hooks/psa/", BODY, content_type="application/json", headers=headers)
    return webhooks.hook(request, "psa").status_code


def test_with_the_signature_a_forged_hint_is_not_stored(lab, psa):
    made = lab(100)
    assert forge(psa) == 401
    made.work()
    assert made.violated(hints={"answered": 0}) == set()


def test_without_the_signature_a_forged_hint_shows(lab, psa, monkeypatch):
    made = lab(100)
    monkeypatch.setattr(hooks, "_holds", lambda *_: True)
    assert forge(psa) == 200
    made.work()
    assert made.violated(hints={"answered": 0}) == {"I1"}


def test_a_page_twice_is_stored_once(lab, psa):
    made = lab(100)
    for _ in range(2):
        arrive(psa, "Ann")
    made.work()
    assert made.violated(people={"1": "Ann"}) == set()


def test_without_the_unique_version_a_second_one_shows(lab, psa, dropped, monkeypatch):
    dropped("hub_intake_sourceversion", "intake_source_version_once")
    monkeypatch.setattr(store, "known", lambda *_: {})
    made = lab(100)
    for _ in range(2):
        arrive(psa, "Ann")
    made.work()
    assert SourceVersion.objects.count() == 2
    assert made.violated(people={"1": "Ann"}) == {"I1"}


def test_without_the_order_of_versions_an_old_one_wins_and_shows(lab, psa, monkeypatch):
    """A late old version is applied over the new one when nobody compares."""
    made = lab(100)
    arrive(psa, "Ann", "2026-05-02T00:00:00Z")
    monkeypatch.setattr(store, "known", lambda *_: {})
    arrive(psa, "Old Ann", "2026-05-01T00:00:00Z")
    made.work()
    assert SourceVersion.objects.filter(status="applied").count() == 2
    assert made.violated(people={"1": "Ann"}) == {"I1"}


def two_pages_at_once(psa, interleave):
    """While the page with the newer version is at work, a page with an older one comes."""
    arrive(psa, "Ann", "2026-05-01T00:00:00Z")  # the feed knows what its records look like
    newer = lambda: arrive(psa, "Ann Lee", "2026-05-03T00:00:00Z")  # noqa: E731
    older = lambda: arrive(psa, "Ann L.", "2026-05-02T00:00:00Z")  # noqa: E731
    return interleave(newer, older, at=(pipeline, "_advance"))


def test_with_the_lock_of_the_feed_pages_settle_one_after_the_other(lab, psa, interleave):
    made = lab(100)
    assert two_pages_at_once(psa, interleave) == (None, None)
    made.work()
    assert made.violated(people={"1": "Ann Lee"}) == set()


def test_without_the_lock_of_the_feed_an_older_version_passes_and_shows(lab, psa, interleave, monkeypatch):
    made = lab(100)
    monkeypatch.setattr(store, "lock", lambda where, entity: Feed.objects.get(connection=where, entity=entity))
    assert two_pages_at_once(psa, interleave) == (None, None)
    made.work()
    assert made.violated(people={"1": "Ann Lee"}) == {"I1"}


def test_a_change_that_never_arrived_shows(lab, psa):
    made = lab(100)
    arrive(psa, "Ann")
    made.work()
    assert made.violated(people={"1": "Ann", "2": "Bob"}) == {"I1"}
    assert made.violated(people={"1": "Ann Lee"}) == {"I1"}
