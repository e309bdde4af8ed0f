"""Canonical records: the shared language, plain pydantic, no Django and no I/O."""

from integration_hub.canonical.agreements import (
    Amendment,
    Contract,
    ContractLine,
    Customer,
    CustomerAccount,
    MilestoneTerm,
    Opportunity,
    RateItem,
)
from integration_hub.canonical.base import Record
from integration_hub.canonical.cash import CreditMemo, Invoice, Payment, PaymentApplication
from integration_hub.canonical.delivery import (
    ApprovalState,
    Expense,
    Milestone,
    Project,
    Resource,
    Task,
    TimeApproval,
    TimeEntry,
)
from integration_hub.canonical.ledger import AccountingPeriod, ExchangeRate, LegalEntity, PaymentTerm

ENTITIES: dict[str, type[Record]] = {
    "legal_entity": LegalEntity,
    "payment_term": PaymentTerm,
    "accounting_period": AccountingPeriod,
    "exchange_rate": ExchangeRate,
    "customer": Customer,
    "customer_account": CustomerAccount,
    "opportunity": Opportunity,
    "contract": Contract,
    "contract_line": ContractLine,
    "rate_item": RateItem,
    "milestone_term": MilestoneTerm,
    "amendment": Amendment,
    "resource": Resource,
    "project": Project,
    "task": Task,
    "milestone": Milestone,
    "time_entry": TimeEntry,
    "time_approval": TimeApproval,
    "expense": Expense,
    "invoice": Invoice,
    "payment": Payment,
    "credit_memo": CreditMemo,
}

__all__ = [
    "ENTITIES",
    "AccountingPeriod",
    "Amendment",
    "ApprovalState",
    "Contract",
    "ContractLine",
    "CreditMemo",
    "Customer",
    "CustomerAccount",
    "ExchangeRate",
    "Expense",
    "Invoice",
    "LegalEntity",
    "Milestone",
    "MilestoneTerm",
    "Opportunity",
    "Payment",
    "PaymentApplication",
    "PaymentTerm",
    "Project",
    "RateItem",
    "Record",
    "Resource",
    "Task",
    "TimeApproval",
    "TimeEntry",
]
