"""Canonical records: what is refused, by field, so that nothing half-read reaches billing."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from integration_hub import canonical
from integration_hub.canonical import ENTITIES

DAY, LATER = date(2026, 3, 1), date(2026, 4, 1)
HEAD = {"source_id": "1", "version": "1"}
CONTRACT = {
    "number": "C-1", "name": "Advisory", "customer_id": "A", "legal_entity": "US01", "currency": "USD",
    "status": "draft",
}  # fmt: skip
LINE = {"contract_id": "K", "number": 1, "name": "Line", "method": "tm"}
RATE = {"contract_id": "K", "rate": Decimal(150), "currency": "USD", "valid_from": DAY}
COST_RATE = {
    "legal_entity": "US01", "role": "Architect", "currency": "USD", "rate": Decimal(62), "valid_from": DAY,
}  # fmt: skip
AMENDMENT = {
    "contract_id": "K", "number": "1", "kind": "rate", "status": "signed", "signed_on": DAY, "effective_on": DAY,
    "new_rate": Decimal(165),
}  # fmt: skip
PERIOD = {"name": "Mar", "starts_on": DAY, "ends_on": LATER, "closed": False}
ENTRY = {"project_id": "P", "resource_id": "R", "worked_on": DAY, "minutes": Decimal(60), "approval": "approved"}
PAYMENT = {"number": "P1", "received_on": DAY, "amount": Decimal(10), "currency": "USD"}


def read(entity, known, **changes):
    return ENTITIES[entity](**{**HEAD, **known, **changes})


@pytest.mark.parametrize(
    ("entity", "known", "change", "said"),
    [
        ("contract", CONTRACT, {"starts_on": LATER, "ends_on": DAY}, "ends_on is before starts_on"),
        ("contract", CONTRACT, {"status": "signed"}, "signed_on is missing although the contract is signed"),
        ("contract", CONTRACT, {"currency": "XYZ"}, "'XYZ' is not an ISO 4217 currency code"),
        ("contract", CONTRACT, {"po_amount": Decimal(-1)}, "po_amount"),
        ("contract", CONTRACT, {"surprise": 1}, "surprise"),
        ("contract", CONTRACT, {"source_id": " "}, "source_id"),
        ("contract_line", LINE, {"starts_on": LATER, "ends_on": DAY}, "ends_on is before starts_on"),
        ("contract_line", LINE, {"method": "retainer_hours", "amount": Decimal(1)}, "needs amount .* included_hours"),
        ("contract_line", LINE, {"method": "retainer_hours", "included_hours": Decimal(1)}, "needs amount"),
        ("contract_line", LINE, {"method": "fixed_schedule"}, "a fixed schedule needs amount"),
        ("contract_line", LINE, {"cap_amount": Decimal(0)}, "cap_amount"),
        ("rate_item", RATE, {"valid_from": LATER, "valid_to": DAY}, "valid_to is before valid_from"),
        ("rate_item", RATE, {"rate": Decimal(0)}, "rate"),
        ("cost_rate", COST_RATE, {"valid_from": LATER, "valid_to": DAY}, "valid_to is before valid_from"),
        ("cost_rate", COST_RATE, {"resource": "ann@example.com"}, "either resource or role is needed"),
        ("cost_rate", COST_RATE, {"role": ""}, "either resource or role is needed"),
        ("amendment", AMENDMENT, {"signed_on": None}, "needs signed_on and effective_on"),
        ("amendment", AMENDMENT, {"effective_on": None}, "needs signed_on and effective_on"),
        ("amendment", AMENDMENT, {"new_rate": None}, "a signed rate amendment needs new_rate"),
        ("amendment", AMENDMENT, {"kind": "cap"}, "a signed cap amendment needs new_limit"),
        ("amendment", AMENDMENT, {"kind": "term"}, "a signed term amendment needs new_end_on"),
        ("accounting_period", PERIOD, {"starts_on": LATER, "ends_on": DAY}, "ends_on is before starts_on"),
        ("time_entry", ENTRY, {"minutes": Decimal("1.00001")}, "minutes"),
        ("time_entry", ENTRY, {"approval": "maybe"}, "approval"),
        ("payment", PAYMENT, {"amount": Decimal(0)}, "amount"),
    ],
)
def test_terms_that_do_not_agree_are_refused(entity, known, change, said):
    read(entity, known)
    with pytest.raises(ValidationError, match=said):
        read(entity, known, **change)


@pytest.mark.parametrize(
    ("entity", "known", "change"),
    [
        ("contract", CONTRACT, {"starts_on": DAY, "ends_on": DAY}),
        ("contract", CONTRACT, {"status": "signed", "signed_on": DAY}),
        ("contract_line", LINE, {"method": "retainer_hours", "amount": Decimal(0), "included_hours": Decimal(0)}),
        ("rate_item", RATE, {"valid_to": DAY}),
        ("cost_rate", COST_RATE, {"valid_to": DAY}),
        ("amendment", AMENDMENT, {"status": "draft", "signed_on": None, "new_rate": None}),
        ("amendment", AMENDMENT, {"kind": "scope", "new_rate": None}),
        ("accounting_period", PERIOD, {"ends_on": DAY}),
        ("time_entry", ENTRY, {"minutes": Decimal(-60)}),
    ],
)
def test_terms_at_their_edge_are_taken(entity, known, change):
    assert read(entity, known, **change)


def test_every_entity_knows_its_own_name_and_never_changes():
    for name, record in ENTITIES.items():
        assert record.entity == name
        assert record.model_config["frozen"]
        assert record.model_config["extra"] == "forbid"
    row = read("time_entry", ENTRY)
    with pytest.raises(ValidationError, match="frozen"):
        row.minutes = Decimal(1)


def test_spaces_around_texts_are_dropped():
    assert read("contract", CONTRACT, name="  Advisory ").name == "Advisory"


def test_all_records_can_be_imported_from_the_package():
    assert {record.__name__ for record in ENTITIES.values()} <= set(canonical.__all__)
