"""NetSuite: what is read, page by page, and its limits."""

import threading
from collections.abc import Callable

import httpx
import pytest

from integration_hub import canonical as language
from integration_hub.connectors import budget
from integration_hub.connectors.models import Account, Call, Connection
from integration_hub.connectors.netsuite import client
from integration_hub.connectors.netsuite.client import Client
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.conftest import canonical, pages, records
from tests.connectors.erp import invoice_write

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("netsuite")

# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("algorithm", "certificate", "key"),
    [
        ("ES256", accounts.NETSUITE_CERTIFICATE_ID, accounts.netsuite_private_key),
        ("PS256", accounts.NETSUITE_RSA_CERTIFICATE_ID, accounts.rsa_private_key),
    ],
)
def test_check_signs_in(netsuite: Connection, algorithm: str, certificate: str, key: Callable[[], str]) -> None:
    from integration_hub.connectors.actions import connections

    netsuite.settings |= {"algorithm": algorithm, "certificate_id": certificate}
    netsuite.save()
    secrets = {"client_id": accounts.NETSUITE_CLIENT_ID, "private_key": key()}
    changed = connections.set_credentials(
        connection_id=netsuite.pk, credentials=secrets, by="system:test", seen_version=netsuite.version
    )
    assert "5 subsidiaries" in CONNECTOR.check(changed)


def test_key_that_does_not_fit_is_for_an_administrator(netsuite: Connection) -> None:
    netsuite.settings["algorithm"] = "PS256"
    with pytest.raises(Failed, match="cannot sign with PS256") as caught:
        CONNECTOR.check(netsuite)
    assert caught.value.kind == FailureClass.AUTH


def test_lists_are_read_whole(netsuite: Connection) -> None:
    entities = canonical(netsuite, "legal_entity", pages(netsuite, "legal_entity"))
    codes = {
        item.record.code: item.record for item in entities.values() if isinstance(item.record, language.LegalEntity)
    }
    assert codes["US"].currency == "USD"
    assert codes["DE"].country == "DE"
    terms = canonical(netsuite, "payment_term", pages(netsuite, "payment_term"))
    days = {
        item.record.name: item.record.days for item in terms.values() if isinstance(item.record, language.PaymentTerm)
    }
    assert days["Net 30"] == 30
    assert days["Due on receipt"] == 0
    read = pages(netsuite, "accounting_period")
    periods = [item.record for item in canonical(netsuite, "accounting_period", read).values()]
    assert len(periods) == 60, "months only: quarters and years take no postings"
    assert read[-1].complete


def test_closed_period_is_a_later_version_though_its_stamp_stands_still(
    landscape: Landscape, netsuite: Connection
) -> None:
    first = pages(netsuite, "accounting_period")
    key = landscape.period("May 2026", ar_locked=True)["id"]
    second = pages(netsuite, "accounting_period", first[-1].cursor)
    moved = {name for name, raw in records(second).items() if raw.version != records(first)[name].version}
    assert moved == {key}
    assert records(second)[key].version > records(first)[key].version
    period = canonical(netsuite, "accounting_period", second)[key].record
    assert isinstance(period, language.AccountingPeriod)
    assert (period.ar_locked, period.closed) == (True, False)


def test_a_list_that_comes_back_empty_changes_nothing(landscape: Landscape, netsuite: Connection) -> None:
    first = pages(netsuite, "legal_entity")
    landscape.fault("netsuite", "empty_page")
    (empty,) = pages(netsuite, "legal_entity", first[-1].cursor)
    assert empty.complete, "intake raises an alarm when a whole list comes back empty"
    assert empty.cursor == first[-1].cursor


def test_stamps_in_another_zone_become_utc(landscape: Landscape, netsuite: Connection, customer: str) -> None:
    utc = records(pages(netsuite, "customer_account"))[customer].version
    netsuite.settings["time_zone"] = "America/Los_Angeles"
    pacific = records(pages(netsuite, "customer_account"))[customer].version
    assert pacific > utc


# -- limits -----------------------------------------------------------------------------------------------------------


def test_too_many_calls_are_a_rate(landscape: Landscape, netsuite: Connection, customer: str) -> None:
    CONNECTOR.check(netsuite)
    landscape.settings(netsuite={"concurrency": 0})
    with pytest.raises(Failed, match="CONCURRENCY_LIMIT_EXCEEDED") as caught:
        CONNECTOR.send(netsuite, invoice_write())
    assert caught.value.kind == FailureClass.RATE


def test_currencies_are_asked_for_once_and_again_for_one_that_is_missing(
    netsuite: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_currencies", {})
    assert all(Client(netsuite).currency_id("USD") for _ in range(3))
    assert _asked_for_currencies() == 1
    monkeypatch.setattr(client, "ANEW", 0.0)
    assert Client(netsuite).currency_id("XXX") == ""
    assert _asked_for_currencies() == 2, "the account may have it since"


def _asked_for_currencies() -> int:
    return Call.objects.filter(path__contains="suiteql").count()


@pytest.mark.django_db(transaction=True)
def test_calls_under_way_stay_within_the_budget(landscape: Landscape, netsuite: Connection) -> None:
    """Six workers, two slots: NetSuite, which allows two, never says that it is too many."""
    from django.db import connection as database

    netsuite.settings |= {"budget_wait_seconds": "60", "timeout_seconds": "60"}
    _allow(netsuite, 2)
    Client(netsuite).currency_id("USD")
    landscape.settings(netsuite={"concurrency": 2, "work_ms": 150})
    failures: list[Failed] = []

    def ask() -> None:
        try:
            Client(netsuite).rows("SELECT id FROM currency ORDER BY id")
        except Failed as failure:
            failures.append(failure)
        finally:
            database.close()

    _all_at_once(ask)
    assert failures == []
    _allow(netsuite, 64)  # the control: without the budget the limit is hit
    _all_at_once(ask)
    assert {failure.kind for failure in failures} == {FailureClass.RATE}
    assert Account.objects.get().learnt_concurrency == 44, "and less is asked from then on"


def _allow(netsuite: Connection, calls: int) -> None:
    Account.objects.filter(pk=netsuite.account_id).update(concurrency=calls)
    budget.forget(budget.account_of(netsuite))


def _all_at_once(ask: Callable[[], None]) -> None:
    workers = [threading.Thread(target=ask) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@pytest.mark.django_db(transaction=True)
def test_a_taken_budget_is_a_rate(netsuite: Connection) -> None:
    from django.db import connection as database

    netsuite.settings |= {"budget_wait_seconds": "0.1"}
    _allow(netsuite, 1)
    caught: list[Failed] = []

    def second() -> None:
        try:
            with budget.call(netsuite):
                pass
        except Failed as failure:
            caught.append(failure)
        finally:
            database.close()

    with budget.call(netsuite):
        worker = threading.Thread(target=second)
        worker.start()
        worker.join()
    assert [failure.kind for failure in caught] == [FailureClass.RATE]
    with budget.call(netsuite):
        pass


def test_a_foreign_voice_agrees_with_the_books(landscape: Landscape, netsuite: Connection, customer: str) -> None:
    CONNECTOR.send(netsuite, invoice_write())
    books = httpx.get(f"{landscape.control}/_control/ledger/netsuite", trust_env=False, timeout=30).json()
    assert "1806.36" in str(books)
