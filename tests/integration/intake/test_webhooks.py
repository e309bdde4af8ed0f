"""Webhooks: proven, stored once, hints only; whatever is wrong is counted and changes nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from standardwebhooks import Webhook

from integration_hub.cases.models import Case
from integration_hub.connectors import credentials
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Page
from integration_hub.intake.models import Delivery, Feed, Rejection, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from tests.integration.intake.conftest import FakeVendor, World, task

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@pytest.fixture(autouse=True)
def signed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ROOT_URLCONF", "tests.integration.intake.addresses")
    world.connection.sealed_webhook_secret = credentials.sealed_webhook_secret("psa", SECRET)
    world.connection.save()


def body(entity: str = "task", **more: Any) -> str:
    return json.dumps({"type": f"{entity}.updated", "data": {"entity": entity, "id": "1", "minutes": 600}, **more})


def post(
    content: str | bytes,
    *,
    message_id: str = "msg_1",
    secret: str = SECRET,
    age: int = 0,
    code: str = "psa",
    signature: str = "",
    **headers: str,
) -> Any:
    moment = now() - timedelta(seconds=age)
    data = content if isinstance(content, bytes) else content.encode()
    signature = signature or Webhook(secret).sign(
        msg_id=message_id, timestamp=moment, data=data.decode("utf-8", "ignore")
    )
    signing = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": signature,
    }
    headers = {name: value for name, value in {**signing, **headers}.items() if value != "-"}
    client = Client(enforce_csrf_checks=True)
    return client.post(f"/hooks/{code}/", data, content_type="application/json", headers=headers)


def test_a_hint_makes_the_feed_due_and_applies_no_values(world: World, vendor: FakeVendor) -> None:
    Feed.objects.update(due_at=now() + timedelta(hours=1))

    response = post(body())

    assert response.status_code == 200
    assert Delivery.objects.get().status == "handled"
    assert Feed.objects.get().due_at <= now()
    assert SourceVersion.objects.count() == 0
    vendor.script = [Page([task("1")], {}, True)]
    drain_once()
    assert world.receiver.applied == [("1", "1", False)]


def test_a_storm_of_hints_costs_a_few_statements_each_and_one_reading(
    world: World, vendor: FakeVendor, django_assert_max_num_queries: Any
) -> None:
    post(body(), message_id="first")
    with django_assert_max_num_queries(7):  # two of them the savepoint that stands for a transaction here
        assert post(body(), message_id="second").status_code == 200
    assert Item.objects.filter(kind="intake.poll").count() == 1
    Item.objects.update(dedupe="")  # claimed: its reading may have passed the change already
    post(body(), message_id="third")
    assert Item.objects.filter(kind="intake.poll").count() == 2


def test_hints_out_of_order_end_with_the_newest_state(world: World, vendor: FakeVendor) -> None:
    vendor.script = [Page([task("1", "3")], {"after": 3}, True)]
    post(body(version=3), message_id="msg_3")
    post(body(version=2), message_id="msg_2")
    drain_once()
    vendor.script = [Page([task("1", "2", code="old")], {"after": 3}, True)]
    post(body(version=1), message_id="msg_1")
    drain_once()

    assert world.receiver.applied == [("1", "3", False)]
    assert world.status("1") == [("3", "applied"), ("2", "stale")]


def test_the_same_delivery_again_is_answered_and_does_nothing(world: World) -> None:
    post(body())
    Feed.objects.update(due_at=now() + timedelta(hours=1))

    response = post(body())

    assert (response.status_code, response.json()["duplicate"]) == (200, True)
    delivery = Delivery.objects.get()
    assert (delivery.times_seen, delivery.problem) == (2, "")
    assert Feed.objects.get().due_at > now()


def test_the_same_id_with_another_body_is_noted(world: World) -> None:
    post(body())
    post(body("project"))

    assert Delivery.objects.get().problem == "Came again with another body."


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"secret": OTHER}, "No signature matches."),
        ({"signature": "v1,bm9uc2Vuc2U="}, "No signature matches."),
        ({"signature": "nonsense"}, "No signature matches."),
        ({"signature": "v1,é"}, "No signature matches."),
        ({"signature": "v1a,bm9uc2Vuc2U="}, "No signature matches."),
        ({"age": 310}, "The timestamp is outside the tolerance."),
        ({"age": -310}, "The timestamp is outside the tolerance."),
        ({"webhook-timestamp": "soon"}, "The timestamp is not a number of seconds."),
        ({"webhook-timestamp": "9" * 40}, "The timestamp is not a number of seconds."),
        ({"webhook-signature": "-"}, "A header of the signature is missing."),
        ({"webhook-id": "-"}, "A header of the signature is missing."),
        ({"webhook-id": "msg_2"}, "No signature matches."),
    ],
)
def test_what_is_not_proven_is_refused_counted_and_not_stored(
    world: World, change: dict[str, Any], reason: str
) -> None:
    assert post(body(), **change).status_code == 401
    assert post(body(), **change).status_code == 401

    assert Delivery.objects.count() == 0
    assert [(row.reason, row.count) for row in Rejection.objects.all()] == [(reason, 2)]
    case = Case.objects.get(code="WEBHOOK_REFUSED")
    assert (case.root_cause, case.status) == ("psa", "open")


def test_a_changed_body_is_refused(world: World) -> None:
    moment = now()
    signature = Webhook(SECRET).sign(msg_id="msg_1", timestamp=moment, data=body())

    assert post(body("project"), signature=signature).status_code == 401


def test_a_valid_delivery_heals_the_case(world: World) -> None:
    post(body(), secret=OTHER)
    post(body())

    assert Case.objects.get(code="WEBHOOK_REFUSED").status == "resolved"


def test_both_secrets_hold_while_they_are_rotated(world: World) -> None:
    world.connection.sealed_webhook_secret = credentials.sealed_webhook_secret("psa", f"{OTHER} {SECRET}")
    world.connection.save()

    assert post(body(), secret=OTHER).status_code == 200
    assert post(body(), message_id="msg_2").status_code == 200


def test_one_of_several_signatures_is_enough(world: World) -> None:
    moment = now()
    ours = Webhook(SECRET).sign(msg_id="msg_1", timestamp=moment, data=body())

    assert post(body(), signature=f"v1,bm9uc2Vuc2U= {ours}").status_code == 200


@pytest.mark.parametrize("content", ["{", "[]", '"text"', "nul", "[" * 100_000])
def test_malformed_json_is_stored_as_refused(world: World, content: str) -> None:
    response = post(content)

    assert response.status_code == 400
    delivery = Delivery.objects.get()
    assert delivery.status == "refused"
    assert bytes(delivery.body) == content.encode()
    assert Case.objects.filter(code="WEBHOOK_REFUSED").count() == 1


def test_a_body_that_is_not_utf8_is_refused(world: World) -> None:
    assert post(b'{"type": "\xff"}').status_code == 401
    assert Delivery.objects.count() == 0


def test_an_oversized_body_is_refused_before_anything_else(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MAX_BODY_BYTES", 100)

    assert post(body(padding="x" * 200)).status_code == 413
    assert post(body(padding="x" * 200), code="nobody").status_code == 413
    assert (Delivery.objects.count(), Rejection.objects.count()) == (0, 0)


def test_no_answer_tells_which_connections_exist(world: World) -> None:
    Connection.objects.create(code="silent", vendor="fake", name="Without webhooks")

    unknown, silent = post(body(), code="nobody"), post(body(), code="silent")

    assert unknown.status_code == silent.status_code == 404
    assert unknown.content == silent.content
    assert Rejection.objects.count() == 0


def test_an_unknown_entity_is_stored_and_says_so(world: World, vendor: FakeVendor) -> None:
    assert post(body("ghost")).status_code == 200
    assert Delivery.objects.get().problem == "Names no feed of this connection: ghost, ghost.updated."


def test_a_very_long_id_is_kept_by_its_digest(world: World) -> None:
    assert post(body(), message_id="m" * 500).status_code == 200
    assert post(body(), message_id="m" * 500).json()["duplicate"]
    assert Delivery.objects.get().delivery_id.startswith("sha256:")


def test_only_post(world: World) -> None:
    assert Client().get("/hooks/psa/").status_code == 405
