"""What an administrator sets up in Tryton before the product may use it, done through Tryton's own API.

A company `US01` in dollars with its chart of accounts, the fiscal year 2026 with monthly periods, sequences, payment
terms, a tax account, a way of being paid, and a user for the product with the rights of accounting and nothing more.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from tests.tryton.rpc import Clerk

ADMINISTRATOR, PASSWORD = "admin", "admin-of-the-tests"
HUB_LOGIN, HUB_PASSWORD = "throughline", "throughline-of-the-tests"
COMPANY = "US01"
YEAR = 2026

# Accounts of Tryton's universal chart, by code.
CASH, RECEIVABLE, PAYABLE, TAX, REVENUE, EXPENSE = "1.1.1", "1.2.1", "2.1.1", "2.2.3", "4.2.2", "5.2.1"
LABOUR, ABSORBED = "5.1.3", "1.3.3"


def set_up(url: str, database: str) -> None:
    """All of it, in a database with the modules and nothing else."""
    with Clerk(url, database, ADMINISTRATOR, PASSWORD) as clerk:
        company = _company(clerk)
        clerk.context["company"] = company
        _chart(clerk, company)
        _year(clerk, company)
        _terms(clerk)
        _payments(clerk, company)
        _hub(clerk, company)


def xml_id(clerk: Clerk, name: str) -> int:
    """The id of a record that a module brought."""
    return int(clerk("model.ir.model.data.get_id", name))


def account(clerk: Clerk, code: str) -> int:
    """The id of an account of the chart."""
    (found,) = clerk("model.account.account.search", [["code", "=", code], ["type", "!=", None]], 0, 1, None)
    return int(found)


def _company(clerk: Clerk) -> int:
    currencies = {
        code: clerk.create(
            "currency.currency",
            name=name,
            code=code,
            numeric_code=numeric,
            symbol=symbol,
            rounding=Decimal("0.01"),
            digits=2,
            rates=[["create", [{"date": date(2020, 1, 1), "rate": rate}]]],
        )
        for code, name, numeric, symbol, rate in (
            ("USD", "US Dollar", "840", "$", Decimal(1)),
            ("EUR", "Euro", "978", "€", Decimal("0.8")),
        )
    }
    country = clerk.create("country.country", name="United States", code="US", code3="USA", code_numeric="840")
    address = {"street_unstructured": "1 Broadway", "city": "New York", "postal_code": "10004", "country": country}
    party = clerk.create("party.party", name="US01 Inc.", code=COMPANY, addresses=[["create", [address]]])
    company = clerk.create("company.company", party=party, currency=currencies["USD"], timezone="America/New_York")
    groups = clerk("model.res.group.search", [], 0, None, None)
    mine = {"companies": [["add", [company]]], "company": company, "groups": [["add", groups]]}
    clerk("model.res.user.write", [clerk.user], mine)
    return company


def _chart(clerk: Clerk, company: int) -> None:
    template = xml_id(clerk, "account.account_template_root_en")
    session, _, _ = clerk("wizard.account.create_chart.create")
    start = {"account": {"company": company, "account_template": template}}
    clerk("wizard.account.create_chart.execute", session, start, "create_account")
    codes = {
        "account_receivable": RECEIVABLE,
        "account_payable": PAYABLE,
        "category_account_revenue": REVENUE,
        "category_account_expense": EXPENSE,
    }
    usual = {field: account(clerk, code) for field, code in codes.items()}
    filled = {**start, "properties": {"company": company, **usual}}
    clerk("wizard.account.create_chart.execute", session, filled, "create_properties")
    clerk("wizard.account.create_chart.delete", session)


def _year(clerk: Clerk, company: int) -> None:
    sequences = {
        name: clerk.create(
            "ir.sequence.strict", name=name, sequence_type=xml_id(clerk, kind), company=company, prefix=prefix
        )
        for name, kind, prefix in (
            ("Moves", "account.sequence_type_account_move", "GL-"),
            ("Invoices", "account_invoice.sequence_type_account_invoice", "INV-"),
            ("Credit notes", "account_invoice.sequence_type_account_invoice", "CN-"),
        )
    }
    numbering = {
        "company": company,
        "out_invoice_sequence": sequences["Invoices"],
        "out_credit_note_sequence": sequences["Credit notes"],
        "in_invoice_sequence": sequences["Invoices"],
        "in_credit_note_sequence": sequences["Credit notes"],
    }
    year = clerk.create(
        "account.fiscalyear",
        name=str(YEAR),
        company=company,
        start_date=date(YEAR, 1, 1),
        end_date=date(YEAR, 12, 31),
        move_sequence=sequences["Moves"],
        invoice_sequences=[["create", [numbering]]],
    )
    clerk("model.account.fiscalyear.create_period", [year])


def _terms(clerk: Clerk) -> None:
    for days in (30, 45):
        after = {"type": "remainder", "relativedeltas": [["create", [{"days": days}]]]}
        clerk.create("account.invoice.payment_term", name=f"Net {days}", lines=[["create", [after]]])


def _payments(clerk: Clerk, company: int) -> None:
    (journal,) = clerk("model.account.journal.search", [["type", "=", "cash"]], 0, 1, None)
    cash = account(clerk, CASH)
    clerk.create(
        "account.invoice.payment.method",
        name="Bank",
        company=company,
        journal=journal,
        credit_account=cash,
        debit_account=cash,
    )


def _hub(clerk: Clerk, company: int) -> None:
    rights: dict[str, Any] = {"groups": [["add", [xml_id(clerk, "account.group_account")]]]}
    clerk.create(
        "res.user",
        name="Throughline",
        login=HUB_LOGIN,
        password=HUB_PASSWORD,
        companies=[["add", [company]]],
        company=company,
        **rights,
    )
