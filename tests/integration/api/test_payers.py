"""Who pays for a contract, over the API."""

from typing import Any

import pytest

from tests import factories
from tests.integration.api.conftest import problem

pytestmark = pytest.mark.django_db


def test_payers_are_agreed_and_read(call):
    contract = factories.contract_active("C-API")
    other = factories.customer(name="Other")
    finance, url = call(), f"contracts/{contract.pk}/payers/"
    contract.refresh_from_db()
    shares: list[Any] = [{"customer": contract.customer.code, "percent": "60", "takes_rest": True},
              {"customer": other.code, "percent": "40"}]  # fmt: skip
    body: dict[str, Any] = {
        "version": contract.version,
        "effective_on": "2026-03-01",
        "reason": "Letter",
        "shares": shares,
    }
    told = problem(finance.post(url, {**body, "shares": [shares[0], {**shares[1], "percent": "41"}]}), 422)
    assert {"field": "shares", "message": "add up to 101 %, not to 100 %.", "remedy": "Correct the percentages."} in (
        told["errors"]
    )
    assert "no customer" in str(problem(finance.post(url, {**body, "shares": [{**shares[0], "customer": "?"}]}), 422))
    assert "is none of" in str(problem(finance.post(url, {**body, "line": 99}), 422))
    problem(call("pmo").post(url, body), 403)
    answer = finance.post(url, body)
    assert answer.status_code == 201, answer.content
    assert [row["percent"] for row in answer.json()["shares"]] == ["60.00", "40.00"]
    problem(finance.post(url, body), 409)
    [split] = finance.get(f"contracts/{contract.pk}/").json()["payers"]
    assert split["shares"][1] == {"customer": other.code, "percent": "40.00", "takes_rest": False}
    problem(call(entities=("DE01",)).post(url, body), 404)


def test_a_payer_states_its_order_and_its_limit(call):
    contract = factories.contract_active("C-API")
    finance, at = call(), f"contracts/{contract.pk}/"
    contract.refresh_from_db()
    own = contract.customer.code
    body: dict[str, Any] = {"version": contract.version, "reason": "Their order", "customer": own}
    order = {"number": "PO-7", "amount": "5000", "expires_on": "2026-12-31"}
    told = problem(finance.post(f"{at}payer-terms/", {**body, "order": order}), 422)
    assert "has no share of it" in str(told)
    shares = [{"customer": own, "percent": "100", "takes_rest": True}]
    agreed = {"version": contract.version, "effective_on": "2026-03-01", "reason": "Letter", "shares": shares}
    assert finance.post(f"{at}payers/", agreed).status_code == 201
    body["version"] += 1
    assert "are both empty" in str(problem(finance.post(f"{at}payer-terms/", body), 422))
    problem(finance.post(f"{at}payer-terms/", {**body, "limit": {"amount": "-1"}}), 400)
    problem(call("pmo").post(f"{at}payer-terms/", {**body, "order": order}), 403)
    stated = finance.post(f"{at}payer-terms/", {**body, "order": order, "limit": {"amount": "4000"}})
    assert stated.status_code == 200, stated.content
    read = finance.get(at).json()
    assert stated.json()["purchase_orders"] == read["purchase_orders"]
    [kept] = [row for row in read["purchase_orders"] if row["number"] == "PO-7"]
    assert (kept["payer"], kept["amount"], kept["expires_on"]) == (own, "5000.00", "2026-12-31")
    [limit] = [row for row in read["caps"] if row["payer"]]
    assert (limit["payer"], limit["limit"], limit["kind"]) == (own, "4000.00", "hard")
    problem(finance.post(f"{at}payer-terms/", {**body, "order": order}), 409)
