"""AvaTax over HTTP: quotes leave nothing behind, commits happen once, voids undo them."""

from decimal import Decimal
from typing import Any

import pytest

from integration_hub.connectors.avatax.client import encoded
from integration_hub.connectors.avatax.manifest import CREDIT_COMMIT, INVOICE_COMMIT, INVOICE_VOID
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, TAX_ENGINES, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.sandbox import Landscape

pytestmark = [pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("avatax")
QUOTE = TAX_ENGINES.get("avatax")


def _request(code: str = "US01-CAND-0007", amount: str = "1000.00", **more: Any) -> dict[str, Any]:
    return {
        "document_code": code,
        "company_code": "US01",
        "customer_code": "C-100",
        "date": "2026-05-31",
        "currency": "USD",
        "lines": [{"number": "1", "amount": amount, "description": "Architect, May 2026", "tax_code": ""}],
        "ship_to": {
            "country": "US",
            "region": "WA",
            "city": "Seattle",
            "postal_code": "98101",
            "line1": "1 Pier Road",
        },
        **more,
    }


def _documents(landscape: Landscape) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = landscape.ledger("avatax")["documents"]
    return found


def _commit(**more: Any) -> Write:
    request = _request(**more)
    return Write(INVOICE_COMMIT, "key", request["document_code"], {**request, "invoice_number": "INV-1", "tax": "0"})


def test_check_asks_for_the_credentials(avatax: Connection) -> None:
    assert CONNECTOR.check(avatax) == "Signed in to AvaTax."


def test_check_refuses_unknown_credentials(landscape: Landscape, avatax: Connection) -> None:
    landscape.post("/tokens", {"vendor": "avatax", "action": "revoke"})
    with pytest.raises(Failed, match="does not know") as caught:
        CONNECTOR.check(avatax)
    assert caught.value.kind == FailureClass.AUTH


def test_quote_is_tax_by_line_and_leaves_nothing_behind(landscape: Landscape, avatax: Connection) -> None:
    answer = QUOTE(avatax, _request())
    (line,) = answer["lines"]
    assert Decimal(answer["net"]) == 1000
    assert Decimal(answer["tax"]) > 0
    assert Decimal(line["tax"]) == Decimal(answer["tax"])
    assert Decimal(line["rate"]) * 1000 == pytest.approx(Decimal(line["tax"]), abs=Decimal("0.01"))
    assert sum(Decimal(item["tax"]) for item in answer["details"]) == Decimal(answer["tax"])
    assert _documents(landscape) == []


def test_quote_that_is_not_answered_changes_nothing_so_it_is_tried_again(
    landscape: Landscape, avatax: Connection
) -> None:
    landscape.fault("avatax", "timeout_before", count=1, params={"close": True})
    with pytest.raises(Failed) as caught:
        QUOTE(avatax, _request())
    assert caught.value.kind == FailureClass.TRANSIENT
    assert QUOTE(avatax, _request())["lines"]


def test_unknown_company_names_the_field(avatax: Connection) -> None:
    with pytest.raises(Failed, match="CompanyNotFoundError") as caught:
        QUOTE(avatax, _request(company_code="XX99"))
    assert (caught.value.kind, caught.value.field) == (FailureClass.REJECTED, "companyCode")


def test_commit_records_once_and_is_found(landscape: Landscape, avatax: Connection) -> None:
    write = _commit()
    assert CONNECTOR.find(avatax, write) is None
    quoted = QUOTE(avatax, write.payload)["tax"]
    CONNECTOR.send(avatax, write)
    found = CONNECTOR.find(avatax, write)
    assert found is not None
    assert (found.number, found.facts["status"], found.facts["reference"]) == ("US01-CAND-0007", "Committed", "INV-1")
    assert Decimal(found.facts["tax"]) == Decimal(quoted)
    assert CONNECTOR.send(avatax, write).body == {"already": True}
    assert [row["version"] for row in _documents(landscape)] == [1]


def test_committed_tax_may_differ_from_the_quote_and_is_told(landscape: Landscape, avatax: Connection) -> None:
    quoted = Decimal(QUOTE(avatax, _request())["tax"])
    landscape.settings(avatax={"tax_variance": {"US": 3.21}})
    CONNECTOR.send(avatax, _commit())
    found = CONNECTOR.find(avatax, _commit())
    assert found is not None
    assert Decimal(found.facts["tax"]) - quoted == Decimal("3.21")


def test_void_undoes_and_voiding_nothing_is_done(landscape: Landscape, avatax: Connection) -> None:
    undo = Write(INVOICE_VOID, "key", "US01-CAND-0007", _request())
    CONNECTOR.send(avatax, undo)
    nothing = CONNECTOR.find(avatax, undo)
    assert nothing is not None
    assert nothing.facts == {"status": "Absent"}
    CONNECTOR.send(avatax, _commit())
    assert CONNECTOR.find(avatax, undo) is None
    CONNECTOR.send(avatax, undo)
    voided = CONNECTOR.find(avatax, undo)
    assert voided is not None
    assert voided.facts["status"] == "Cancelled"
    assert CONNECTOR.find(avatax, _commit()) is None
    assert CONNECTOR.send(avatax, undo).body == {"already": True}


def test_filed_return_refuses_in_its_own_words(landscape: Landscape, avatax: Connection) -> None:
    from integration_hub.connectors.avatax.client import Client
    from integration_hub.connectors.transport import Ask

    CONNECTOR.send(avatax, _commit())
    path = "/api/v2/companies/US/transactions/US01-CAND-0007/lock"
    Client(avatax).session.ask(Ask("POST", path, write=True, json={"isLocked": True}))
    with pytest.raises(Failed, match="CannotModifyLockedTransaction") as caught:
        CONNECTOR.send(avatax, Write(INVOICE_VOID, "key", "US01-CAND-0007", _request()))
    assert caught.value.kind == FailureClass.REJECTED


def test_codes_with_awkward_signs_survive_the_path(landscape: Landscape, avatax: Connection) -> None:
    assert encoded("A/1 #2") == "A_-ava2f-_1%20_-ava23-_2"
    write = _commit(code="A/1 #2+3%")
    CONNECTOR.send(avatax, write)
    found = CONNECTOR.find(avatax, write)
    assert found is not None
    assert found.number == "A/1 #2+3%"


def test_a_return_takes_the_tax_of_the_sale_beside_the_sale(landscape: Landscape, avatax: Connection) -> None:
    CONNECTOR.send(avatax, _commit())
    asked = _request()
    line = {**asked["lines"][0], "amount": "-100.10", "tax": "-7.77", "tax_date": "2026-01-05", "credits": "INV-1"}
    payload = {**asked, "lines": [line], "invoice_number": "CM-1"}
    write = Write(CREDIT_COMMIT, "key", "US01-CAND-0007", payload)
    assert CONNECTOR.find(avatax, write) is None, "the sale of the same code is another document"
    CONNECTOR.send(avatax, write)
    found = CONNECTOR.find(avatax, write)
    assert found is not None
    assert (found.facts["status"], found.facts["reference"]) == ("Committed", "CM-1")
    assert (Decimal(found.facts["net"]), Decimal(found.facts["tax"])) == (Decimal("-100.10"), Decimal("-7.77"))
    assert CONNECTOR.send(avatax, write).body == {"already": True}
    assert CONNECTOR.find(avatax, _commit()) is not None
