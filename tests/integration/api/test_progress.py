"""Progress over the API: recorded, questioned, decided by somebody else, within the caller's legal entities."""

import pytest

from tests import factories
from tests.integration.api.conftest import problem

pytestmark = pytest.mark.django_db


def test_progress_is_recorded_and_decided_over_the_api(call):
    factories.contract_active("C-P", method="progress", amount="8000")
    lead, pmo = call("delivery_lead"), call("pmo")
    body = {"contract": "C-P", "line_number": 1, "as_of": "2026-03-31", "percent": "25", "measured_by": "Client",
            "evidence": "Report 1"}  # fmt: skip
    told = problem(lead.post("progress/", {**body, "as_of": "2199-01-01"}), 422)
    assert [error["field"] for error in told["errors"]] == ["as_of"]
    answer = lead.post("progress/", body)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["added"], answer.json()["status"]) == ("2000.00", "in_force")
    fell = lead.post("progress/", {**body, "percent": "20"}).json()
    assert (fell["added"], fell["status"]) == (None, "questioned")
    problem(lead.post(f"progress/{fell['id']}/confirm/", {"version": fell["version"]}), 403)
    problem(pmo.post(f"progress/{fell['id']}/decline/", {"version": fell["version"] + 1, "reason": "no"}), 409)
    assert pmo.post(f"progress/{fell['id']}/confirm/", {"version": fell["version"]}).json()["added"] == "1600.00"
    assert [row["status"] for row in pmo.rows("progress/", contract="C-P")] == ["in_force", "in_force"]
    assert call(entities=("DE01",)).rows("progress/") == []
    problem(call("delivery_lead", entities=("DE01",)).post("progress/", body), 404)
