"""What costs do when billing and contracts say that something changed."""

from collections.abc import Collection

from billing.events import EXPENSES_TAKEN, WORK_DECIDED, WORK_RECORDED
from contracts.events import (
    COST_RATES_CHANGED,
    EXCHANGE_RATES_ARRIVED,
    HOME_CHANGED,
    REIMBURSING_CHANGED,
    TRANSFER_PRICES_CHANGED,
)
from costs.actions import claims, counting, intercompany


def _work(projects: Collection[int], caused_by: str) -> None:
    counting.count_soon(projects, caused_by=caused_by)
    claims.place(projects, caused_by=caused_by)


def _rates(legal_entities: Collection[int]) -> None:
    counting.count_entities(legal_entities, caused_by="cost rates")
    intercompany.of_lenders(legal_entities)


def register() -> None:
    """Fill the registries of the rooms below."""
    WORK_RECORDED.register("costs", _work)
    COST_RATES_CHANGED.register("costs", _rates)
    EXPENSES_TAKEN.register("costs", claims.take)
    REIMBURSING_CHANGED.register("costs", claims.again)
    WORK_DECIDED.register("costs", intercompany.of_contracts)
    EXCHANGE_RATES_ARRIVED.register("costs", intercompany.of_currencies)
    HOME_CHANGED.register("costs", intercompany.of_person)
    TRANSFER_PRICES_CHANGED.register("costs", intercompany.of_borrower)
