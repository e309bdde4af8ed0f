"""What was agreed: parties, contracts and their versions, prices, delivery structure, references into other systems."""

from contracts.models.agreements import (
    AMENDMENT_MOVES,
    CONTRACT_MOVES,
    Amendment,
    Cap,
    CapMonth,
    Contract,
    ContractLine,
    ContractVersion,
    Method,
    Opportunity,
    PurchaseOrder,
)
from contracts.models.capacity import Absence, Capacity, Holiday
from contracts.models.costs import CostRate
from contracts.models.currencies import ExchangeRate
from contracts.models.delivery import MILESTONE_MOVES, EligibilityRule, Milestone, Project, Resource, Task
from contracts.models.parties import AccountingPeriod, BillTo, Customer, LegalEntity, PaymentTerm
from contracts.models.payers import PayerShare, PayerSplit
from contracts.models.prices import RateCard, RateRow, RetroMode
from contracts.models.progress import PROGRESS_MOVES, ProgressMeasure
from contracts.models.references import ExternalReference
from contracts.models.routes import Route
from contracts.models.signatures import Signature
from contracts.models.transfers import TransferPrice

__all__ = [
    "AMENDMENT_MOVES",
    "CONTRACT_MOVES",
    "MILESTONE_MOVES",
    "PROGRESS_MOVES",
    "Absence",
    "AccountingPeriod",
    "Amendment",
    "BillTo",
    "Cap",
    "CapMonth",
    "Capacity",
    "Contract",
    "ContractLine",
    "ContractVersion",
    "CostRate",
    "Customer",
    "EligibilityRule",
    "ExchangeRate",
    "ExternalReference",
    "Holiday",
    "LegalEntity",
    "Method",
    "Milestone",
    "Opportunity",
    "PayerShare",
    "PayerSplit",
    "PaymentTerm",
    "ProgressMeasure",
    "Project",
    "PurchaseOrder",
    "RateCard",
    "RateRow",
    "Resource",
    "RetroMode",
    "Route",
    "Signature",
    "Task",
    "TransferPrice",
]
