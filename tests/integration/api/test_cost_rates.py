"""Cost rates over the API: all or none, within the caller's legal entities."""

import pytest

from contracts.models import CostRate
from tests import factories
from tests.integration.api.conftest import problem

pytestmark = pytest.mark.django_db


def test_cost_rates_are_recorded_and_read_over_the_api(call):
    factories.legal_entity("US01")
    factories.legal_entity("DE01")
    payroll = call()
    row = {"legal_entity": "US01", "role": "Architect", "currency": "USD", "rate": "62.125", "valid_from": "2026-01-01"}
    until = {**row, "role": "Analyst", "valid_to": "2026-06-30"}
    assert payroll.post("cost-rates/", {"rates": [row, until]}).json() == {"recorded": 2}
    assert payroll.post("cost-rates/", {"rates": [row]}).json() == {"recorded": 0}
    [found] = payroll.rows("cost-rates/", role="Analyst", on="2026-06-30")
    assert (found["rate"], found["valid_from"], found["valid_to"]) == ("62.125", "2026-01-01", "2026-06-30")
    assert payroll.rows("cost-rates/", role="Analyst", on="2026-07-01") == []
    bad = {"rates": [{**row, "rate": "63"}, {**row, "resource": "ann@example.com"}]}
    told = problem(payroll.post("cost-rates/", bad), 422)
    assert "rates.1.role" in str(told)
    assert "rates.0" not in str(told)
    assert CostRate.objects.count() == 2
    problem(payroll.post("cost-rates/", {"rates": [{**row, "legal_entity": "DE01"}]}), 403)
    problem(call("pmo").get("cost-rates/"), 403)
    assert call(entities=("DE01",)).rows("cost-rates/") == []
