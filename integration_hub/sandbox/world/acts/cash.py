"""What happens in the ERP after posting: payments, a credit memo, closed months."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from .. import calendar
from ..model import Customer
from ..stage import Stage
from ..vendors.http import Json

CREDIT_MONTH = 8
CREDIT_CUSTOMER = "CUST-3001"
CREDIT_NET = Decimal("1480.00")
FIRST_PART = Decimal("0.6")
_CENT = Decimal("0.01")


def credit(stage: Stage, month: date) -> None:
    """One goodwill credit, agreed on the telephone and applied to last month's invoice."""
    if month.month != CREDIT_MONTH:
        return
    key = f"CM-{CREDIT_CUSTOMER}-{month:%Y%m}"
    invoice = next(
        (row for row in _open_invoices(stage) if row["customer"] == CREDIT_CUSTOMER and row["date"] < month), None
    )
    if invoice is None or stage.netsuite.get("creditMemo", f"eid:{key}"):
        return
    share = Decimal(str(invoice["tax"])) / (Decimal(str(invoice["total"])) - Decimal(str(invoice["tax"])))
    tax = _rounded(CREDIT_NET * share)
    item = stage.netsuite.suiteql("SELECT id, itemid FROM item WHERE itemid = 'Adjustment' ORDER BY id")[0]
    line = {
        "item": {"id": str(item["id"])},
        "quantity": 1,
        "amount": float(CREDIT_NET),
        "description": "Goodwill, workshop repeated",
    }
    values: Json = {
        "externalId": key,
        "entity": {"id": invoice["entity"]},
        "tranDate": date(month.year, month.month, 19).isoformat(),
        "memo": f"Goodwill on {invoice['number']}",
        "taxDetailsOverride": True,
        "item": {"items": [line | {"taxDetailsReference": "L1"}]},
        "taxDetails": {"items": [{"taxDetailsReference": "L1", "taxAmount": float(tax)}]},
        "apply": {"items": [{"doc": {"id": invoice["id"]}, "amount": float(CREDIT_NET + tax), "apply": True}]},
    }
    stage.netsuite.create("creditMemo", values)
    stage.count("credit memos", 1)


def payments(stage: Stage, month: date) -> None:
    """Customers pay what earlier months left open: on time after a month, late after two, some in parts."""
    customers = {customer.code: customer for customer in stage.world.customers}
    for invoice in _open_invoices(stage):
        customer = customers.get(invoice["customer"])
        age = (month.year - invoice["date"].year) * 12 + month.month - invoice["date"].month
        amount = _paid_now(customer, age, invoice) if customer else None
        if amount:
            _pay(stage, invoice, amount, date(month.year, month.month, 24))


def _paid_now(customer: Customer, age: int, invoice: Json) -> Decimal | None:
    """How much of an invoice arrives this many months after its date."""
    if age < 1 or (customer.pays == "late" and age < 2):
        return None
    if customer.pays == "in parts" and age == 1:
        return _rounded(invoice["total"] * FIRST_PART) if invoice["open"] == invoice["total"] else None
    return Decimal(invoice["open"])


def _pay(stage: Stage, invoice: Json, amount: Decimal, day: date) -> None:
    key = f"PAY-{invoice['number']}-{day:%Y%m}"
    if stage.netsuite.get("customerPayment", f"eid:{key}"):
        return
    stage.netsuite.create(
        "customerPayment",
        {
            "externalId": key,
            "customer": {"id": invoice["entity"]},
            "tranDate": day.isoformat(),
            "payment": float(amount),
            "memo": f"Bank transfer for {invoice['number']}",
            "apply": {"items": [{"doc": {"id": invoice["id"]}, "amount": float(amount), "apply": True}]},
        },
    )
    stage.count("payments", 1)


def _open_invoices(stage: Stage) -> list[Json]:
    """Invoices with something left to pay, oldest first, with the customer's code."""
    query = (
        "SELECT id, tranid, trandate, entity, foreigntotal, taxtotal, foreignamountunpaid FROM transaction"
        " WHERE type = 'CustInvc' AND posting = 'T' ORDER BY id"
    )
    rows = stage.netsuite.suiteql(query)
    codes = {
        str(r["id"]): r.get("externalid")
        for r in stage.netsuite.suiteql("SELECT id, externalid FROM customer ORDER BY id")
    }
    for job in stage.netsuite.suiteql("SELECT id, customer FROM job ORDER BY id"):
        codes[str(job["id"])] = codes.get(str(job["customer"]))
    return [
        {
            "id": str(row["id"]),
            "number": row["tranid"],
            "date": date.fromisoformat(str(row["trandate"])[:10]),
            "entity": str(row["entity"]),
            "customer": codes.get(str(row["entity"])),
            "total": Decimal(str(row["foreigntotal"])),
            "tax": Decimal(str(row["taxtotal"] or 0)),
            "open": Decimal(str(row["foreignamountunpaid"])),
        }
        for row in rows
        if Decimal(str(row["foreignamountunpaid"] or 0)) > 0
    ]


def close_month(stage: Stage, month: date) -> None:
    """Two months back the books are closed, for all companies."""
    index = stage.world.months.index(month) - 2
    if index < 0:
        return
    name = calendar.month_name(stage.world.months[index])
    query = f"SELECT id, closed FROM accountingperiod WHERE periodname = '{name}' ORDER BY id"  # noqa: S608 — our own name
    row = stage.netsuite.suiteql(query)[0]
    if row["closed"] != "T":
        values = {"closed": True, "allLocked": True, "arLocked": True, "apLocked": True}
        stage.netsuite.update("accountingPeriod", str(row["id"]), values)
        stage.count("periods closed", 1)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)
