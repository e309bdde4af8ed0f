"""One budget per account: what answers teach, who else uses it, and the card that shows it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from integration_hub.connectors import budget, health, queries
from integration_hub.connectors.actions import accounts
from integration_hub.connectors.actions.accounts import LimitsIn
from integration_hub.connectors.answers import Complaint, Gauge, Silent
from integration_hub.connectors.auth import Static
from integration_hub.connectors.budget import NoBudget
from integration_hub.connectors.limits import Priority
from integration_hub.connectors.models import Account, Call, Connection
from integration_hub.connectors.transport import Session
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import screens

pytestmark = screens.SCREENS
BY = "system:test"


class Told(Silent):
    """A vendor that tells the quota in a header."""

    title = "Vendor"

    def complaint(self, response: httpx.Response) -> Complaint:
        return Complaint(message=response.text[:50])

    def gauge(self, response: httpx.Response) -> Gauge | None:
        used = response.headers.get("x-used")
        return Gauge(int(used), 1000) if used else None


@pytest.fixture
def psa(db):
    account = Account.objects.create(code="psa", vendor="kantata", calls=1000, seconds=60)
    return Connection.objects.create(
        code="psa", vendor="kantata", name="PSA", base_url="http://127.0.0.1:9", account=account,
        settings={"budget_wait_seconds": "0.1"},
    )  # fmt: skip


@pytest.fixture
def ask(psa, monkeypatch):
    """`ask(status, **headers)`: one call that is answered so."""
    from integration_hub.connectors import transport

    answers: list[httpx.Response] = []

    def handle(request: httpx.Request) -> httpx.Response:
        return answers.pop()

    client = httpx.Client(transport=httpx.MockTransport(handle))
    monkeypatch.setattr(transport, "client_of", lambda connection: client)

    def once(status: int = 200, **headers: str) -> httpx.Response:
        answers.append(
            httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})
        )
        return Session(psa, auth=Static(lambda secret: {}), dialect=Told()).get("/things")

    monkeypatch.setattr("integration_hub.connectors.credentials.read", lambda connection: {})
    return once


def account() -> Account:
    return Account.objects.get(code="psa")


def test_a_refusal_makes_everybody_wait_as_long_as_the_vendor_asks(ask, psa):
    with pytest.raises(Failed) as caught:
        ask(429, retry_after="40")
    assert caught.value.kind == FailureClass.RATE
    until = account().quiet_until
    assert until is not None
    assert timedelta(seconds=30) < until - now() <= timedelta(seconds=40)
    with pytest.raises(NoBudget, match="asked us to wait") as waits:
        ask(200)
    assert waits.value.retry_after is not None
    assert waits.value.retry_after > timedelta(seconds=20)
    assert Call.objects.count() == 1, "nothing was sent meanwhile"
    Account.objects.update(quiet_until=now())
    ask(200)
    assert Call.objects.count() == 2


def test_a_refusal_lowers_the_limit_once_and_is_told(ask, psa):
    for _ in range(20):
        ask(200)
    with pytest.raises(Failed):
        ask(429)
    spent = queries.standing(psa).windows[0].used
    assert spent < 143
    assert account().learnt_calls == 100, "0.7 of what was under way, but not less than a tenth of the limit"
    first = account().learnt_calls
    Account.objects.update(quiet_until=None)
    with pytest.raises(Failed):
        ask(429)
    assert account().learnt_calls == first, "calls that left together are refused together"
    assert Event.objects.filter(action="connectors.account.limited").count() == 1
    assert queries.standing(psa).is_lowered
    Account.objects.update(learnt_at=now() - timedelta(hours=1))
    assert not queries.standing(psa).is_lowered, "it has risen again"


def test_an_overload_of_the_vendor_teaches_nothing(psa):
    from integration_hub.connectors import learning
    from integration_hub.connectors.answers import Throttle

    learning.refused(psa, Throttle.BUSY, timedelta(seconds=30))
    assert account().quiet_until is None


def test_the_quota_the_vendor_tells_keeps_readers_back_and_lets_one_look(ask, psa):
    Account.objects.update(outside=[{"name": "Celigo", "percent": 20}])
    ask(200, x_used="600")
    with budget.on_behalf(Priority.SYNC):
        ask(200)
    Account.objects.update(quota_used=800)
    budget.forget(account().pk)
    with budget.on_behalf(Priority.SYNC), pytest.raises(NoBudget, match="calls of today's 1,000"):
        ask(200)
    with budget.on_behalf(Priority.POSTING):
        ask(200)
    Account.objects.update(quota_at=now() - timedelta(minutes=16))
    budget.forget(account().pk)
    with budget.on_behalf(Priority.SYNC):
        ask(200)
        with pytest.raises(NoBudget):
            ask(200)


def test_connections_of_one_account_share_it(ask, psa):
    other = Connection.objects.create(code="psa-2", vendor="kantata", name="PSA 2")
    assert budget.account_of(other) != psa.account_id
    accounts.share(connection_id=other.pk, account_id=psa.account_id, by=BY, seen_version=1)
    accounts.set_limits(account_id=psa.account_id, limits=LimitsIn(calls=1, seconds=60), by=BY, seen_version=1)
    other.refresh_from_db()
    assert budget.look(other, Priority.CORRECTION) is None
    ask(200)
    other.settings = {"budget_wait_seconds": "0.1"}
    with pytest.raises(NoBudget, match="has used its part of 1 calls per 60 s"), budget.call(other):
        pass
    assert [one.code for one in queries.standing(psa).shared_with] == ["psa-2"]


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        (LimitsIn(calls=10), "seconds"),
        (LimitsIn(seconds=10), "calls"),
        (LimitsIn(calls=10, seconds=86_400), "seconds"),
        (LimitsIn(daily=0), "daily"),
        (LimitsIn(outside=(("Celigo", 60), ("Boomi", 40))), "outside"),
    ],
)
def test_wrong_limits_are_named(psa, limits, field):
    with pytest.raises(BadInput) as caught:
        accounts.set_limits(account_id=psa.account_id, limits=limits, by=BY, seen_version=1)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_only_administrators_change_limits_and_state_what_they_saw(psa):
    reader = screens.user(Role.AUDITOR)
    with pytest.raises(Denied):
        accounts.set_limits(account_id=psa.account_id, limits=LimitsIn(), by=reader, seen_version=1)
    with pytest.raises(Denied):
        accounts.share(connection_id=psa.pk, account_id=None, by=reader, seen_version=1)
    with pytest.raises(Stale):
        accounts.set_limits(account_id=psa.account_id, limits=LimitsIn(), by=BY, seen_version=7)
    foreign = Account.objects.create(code="erp", vendor="netsuite")
    with pytest.raises(BadInput, match="another vendor"):
        accounts.share(connection_id=psa.pk, account_id=foreign.pk, by=BY, seen_version=1)


def test_a_probe_of_the_breaker_does_not_count_against_a_quiet_account(psa):
    Account.objects.update(quiet_until=now() + timedelta(minutes=1))
    Connection.objects.update(open_until=now() - timedelta(seconds=1))
    with pytest.raises(NoBudget):
        health.admit(psa)
    psa.refresh_from_db()
    assert psa.open_until < now(), "nobody's try was used up"


# -- screens ----------------------------------------------------------------------------------------------------------


def test_the_card_shows_who_uses_what(ask, psa):
    with budget.on_behalf(Priority.BACKFILL):
        ask(200)
    Account.objects.update(outside=[{"name": "Celigo", "percent": 20}], quota_used=10, quota_limit=500, quota_at=now())
    body = screens.page(screens.browser(screens.user(Role.AUDITOR)), "/connections/psa/")
    for said in ("Budget of the account", "of 800", "Backfill", "Celigo 20 %", "10 of 500 used by everybody"):
        assert said in body, said


def test_limits_are_set_on_the_screen(psa):
    client = screens.browser(screens.user(Role.INTEGRATION_ADMIN))
    body = screens.page(client, "/connections/psa/budget/")
    assert "1,000 calls per 60 s" in body
    data: dict[str, Any] = {
        "version": 1,
        "account_version": 1,
        "calls": 100,
        "seconds": 15,
        "outside": "Celigo 20\nBoomi: 10 %",
    }
    assert client.post("/connections/psa/budget/", data | {"outside": "Celigo"}).status_code == 422
    assert client.post("/connections/psa/budget/", data | {"seconds": ""}).status_code == 422
    assert client.post("/connections/psa/budget/", data).status_code == 302
    changed = account()
    assert (changed.calls, changed.seconds, changed.outside) == (
        100, 15, [{"name": "Celigo", "percent": 20}, {"name": "Boomi", "percent": 10}],
    )  # fmt: skip
    told = Event.objects.get(action="connectors.connection.limits_set")
    assert told.data["changes"]["calls"] == [1000, 100]
    assert client.post("/connections/psa/budget/", data | {"version": 2}).status_code == 409
    screens.assert_needs_right("/connections/psa/budget/")


def test_limits_are_refused_to_those_who_only_look(psa):
    client = screens.browser(screens.user(Role.AUDITOR))
    data = {"version": 1, "account_version": 1, "calls": 100, "seconds": 15}
    assert client.post("/connections/psa/budget/", data).status_code == 403
    assert account().calls == 1000


def test_most_calls_cost_no_round_trip_of_their_own(psa, django_assert_max_num_queries):
    """A busy worker fetches sixteen tokens at once: a hundred calls, hardly more than half a query each."""
    with django_assert_max_num_queries(60):
        for _ in range(100):
            with budget.call(psa):
                pass
    assert queries.standing(psa).windows[0].used >= 100
