"""Bulk approvals over the API: what was seen is stated by hash, and read again with what became of it."""

import pytest

from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.api.conftest import problem

pytestmark = pytest.mark.django_db


def test_many_are_approved_by_hash_and_read_again(call):
    contracts = [factories.contract_active(number) for number in ("C-1", "C-2")]
    entity = contracts[0].legal_entity
    factories.tax(entity)
    for contract in contracts:
        factories.erp(entity, contract.customer)
        factories.time_entry(contract)
    run = factories.run_done(entity, by=factories.user(Role.BILLING_ANALYST))
    first, second = run.candidates.order_by("contract__number")
    finance = call()
    body = {"candidates": [{"id": first.pk, "content_hash": first.content_hash},
                           {"id": second.pk, "content_hash": "0" * 64}]}  # fmt: skip
    answer = finance.post("bulk-approvals/", body)
    assert answer.status_code == 202, answer.content
    drain_once(factories.LOCAL)
    found = finance.get(f"bulk-approvals/{answer.json()['id']}/").json()
    assert found["finished_at"] is not None
    assert [(row["number"], row["outcome"]) for row in found["items"]] == [
        (first.number, "counted"), (second.number, "left_out")
    ]  # fmt: skip
    assert call().rows("bulk-approvals/") == []
    problem(finance.post("bulk-approvals/", {"candidates": []}), 400)
