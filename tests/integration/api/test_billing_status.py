"""How far the billing of work is over the API: by value, by the week of a person, within the caller's entities."""

from datetime import date

import pytest

from tests import factories
from tests.integration.api.conftest import problem

pytestmark = pytest.mark.django_db


def test_billing_status_of_a_contract_and_of_the_weeks_of_a_person(call):
    contract = factories.contract_active("C-BS", rate="150")
    factories.invoice_posted(contract=contract, number="INV-BS", hours="10")
    late = factories.time_entry(contract, hours="5", on=date(2026, 3, 25))
    code = late.resource.code
    answer = call().get("billing-status/", contract="C-BS").json()
    (total,) = answer["totals"]
    assert (total["billable"], total["billed"], total["percent"]) == ("2250.00", "1500.00", "66.67")
    assert (total["status"], total["measured_by"], total["currency"]) == ("partially_billed", "value", "USD")
    by_week = {row["week"]: row for row in answer["sheets"] if row["resource"] == code}
    assert by_week["2026-03-23"]["status"] == "unbilled"
    assert by_week["2026-03-23"]["billable_minutes"] == "300.00"
    assert sum(float(row["billed"]) for row in answer["sheets"]) == 1500
    march = call().get("billing-status/", resource=code, service_date_from="2026-03-24").json()
    assert [row["billable"] for row in march["totals"]] == ["750.00"]
    assert problem(call().get("billing-status/"), 400)["errors"][0]["field"] == "contract"
    assert problem(call().get("billing-status/", contract="C-BS", colour="red"), 400)
    assert problem(call().get("billing-status/", contract="C-BS", service_date_to="soon"), 400)
    assert call(entities=("DE01",)).get("billing-status/", contract="C-BS").json() == {"totals": [], "sheets": []}
