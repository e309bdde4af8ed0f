"""What is written down about the firm: its entities, people, customers and contracts. Data, no logic."""

from .customers import CUSTOMERS
from .firm import COST_CENTRES, ENTITIES, LETTERHEADS, PAYMENT_TERMS, PEOPLE, PERIODS, ROLES
from .germany import CONTRACTS as GERMAN
from .kingdom import CONTRACTS as BRITISH
from .states import CONTRACTS as AMERICAN

CONTRACTS = (*AMERICAN, *BRITISH, *GERMAN)

__all__ = [
    "CONTRACTS",
    "COST_CENTRES",
    "CUSTOMERS",
    "ENTITIES",
    "LETTERHEADS",
    "PAYMENT_TERMS",
    "PEOPLE",
    "PERIODS",
    "ROLES",
]
