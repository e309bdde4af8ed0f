"""What an answer means, by vendor and by status."""

from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime

import httpx
import pytest

from integration_hub.connectors import answers, hosts, transport, wire
from integration_hub.connectors.avatax.client import AvaTaxDialect
from integration_hub.connectors.force.client import SalesforceDialect
from integration_hub.connectors.kantata.client import KantataDialect
from integration_hub.connectors.netsuite.client import NetSuiteDialect
from integration_hub.connectors.netsuite.payloads import NetSuitePage
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass

NETSUITE = NetSuiteDialect()
DIALECTS = [SalesforceDialect(), KantataDialect(), NETSUITE, AvaTaxDialect()]


def _details(code: str, detail: str, path: str = "") -> dict[str, object]:
    return {"title": "Bad Request", "o:errorDetails": [{"detail": detail, "o:errorCode": code, "o:errorPath": path}]}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.title)
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"[]", b"{}", b"[1]", b'"x"', b'{"errors": []}'])
def test_any_error_body_can_be_read(dialect: answers.Dialect, body: bytes) -> None:
    failure = answers.failure(dialect, httpx.Response(502, content=body), write=False)
    assert failure.kind == FailureClass.TRANSIENT
    assert dialect.title in failure.message


@pytest.mark.parametrize(
    ("status", "write", "kind"),
    [
        (400, True, FailureClass.REJECTED),
        (404, False, FailureClass.REJECTED),
        (422, True, FailureClass.REJECTED),
        (300, True, FailureClass.REJECTED),
        (302, False, FailureClass.REJECTED),
        (401, True, FailureClass.AUTH),
        (403, False, FailureClass.AUTH),
        (429, True, FailureClass.RATE),
        (500, False, FailureClass.TRANSIENT),
        (503, True, FailureClass.UNKNOWN_OUTCOME),
        (504, True, FailureClass.UNKNOWN_OUTCOME),
        (408, True, FailureClass.UNKNOWN_OUTCOME),
    ],
)
def test_statuses_are_sorted_by_who_must_act(status: int, write: bool, kind: FailureClass) -> None:
    failure = answers.failure(KantataDialect(), httpx.Response(status), write=write)
    assert (failure.kind, failure.status) == (kind, status)


@pytest.mark.parametrize(
    ("dialect", "response"),
    [
        (SalesforceDialect(), httpx.Response(403, json=[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "x"}])),
        (NETSUITE, httpx.Response(400, json=_details("SSS_REQUEST_LIMIT_EXCEEDED", "x"))),
        (AvaTaxDialect(), httpx.Response(403, json={"error": {"code": "RequestLimitExceeded", "message": "x"}})),
    ],
)
def test_throttling_behind_another_status_is_a_rate(dialect: answers.Dialect, response: httpx.Response) -> None:
    assert answers.failure(dialect, response, write=True).kind == FailureClass.RATE


@pytest.mark.parametrize(
    "detail",
    [
        "Error while accessing a resource. You cannot change it: the accounting period is closed. TRAN_PERIOD_CLOSED",
        "TRAN_PRD_CLOSED",
        "The period is locked for receivables.",
    ],
)
def test_a_closed_period_is_recognised_in_words(detail: str) -> None:
    failure = answers.failure(NETSUITE, httpx.Response(400, json=_details("USER_ERROR", detail)), write=True)
    assert (failure.kind, failure.field) == (FailureClass.REJECTED, "postingPeriod")
    assert "PERIOD_CLOSED" in failure.message
    assert failure.remedy == "Reopen the accounting period in NetSuite, or post into the next open one."


def test_another_user_error_is_no_closed_period() -> None:
    detail = "There is no posting period for 2031-01-01."
    failure = answers.failure(NETSUITE, httpx.Response(400, json=_details("USER_ERROR", detail)), write=True)
    assert "PERIOD_CLOSED" not in failure.message


def test_the_complaint_names_code_message_and_field() -> None:
    body = _details("INVALID_CONTENT", "Invalid value for the field 'subsidiary'.", "subsidiary")
    failure = answers.failure(NETSUITE, httpx.Response(400, json=body), write=True)
    assert failure.message == "NetSuite refused it: INVALID_CONTENT: Invalid value for the field 'subsidiary'."
    assert failure.field == "subsidiary"
    assert answers.failure(NETSUITE, httpx.Response(400, json={"title": "Bad Request"}), write=True).message.endswith(
        "Bad Request"
    )


def test_row_errors_of_salesforce_use_another_key() -> None:
    body = [{"statusCode": "DUPLICATE_VALUE", "message": "taken", "fields": ["Hub_Key__c"]}]
    failure = answers.failure(SalesforceDialect(), httpx.Response(400, json=body), write=True)
    assert "DUPLICATE_VALUE: taken" in failure.message
    assert failure.field == "Hub_Key__c"
    several = httpx.Response(300, json=["/services/data/v62.0/sobjects/Account/1"])
    assert answers.failure(SalesforceDialect(), several, write=True).kind == FailureClass.REJECTED


def test_waiting_as_long_as_the_vendor_asks() -> None:
    assert answers.retry_after(httpx.Response(429, headers={"Retry-After": "7"})) == timedelta(seconds=7)
    at = httpx.Response(429, headers={"Retry-After": format_datetime(now() + timedelta(minutes=5), usegmt=True)})
    found = answers.retry_after(at)
    assert found is not None
    assert timedelta(minutes=4) < found <= timedelta(minutes=5)
    past = httpx.Response(429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"})
    assert answers.retry_after(past) == timedelta(0)
    assert answers.retry_after(httpx.Response(429, headers={"Retry-After": "soon"})) is None
    assert answers.retry_after(httpx.Response(429)) is None


@pytest.mark.parametrize(("write", "kind"), [(True, FailureClass.UNKNOWN_OUTCOME), (False, FailureClass.TRANSIENT)])
def test_a_page_of_html_is_no_answer(write: bool, kind: FailureClass) -> None:
    with pytest.raises(Failed, match="not JSON") as caught:
        answers.json_of(NETSUITE, httpx.Response(200, content=b"<html>sign in"), write=write)
    assert caught.value.kind == kind
    with pytest.raises(Failed, match="unexpected shape: items") as shaped:
        answers.shaped(NETSUITE, NetSuitePage, {"items": 7}, write=write)
    assert shaped.value.kind == kind
    assert answers.json_of(NETSUITE, httpx.Response(204), write=write) == {}


def test_paths_are_logged_without_secrets() -> None:
    shown = transport.shown_path("https://x/token?api_key=abc&page=2", {"access_token": "s3cret", "q": "SELECT"})
    assert "s3cret" not in shown
    assert "abc" not in shown
    assert shown.startswith("/token?")
    assert "page=2" in shown
    assert "q=SELECT" in shown


@pytest.mark.parametrize(
    ("listed", "production", "url", "allowed"),
    [
        ([], False, "http://127.0.0.1:9400", True),
        ([], False, "ftp://example.com", False),
        ([], True, "http://example.com", False),
        ([], True, "https://127.0.0.1", False),
        ([], True, "https://10.1.2.3", False),
        ([], True, "https://[::1]/", False),
        ([], True, "https://169.254.169.254/latest", False),
        ([], True, "https://93.184.215.14", True),
        (["127.0.0.1"], True, "http://127.0.0.1:9400", True),
        (["*.my.salesforce.com"], True, "https://firm.my.salesforce.com", True),
        (["*.my.salesforce.com"], True, "https://my.salesforce.com.evil.example", False),
        (["api.example.com"], False, "https://other.example.com", False),
    ],
)
def test_only_hosts_that_may_be_called(settings, listed: list[str], production: bool, url: str, allowed: bool) -> None:
    settings.OUTBOUND_HOSTS, settings.PRODUCTION = listed, production
    decision = hosts.may_call(url)
    assert bool(decision) is allowed
    assert allowed or decision.reason


def test_amounts_on_the_wire() -> None:
    assert wire.number("1411.470") == 1411.47
    assert wire.number("7") == 7
    assert wire.number("") is None
    assert wire.from_subunits(1999, "USD") == "19.99"
    assert wire.from_subunits(1999, "JPY") == "1999"
    assert wire.to_subunits("182.50", "EUR") == 18250
    with pytest.raises(ValueError, match="more decimals"):
        wire.to_subunits("182.125", "EUR")
    assert wire.text(1000.0) == "1000"
    assert wire.text(Decimal("0.00")) == "0"
    assert wire.same(1234.5, "1234.500000")
    assert not wire.same(1234.51, "1234.50")
    assert wire.same(None, "")
    assert not wire.same(None, "x")
    assert wire.same("Active", "Active")
