"""What posts: journals, customer payments and free-text invoices. A row that is made is not posted yet."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ..amounts import decimal, number, rounded
from ..messages import Json
from . import seed
from .errors import infolog
from .rows import NO_DATE, Rows
from .schema import SETS, EntitySet

_SEGMENTS = re.compile(r"(?<!\\)-")
MODULES = {
    "LedgerJournalHeaders": "Ledger",
    "CustomerPaymentJournalHeaders": "AccountsReceivable",
    "FreeTextInvoiceHeaders": "AccountsReceivable",
}


class Posting:
    """Checks of rows as they are written, and posting."""

    def __init__(self, rows: Rows, setting: Callable[[str], Any]) -> None:
        self._rows = rows
        self._setting = setting

    # -- periods ------------------------------------------------------------------------------------------------

    def check_open(self, of: EntitySet, company: str, day: str) -> None:
        """Raise unless a day may be posted to by the module of a document. The reason comes in words only."""
        dated = "json_extract(body, '$.StartDate') <= ? AND json_extract(body, '$.EndDate') >= ?"
        found = self._rows.of["FiscalPeriods"].find(dated, (day, day))
        if not found:
            raise infolog(of.type, f"Fiscal period for {day} does not exist.")
        key = {
            "dataAreaId": company,
            **{name: found[0].body[name] for name in ("Calendar", "FiscalYear", "PeriodName")},
        }
        status = self._rows.get(SETS["LedgerPeriodStatuses"], key, "")["PeriodStatus"]
        if status != "Open":
            raise infolog(of.type, f"Period for {day} is not open.")
        module = MODULES[of.name]
        access = SETS["LedgerPeriodModuleAccess"]
        row = self._rows.of[access.name].get(self._rows.key(access, {**key, "Module": module}))
        if row is not None and row["AccessLevel"] == "None":
            raise infolog(of.type, f"Period for {day} is not open for the module {module}.")

    # -- rows as they are written -------------------------------------------------------------------------------

    def check(self, of: EntitySet, body: Json) -> None:
        """What a row refers to must be there; a line belongs to a header that is not posted."""
        for name in ("CurrencyCode", "SalesCurrencyCode"):
            if body.get(name) and body[name] not in seed.CURRENCIES:
                raise infolog(of.type, f"The value '{body[name]}' in field '{name}' is not found in Currencies.")
        for name in ("CustomerAccount", "DefaultInvoiceAccount"):
            if name in of.by_name and of.name != "CustomersV3" and body.get(name):
                self._needed("CustomersV3", body, CustomerAccount=body[name])
        if of.name != "ProjectsV2" and body.get("ProjectID"):
            self._needed("ProjectsV2", body, ProjectID=body["ProjectID"])
        if body.get("PaymentTerms"):
            self._needed("PaymentTerms", body, Name=body["PaymentTerms"])
        if of.parent:
            self._check_line(of, body)

    def _needed(self, name: str, body: Json, **key: str) -> None:
        of = SETS[name]
        if self._rows.of[name].get(self._rows.key(of, {"dataAreaId": body["dataAreaId"], **key})) is None:
            (field, value), *_ = key.items()
            raise infolog(of.type, f"The value '{value}' in field '{field}' is not found in the relating table {name}.")

    def _check_line(self, of: EntitySet, body: Json) -> None:
        header = self._rows.get(SETS[of.parent], body, "")
        if header["IsPosted"] == "Yes":
            raise infolog(of.type, "The journal has been posted; its lines cannot be changed.")
        kind = body.get("AccountType") or "Ledger"
        match kind:
            case "Cust":
                self._needed("CustomersV3", body, CustomerAccount=_plain(body["AccountDisplayValue"]))
            case "Vend":
                self._needed("Vendors", body, VendorAccountNumber=_plain(body["AccountDisplayValue"]))
            case "Ledger":
                self._check_account(of, body["AccountDisplayValue"])
        if of.name == "FreeTextInvoiceLines" and not body["LineAmount"]:
            made = decimal(body["Quantity"]) * decimal(body["UnitPrice"])
            body["LineAmount"] = number(rounded(made, header["CurrencyCode"]))
        if self._setting("period_checked") == "line":
            self.check_open(SETS[of.parent], body["dataAreaId"], _day(of, header, body))

    def _check_account(self, of: EntitySet, shown: str) -> None:
        """A main account and the dimensions behind it, parted by dashes."""
        main, *dimensions = _SEGMENTS.split(shown)
        account = {"ChartOfAccounts": seed.CHART, "MainAccountId": _plain(main)}
        row = self._rows.of["MainAccounts"].get(self._rows.key(SETS["MainAccounts"], account))
        if row is None or row["IsSuspended"] == "Yes" or len(dimensions) > 2:
            raise infolog(of.type, f"The account {shown} is not valid for the account structure of the ledger.")

    # -- posting ------------------------------------------------------------------------------------------------

    def post(self, of: EntitySet, header: Json) -> None:
        """Post a header with its lines; posted already is an error, as there."""
        if header["IsPosted"] == "Yes":
            raise infolog(of.type, "The journal has already been posted.")
        lines = self._rows.lines(of, header)
        if not lines:
            raise infolog(of.type, "There is nothing to post: no lines exist.")
        for line in lines:
            self.check_open(of, header["dataAreaId"], _day(SETS[of.lines], header, line))
        header["IsPosted"] = "Yes"
        voucher = f"V{self._rows.store.next('dynamics:voucher'):08d}"
        if of.name == "FreeTextInvoiceHeaders":
            self._invoice(header, lines, voucher)
        elif of.name == "LedgerJournalHeaders":
            self._journal(of, header, lines, voucher)
        else:
            self._payments(of, header, lines, voucher)
        self._rows.save(of, header)

    def _journal(self, of: EntitySet, header: Json, lines: list[Json], voucher: str) -> None:
        debit = sum((decimal(line["DebitAmount"]) for line in lines), Decimal(0))
        credit = sum((decimal(line["CreditAmount"]) for line in lines), Decimal(0))
        offset = all(line["OffsetAccountDisplayValue"] for line in lines)
        if debit != credit and not offset:
            raise infolog(of.type, f"Voucher {voucher} does not balance: {debit} debit, {credit} credit.")
        header |= {"JournalTotalDebit": number(debit), "JournalTotalCredit": number(credit)}
        home = self._rows.get(SETS["Ledgers"], {"LegalEntityId": header["dataAreaId"].upper()}, "")
        header["AccountingCurrency"] = home["AccountingCurrency"]
        for line in lines:
            self._rows.save(SETS[of.lines], line | {"Voucher": voucher})

    def _payments(self, of: EntitySet, header: Json, lines: list[Json], voucher: str) -> None:
        for line in lines:
            settled = Decimal(0)
            if line["MarkedInvoice"]:
                amount = decimal(line["CreditAmount"]) - decimal(line["DebitAmount"])
                settled = self._settle(header["dataAreaId"], line["MarkedInvoice"], amount)
            new = {"IsPosted": "Yes", "Voucher": voucher, "SettledAmount": number(settled)}
            self._rows.save(SETS[of.lines], line | new)

    def _invoice(self, header: Json, lines: list[Json], voucher: str) -> None:
        total = sum((decimal(line["LineAmount"]) for line in lines), Decimal(0))
        company = header["dataAreaId"]
        number_of = f"{company.upper()}-{self._rows.store.next(f'dynamics:invoice:{company}'):06d}"
        header |= {"InvoiceNumber": number_of, "Voucher": voucher, "InvoiceAmount": number(total)}
        header["DocumentStatus"] = "Open"
        if header["DueDate"] == NO_DATE:
            header["DueDate"] = header["InvoiceDate"]
        corrected = header["CorrectedInvoiceNumber"]
        if corrected and total < 0 and self._setting("settle_corrections"):
            settled = self._settle(company, corrected, -total)
            header["SettledAmount"] = number(-settled)
            header["DocumentStatus"] = "Closed" if settled == -total else "Open"

    def _settle(self, company: str, invoice: str, amount: Decimal) -> Decimal:
        """Take an amount off what is open of an invoice; how much of it went."""
        of = SETS["FreeTextInvoiceHeaders"]
        found = self._rows.of[of.name].first('"dataAreaId" = ? AND "InvoiceNumber" = ?', (company, invoice))
        if found is None:
            raise infolog(of.type, f"The value '{invoice}' in field 'Invoice' is not found in Customer transactions.")
        row = found.body
        left = decimal(row["InvoiceAmount"]) - decimal(row["SettledAmount"])
        went = min(left, amount)
        row["SettledAmount"] = number(decimal(row["SettledAmount"]) + went)
        row["DocumentStatus"] = "Closed" if went == left else "Open"
        self._rows.save(of, row)
        return went


def _plain(segment: str) -> str:
    return segment.replace("\\-", "-")


def _day(of: EntitySet, header: Json, line: Json) -> str:
    if of.parent == "FreeTextInvoiceHeaders":
        return str(header["InvoiceDate"] if header["PostingDate"] == NO_DATE else header["PostingDate"])
    return str(line["TransDate" if of.parent == "LedgerJournalHeaders" else "TransactionDate"])
