"""Webhooks: proven over their raw bytes, hints and nothing more; what is not proven is refused by name."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from integration_hub.connectors import credentials
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Delivery, Feed, Rejection, SourceVersion
from integration_hub.kernel.clock import now
from tests.connectors.benches.bench import Bench
from tests.connectors.kit import case

pytestmark = pytest.mark.landscape

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@pytest.fixture(autouse=True)
def door(bench: Bench, settings: Any) -> None:
    """The connection takes webhooks, and its feeds sleep."""
    settings.WHITENOISE_AUTOREFRESH = True  # no collected static files are needed here
    connection = bench.connection
    connection.sealed_webhook_secret = credentials.sealed_webhook_secret(connection.code, bench.keeps(SECRET))
    connection.save()
    feeds.install_feeds(connection=connection, by="system:test")
    _sleep()


def _sleep() -> None:
    Feed.objects.update(due_at=now() + timedelta(hours=1))


def _awake() -> set[str]:
    return set(Feed.objects.filter(due_at__lte=now()).values_list("entity", flat=True))


def _post(bench: Bench, delivery: tuple[bytes, dict[str, str]]) -> Any:
    body, headers = delivery
    path = f"/hooks/{bench.connection.code}/"
    return Client(enforce_csrf_checks=True).post(path, body, content_type="application/json", headers=headers)


def _signed(bench: Bench, *, secret: str = SECRET, age: int = 0, key: str = "msg_1") -> tuple[bytes, dict[str, str]]:
    return bench.hook(secret, int(time.time()) - age, key)


@case("hook.wakes")
def test_a_proven_webhook_wakes_its_feed(bench: Bench) -> None:
    assert _post(bench, _signed(bench)).status_code == 200
    own = next(spec for spec in bench.manifest.feeds if spec.entity == bench.feed)
    meant = {spec.entity for spec in bench.manifest.feeds if {*spec.hint_entities} & {*own.hint_entities}}
    assert _awake() == meant | {bench.feed}
    assert Delivery.objects.get().status == Delivery.Status.HANDLED
    assert not SourceVersion.objects.exists(), "what it says is read, not believed"


@case("hook.forged")
def test_what_is_not_proven_is_refused_by_name(bench: Bench) -> None:
    body, _ = _signed(bench)
    forged = {
        "No signature matches.": [_signed(bench, secret=OTHER)],
        "The timestamp is outside the tolerance.": [_signed(bench, age=bench.stale), _signed(bench, age=-bench.stale)],
        "A header of the signature is missing.": [(body, {})],
    }
    for deliveries in forged.values():
        assert {_post(bench, delivery).status_code for delivery in deliveries} == {401}
    counted = dict(Rejection.objects.values_list("reason", "count"))
    assert counted == {reason: len(deliveries) for reason, deliveries in forged.items()}
    assert not Delivery.objects.exists()
    assert _awake() == set()


@case("hook.changed")
def test_what_was_changed_on_its_way_is_refused(bench: Bench) -> None:
    body, headers = _signed(bench)
    assert _post(bench, (body + b" ", headers)).status_code == 401
    assert dict(Rejection.objects.values_list("reason", "count")) == {"No signature matches.": 1}
    assert not Delivery.objects.exists()


@case("hook.again")
def test_a_webhook_that_comes_again_does_nothing(bench: Bench) -> None:
    first = _signed(bench)
    _post(bench, first)
    _sleep()
    for again in (first, _signed(bench, age=1)):  # replayed as it was, and tried again by its sender
        answer = _post(bench, again)
        assert (answer.status_code, answer.json()["duplicate"]) == (200, True)
    assert Delivery.objects.get().times_seen == 3
    assert _awake() == set()


@case("hook.rolled")
def test_both_secrets_hold_while_one_takes_over(bench: Bench) -> None:
    connection = bench.connection
    connection.sealed_webhook_secret = credentials.sealed_webhook_secret(
        connection.code, f"{bench.keeps(OTHER)} {bench.keeps(SECRET)}"
    )
    connection.save()
    for key, secret in (("msg_1", OTHER), ("msg_2", SECRET)):
        assert _post(bench, _signed(bench, secret=secret, key=key)).status_code == 200
    assert Delivery.objects.count() == 2
