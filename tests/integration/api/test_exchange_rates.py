"""Exchange rates over the API: all or none, and every field that is wrong is named."""

import pytest

from contracts.models import ExchangeRate
from tests.integration.api.conftest import fields, problem

pytestmark = pytest.mark.django_db


def test_rates_are_recorded_and_read_over_the_api(call):
    treasury = call(everything=True)
    body = {"rates": [{"base": "EUR", "quote": "USD", "day": "2026-03-02", "rate": "1.0857", "note": "ECB"}]}
    assert treasury.post("exchange-rates/", body).json() == {"recorded": 1}
    assert treasury.post("exchange-rates/", body).json() == {"recorded": 0}
    [row] = treasury.rows("exchange-rates/", base="EUR")
    assert (row["rate"], row["day"]) == ("1.0857", "2026-03-02")
    assert "rates" in fields(treasury.post("exchange-rates/", {"rates": []}), 400)
    bad = {"rates": [*body["rates"], {**body["rates"][0], "base": "EUX", "rate": "2"}]}
    told = problem(treasury.post("exchange-rates/", bad), 422)
    assert "rates.1.base" in str(told)
    assert "rates.0" not in str(told)
    assert ExchangeRate.objects.count() == 1
    problem(call("pmo").post("exchange-rates/", body), 403)
