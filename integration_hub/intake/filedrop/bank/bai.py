"""BAI2 by the library `bai2`, which checks the totals of file, groups and accounts; ledger balances are checked here.

Amounts have no decimal point: how many digits are behind it is said by the currency. A group that is not final yet
holds what the final one says again, so its lines are pending.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from bai2.constants import (
    AsOfDateModifier,
    FundsType,
    GroupStatus,
    TypeCode,
    TypeCodeLevel,
    TypeCodes,
    TypeCodeTransaction,
)
from bai2.exceptions import IntegrityException, NotSupportedYetException, ParsingException
from bai2.helpers import IteratorHelper
from bai2.parsers import (
    AccountIdentifierParser,
    AccountParser,
    Bai2FileParser,
    GroupParser,
    TransactionDetailParser,
)

from integration_hub.intake.filedrop.bank.lines import ASK, LONGEST, Line, Statement, Tally, refused
from integration_hub.kernel.money import is_currency, minor_units

START = re.compile(rb"\s*01,[^,\r\n]*,[^,\r\n]*,\d{6},\d{0,4},")
"""How a BAI2 file begins: sender, receiver, date and time."""
_OWN = ((900, 919, None, TypeCodeLevel.status), (920, 959, TypeCodeTransaction.credit, TypeCodeLevel.detail),
        (960, 999, TypeCodeTransaction.debit, TypeCodeLevel.detail))  # fmt: skip
"""Codes that every bank may give its own meaning: what they do to the balance is agreed."""
_TAKE_BACK = frozenset(
    [*("123", "252", "255", "257", "258", "261", "266", "268", "395"),
     *("423", "552", "555", "557", "558", "561", "566", "568", "694")]
)  # fmt: skip
"""Codes of returns, rejections and reversals of single payments."""
_BROKEN = (
    ParsingException,
    NotSupportedYetException,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    StopIteration,
)
_INTERIM = (AsOfDateModifier.interim_previous_day, AsOfDateModifier.interim_same_day)


def _type_code(text: str) -> TypeCode:
    known = TypeCodes.get(text)
    if known is not None:
        return known
    number = int(text)
    for low, high, transaction, level in _OWN:
        if low <= number <= high:
            return TypeCode(text, transaction, level, "Of the bank's own")
    raise NotSupportedYetException(f"Type code {text!r} is in no version of the standard")


class _Detail(TransactionDetailParser):  # type: ignore[misc]  # untyped library
    head_fields_config = [("type_code", _type_code), ("amount", int), ("funds_type", FundsType)]


class _Identifier(AccountIdentifierParser):  # type: ignore[misc]  # untyped library
    summary_fields_config = [
        ("type_code", _type_code), ("amount", int), ("item_count", int), ("funds_type", FundsType),
    ]  # fmt: skip


class _Account(AccountParser):  # type: ignore[misc]  # untyped library
    header_parser_class = _Identifier
    child_parser_class = _Detail


class _Group(GroupParser):  # type: ignore[misc]  # untyped library
    child_parser_class = _Account


class _File(Bai2FileParser):  # type: ignore[misc]  # untyped library
    child_parser_class = _Group


def read(path: Path, name: str, encoding: str) -> Iterator[Line | Statement]:
    """The lines of each account, then its statement. Raises BadInput for a file that is none or does not add up."""
    told = _parsed(_records(path, name, encoding), name)
    for group in told.children:
        if group.header.group_status not in (None, GroupStatus.update):
            what = f"is a group marked {group.header.group_status.name}"
            raise refused(name, f"group of {group.header.as_of_date}", f"{what}, which takes lines back.", ASK)
        for account in group.children:
            yield from _statement(told.header, group.header, account, name)


def _records(path: Path, name: str, encoding: str) -> list[str]:
    """The records of the file, the trailer last: what came behind it would be read by nobody."""
    try:
        text = path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        remedy = "Set the encoding of the mapping to the file's (e.g. cp1252)."
        raise refused(name, "", f"is not {encoding}: byte 0x{error.object[error.start]:02X} at {error.start:,}.",
                      remedy) from None  # fmt: skip
    found = [line for row in text.lstrip("\ufeff").splitlines() if (line := row.strip())]
    trailers = [number for number, line in enumerate(found) if line.startswith("99,")]
    if not trailers:
        raise refused(name, "", "has no file trailer (99): it is cut.")
    behind = [line for line in found[trailers[0] + 1 :] if not line.startswith("88,")]
    if behind:
        remedy = "Drop each file by itself."
        raise refused(name, "", f"goes on behind its trailer (99), with {behind[0][:20]!r}.", remedy)
    return found


def _parsed(records: list[str], name: str) -> Any:
    try:
        return _File(IteratorHelper(iter(records))).parse()
    except IntegrityException as error:
        raise refused(name, "", f"does not add up. {str(error).replace('. expected', ': the file says')}.") from None
    except _BROKEN as error:
        raise refused(name, "", f"is not readable BAI2: {error or type(error).__name__}.") from None


def _statement(file: Any, group: Any, account: Any, name: str) -> Iterator[Line | Statement]:
    head = account.header
    currency = head.currency or group.currency
    number = f"{group.originator_id or file.sender_id} {group.as_of_date:%Y-%m-%d}" if group.as_of_date else ""
    interim = group.as_of_date_modifier in _INTERIM
    if interim:
        number += f" interim {file.file_id or ''} {file.creation_time or ''}".rstrip()
    told = Statement((head.customer_account_number or "").replace(" ", ""), number, currency or "")
    tally = Tally(name, told)
    told.first_on = told.last_on = group.as_of_date
    for row in account.children:
        if row.type_code is None:
            raise refused(name, told.place, "has a line (16) without a type code.")
        direction = row.type_code.transaction
        if direction not in (TypeCodeTransaction.credit, TypeCodeTransaction.debit):
            if row.amount:
                what = f"has an amount of the kind {row.type_code.code}, which moves no balance."
                raise refused(name, told.place, what)
            continue  # words about the account
        amount = _money(row.amount, currency)
        yield tally.add(_line(row, direction.value, amount, group.as_of_date, interim, currency), amount)
    if not interim:
        _check(told, {row.type_code.code: row for row in head.summary_items if row.type_code})
    yield tally.finished()


def _line(row: Any, direction: str, amount: Decimal, on: date, interim: bool, currency: str) -> Line:
    valued = (row.availability or {}).get("date") if row.funds_type == FundsType.value_dated else None
    words = " ".join((row.text or "").split())[:LONGEST]
    return Line(
        "", "", "", status="pending" if interim else "booked", direction=direction,
        reversal="yes" if row.type_code.code in _TAKE_BACK else "no", booked_on=on.isoformat(),
        value_on=(valued or on).isoformat(), amount=f"{amount:f}", currency=currency,
        bank_reference=(row.bank_reference or "").strip(), reference=(row.customer_reference or "").strip()[:200],
        remittance=words, code=row.type_code.code,
    )  # fmt: skip


def _money(amount: int | None, currency: str) -> Decimal:
    places = minor_units(currency) if is_currency(currency) else 2
    return Decimal(amount or 0).scaleb(-places)


def _check(told: Statement, summaries: dict[str, Any]) -> None:
    """The ledger balances and the totals of credits and debits, as far as the bank gives them."""

    def of(code: str) -> Decimal | None:
        row = summaries.get(code)
        return _money(row.amount, told.currency) if row is not None and row.amount is not None else None

    told.opening, told.closing = of("010"), of("015")
    told.balanced(required=False)
    for code, found, what in (("100", told.credits, "credits"), ("400", told.debits, "debits")):
        said, row = of(code), summaries.get(code)
        if said is not None and said != found.sum:
            told.wrong(f"says its {what} add up to {said:,} {told.currency}, they make {found.sum:,}.")
        if row is not None and row.item_count is not None and row.item_count != found.count:
            told.wrong(f"says it has {row.item_count} {what}, {found.count} are there.")
