"""What the bank booked on our accounts."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from integration_hub.canonical.base import Amount, Currency, Record


class BankLine(Record):
    """One line of a bank statement. A credit is money received, a debit money paid; `direction` is what happened to
    the balance.

    `legal_entity` is the code of ours whose account it is. `reversal` tells that it takes an earlier line of the other
    direction back. `reference` is what the payer quoted in a field of its own, `remittance` what they wrote. A line
    never settles anything: the ERP says what was paid.
    """

    entity: ClassVar[str] = "bank_line"
    account: Annotated[str, Field(min_length=1, max_length=60)]
    legal_entity: Annotated[str, Field(min_length=1, max_length=20)]
    booked_on: date
    value_on: date
    direction: Literal["credit", "debit"]
    amount: Annotated[Amount, Field(ge=0)]
    currency: Currency
    reversal: bool = False
    bank_reference: Annotated[str, Field(max_length=120)] = ""
    end_to_end_id: Annotated[str, Field(max_length=120)] = ""
    reference: Annotated[str, Field(max_length=200)] = ""
    remittance: Annotated[str, Field(max_length=2000)] = ""
    counterparty: Annotated[str, Field(max_length=200)] = ""
    counterparty_account: Annotated[str, Field(max_length=60)] = ""
    code: Annotated[str, Field(max_length=60)] = ""
