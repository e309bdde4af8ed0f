"""`manage.py hours`: every hour in one bucket, or a failure that says whose hours are not."""

import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import Piece
from contracts.models import Contract
from integration_hub.intake.models import SourceVersion
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db


def hours(*arguments: str) -> str:
    out = io.StringIO()
    call_command("hours", *arguments, stdout=out)
    return out.getvalue()


def account(*arguments: str) -> dict[str, Any]:
    (only,) = json.loads(hours("--json", *arguments))["legal_entities"]
    return dict(only)


@shared
def contract() -> Contract:
    """A contract at 150 an hour with one entry of each kind."""
    found = factories.contract_active()
    factories.time_entry(found, hours="7.5")
    factories.time_entry(found, hours="2", chargeable=False)
    factories.time_entry(found, hours="3.25", approval="submitted")
    factories.time_entry(found, hours="1", on=date(2027, 2, 1))
    return found


def test_hours_and_money_by_state_and_code(contract: Contract) -> None:
    said = account()
    assert (said["entries"], said["hours_in"], said["hours_in_buckets"], said["agrees"]) == (4, "13.75", "13.75", True)
    buckets = {(row["state"], row["code"]): (row["hours"], Decimal(row["amount"])) for row in said["buckets"]}
    assert buckets == {
        ("billable", ""): ("7.50", 1125),
        ("non_billable", "NON_BILLABLE"): ("2.00", 0),
        ("blocked", "NOT_APPROVED"): ("3.25", Decimal("487.5")),
        ("blocked", "CONTRACT_EXPIRED"): ("1.00", 0),
    }


def test_the_words_for_people(contract: Contract) -> None:
    said = hours()
    assert "US01: 4 entries, 13.75 h in, 13.75 h in buckets: agrees" in said
    assert "1,125.00 USD" in said


def test_an_hour_in_no_bucket_fails(contract: Contract) -> None:
    Piece.objects.filter(state="billable").update(is_current=False)

    with pytest.raises(CommandError, match="do not add up: US01"):
        hours()


def test_hours_that_cancel_out_are_found(contract: Contract) -> None:
    Piece.objects.filter(state="billable").update(minutes=Decimal(390))
    Piece.objects.filter(state="non_billable").update(minutes=Decimal(180))
    out = io.StringIO()

    with pytest.raises(CommandError, match="do not add up: US01"):
        call_command("hours", stdout=out)

    assert "13.75 h in, 13.75 h in buckets: DIFFERS, 2 entries astray" in out.getvalue()


def test_entries_that_nobody_decided_fail(contract: Contract) -> None:
    factories.time_entry(contract, hours="4", decide=False)

    with pytest.raises(CommandError, match="do not add up"):
        hours()


def test_fees_and_milestones_are_no_hours(contract: Contract) -> None:
    factories.contract_active(milestones=("100",), method="milestone", entity=contract.legal_entity)
    assert account()["entries"] == 4


def test_one_legal_entity_and_an_unknown_one(contract: Contract) -> None:
    other = factories.contract_active(entity=factories.legal_entity("UK01", currency="GBP", country="GB"))
    factories.time_entry(other, hours="5")

    assert account("--legal-entity", "UK01")["hours_in"] == "5.00"
    assert [row["legal_entity"] for row in json.loads(hours("--json"))["legal_entities"]] == ["UK01", "US01"]
    with pytest.raises(CommandError, match=r"No legal entity 'XX'\. There are: UK01, US01"):
        hours("--legal-entity", "XX")


def test_what_waits_at_intake_is_told_beside_the_figures(db: None) -> None:
    assert hours() == "No hours have come in.\n"
    connection = factories.connection("filedrop", code="files")
    SourceVersion.objects.create(
        connection=connection, entity="time_entry", source_id="1", version="1", hash="h", payload={}, status="parked",
        waits_for="files/project:P",
    )  # fmt: skip
    assert "Not in these figures: 1 time records parked at intake" in hours()
