"""SuiteQL: what the views say, how results page, and that nothing but reading is possible."""

from __future__ import annotations

import httpx
import pytest

from integration_hub.sandbox import Landscape
from integration_hub.sandbox.netsuite.views import VIEWS

from .conftest import netsuite_customer, netsuite_invoice

pytestmark = pytest.mark.landscape


def ask(http: httpx.Client, query: str, **params: int) -> httpx.Response:
    return http.post("/query/v1/suiteql", json={"q": query}, params=params)


def rows(http: httpx.Client, query: str) -> list[dict[str, str]]:
    answer = ask(http, query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = [{k: v for k, v in item.items() if k != "links"} for item in answer.json()["items"]]
    return found


def test_values_are_text_and_empty_columns_are_left_out(land: Landscape, netsuite: httpx.Client) -> None:
    key = netsuite_customer(netsuite, "CRM-1", companyName="Acme")
    query = "SELECT id, externalId, companyName, email, isPerson FROM customer"
    expected = {"id": key, "externalid": "CRM-1", "companyname": "Acme", "isperson": "F"}
    assert rows(netsuite, query) == [expected]
    land.settings(netsuite={"suiteql_values": "native"})
    assert rows(netsuite, query)[0]["id"] == int(key)  # type: ignore[comparison-overlap]


def test_transactions_lines_and_applications_can_be_joined(netsuite: httpx.Client) -> None:
    customer = netsuite_customer(netsuite)
    invoice = netsuite_invoice(netsuite, customer, "I-1", 1000.0)
    netsuite.post(
        "/record/v1/customerPayment",
        json={"customer": {"id": customer}, "apply": {"items": [{"doc": {"id": invoice}, "amount": 250.5}]}},
    )
    query = """
        SELECT t.tranid, t.recordtype, t.status, t.foreigntotal, t.foreignamountunpaid, p.periodname, a.amount,
               pay.tranid AS paid_by
        FROM Transaction t
        JOIN accountingperiod p ON p.id = t.postingperiod
        JOIN paymentapplication a ON a.invoice = t.id
        JOIN transaction pay ON pay.id = a.payment -- the payment
        WHERE t.externalid = 'I-1' ORDER BY t.id
    """
    (row,) = rows(netsuite, query)
    assert row == {
        "tranid": "INV-US-000001",
        "recordtype": "invoice",
        "status": "A",
        "foreigntotal": "1000",
        "foreignamountunpaid": "749.5",
        "periodname": "May 2026",
        "amount": "250.5",
        "paid_by": "PAY-US-000001",
    }
    lines = rows(
        netsuite,
        "SELECT transaction, id, mainline, foreignamount, custcol_hub_line FROM transactionline"
        f" WHERE transaction = {invoice} ORDER BY id",
    )
    assert [(line["mainline"], line["foreignamount"]) for line in lines] == [("T", "1000"), ("F", "-1000")]
    assert lines[1]["custcol_hub_line"] == "L1"
    sums = "SELECT SUM(debit) AS d, SUM(credit) AS c FROM transactionaccountingline"
    assert rows(netsuite, sums) == [{"d": "1250.5", "c": "1250.5"}]


def test_a_delta_by_last_modified_date_and_id(netsuite: httpx.Client) -> None:
    first, second = netsuite_customer(netsuite), netsuite_customer(netsuite)
    query = "SELECT id, lastmodifieddate FROM customer ORDER BY lastmodifieddate, id"
    seen = rows(netsuite, query)
    assert [row["id"] for row in seen] == [first, second]
    stamp = seen[0]["lastmodifieddate"]
    assert len(stamp) == len("2026-05-01 07:25:37.123")
    picture = "'YYYY-MM-DD HH24:MI:SS.FF3'"
    moved = rows(
        netsuite,
        f"SELECT id, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') AS at FROM customer"
        f" WHERE lastmodifieddate > TO_TIMESTAMP('{stamp}', {picture}) ORDER BY lastmodifieddate, id",
    )
    assert [row["id"] for row in moved] == [second]
    assert "T" in moved[0]["at"]
    assert rows(netsuite, "SELECT id FROM customer WHERE lastmodifieddate < TO_DATE('2020-01-01', 'YYYY-MM-DD')") == []


def test_pages_and_totals(land: Landscape, netsuite: httpx.Client) -> None:
    values = [{"companyName": f"C{n:03d}", "subsidiary": {"id": "1"}} for n in range(25)]
    land.load("netsuite", "customer", values)
    query = "SELECT companyname FROM customer ORDER BY id"
    page = ask(netsuite, query, limit=10, offset=20).json()
    assert (page["count"], page["hasMore"], page["totalResults"], page["offset"]) == (5, False, 25, 20)
    assert page["items"][0]["companyname"] == "C020"
    assert [link["rel"] for link in ask(netsuite, query, limit=10).json()["links"]] == ["self", "next"]
    assert len(rows(netsuite, query + " FETCH FIRST 3 ROWS ONLY")) == 3
    land.settings(netsuite={"suiteql_cap": 12})
    capped = ask(netsuite, query, limit=10, offset=10).json()
    assert (capped["count"], capped["hasMore"], capped["totalResults"]) == (2, False, 12)


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM customer",
        "UPDATE customer SET companyname = 'x'",
        "SELECT * FROM netsuite_customer",
        "SELECT * FROM facts",
        "SELECT value FROM facts WHERE space LIKE 'tokens%'",
        "SELECT * FROM sqlite_master",
        "WITH x AS (SELECT * FROM calls) SELECT * FROM x",
        "SELECT load_extension('x')",
        "SELECT id FROM customer LIMIT 5",
        "SELECT id FROM customer; DROP TABLE calls",
        "PRAGMA table_info(calls)",
        "ATTACH DATABASE 'x' AS y",
        "SELECT nonsense FROM customer",
        "SELECT BUILTIN.DF(subsidiary) FROM customer",
        "",
    ],
)
def test_only_reading_and_only_the_documented_tables(netsuite: httpx.Client, query: str) -> None:
    answer = ask(netsuite, query)
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_PARAMETER"


def test_the_prefer_header_is_required(netsuite: httpx.Client) -> None:
    answer = netsuite.post("/query/v1/suiteql", json={"q": "SELECT id FROM term"}, headers={"Prefer": ""})
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_HEADER"


def test_every_view_can_be_read(netsuite: httpx.Client) -> None:
    netsuite_invoice(netsuite, netsuite_customer(netsuite), "I-1")
    listed = ask(netsuite, "SELECT * FROM nonsense")
    assert listed.status_code == 400
    for view in VIEWS:
        assert ask(netsuite, f"SELECT * FROM {view} ORDER BY 1").status_code == 200, view
