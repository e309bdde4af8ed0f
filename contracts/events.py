"""What contracts tell the rooms above: registries that upper apps fill in `AppConfig.ready()`."""

from collections.abc import Callable, Collection

from contracts.models import Amendment, Contract, Milestone
from integration_hub.kernel.registry import Registry

AGREEMENT_CHANGED: Registry[Callable[[int, str], None]] = Registry("listener for changed agreements")
"""(contract id, what changed): a line, price, milestone term, opportunity or master data arrived or changed."""

AMENDMENT_SIGNED: Registry[Callable[[Amendment], None]] = Registry("listener for signed amendments")
"""A signed amendment made a new contract version (same transaction)."""

MILESTONE_MOVED: Registry[Callable[[Milestone], None]] = Registry("listener for milestones")
"""A milestone was accepted, or its acceptance was withdrawn (same transaction)."""

MASTER_DATA_ARRIVED: Registry[Callable[[Collection[str]], None]] = Registry("listener for master data")
"""Keys such as `customer:CUST-001` or `payment_term:Net 30` became known to the ERP (same transaction)."""

EXCHANGE_RATES_ARRIVED: Registry[Callable[[Collection[str]], None]] = Registry("listener for exchange rates")
"""The currencies of which rates were recorded (same transaction)."""

COST_RATES_CHANGED: Registry[Callable[[Collection[int]], None]] = Registry("listener for cost rates")
"""The legal entities, by id, of which cost rates were recorded or withdrawn (same transaction)."""

STANDARD_PRICES_CHANGED: Registry[Callable[[int], None]] = Registry("listener for standard prices")
"""The legal entity, by id, of which a standard price was recorded (same transaction)."""

TRANSFER_PRICES_CHANGED: Registry[Callable[[int], None]] = Registry("listener for transfer prices")
"""The borrowing legal entity, by id, of which a transfer price was approved or withdrawn (same transaction)."""

HOME_CHANGED: Registry[Callable[[int], None]] = Registry("listener for whom people work for")
"""The person, by id, who works for another legal entity, or on other days, than was known (same transaction)."""

REIMBURSING_CHANGED: Registry[Callable[[int], None]] = Registry("listener for the rules of reimbursing")
"""The legal entity, by id, of which an administrator changed how it pays back what people spent (same transaction)."""


def agreement_changed(contract: Contract, what: str) -> None:
    """Tell every listener that the terms of a contract changed."""
    for _, listener in AGREEMENT_CHANGED:
        listener(contract.pk, what)


def amendment_signed(amendment: Amendment) -> None:
    """Tell every listener that an amendment is in force."""
    for _, listener in AMENDMENT_SIGNED:
        listener(amendment)


def milestone_moved(milestone: Milestone) -> None:
    """Tell every listener that a milestone was accepted or withdrawn."""
    for _, listener in MILESTONE_MOVED:
        listener(milestone)


def master_data_arrived(keys: Collection[str]) -> None:
    """Tell every listener what the ERP knows now."""
    for _, listener in MASTER_DATA_ARRIVED:
        listener(keys)


def exchange_rates_arrived(currencies: Collection[str]) -> None:
    """Tell every listener of which currencies there are new rates."""
    for _, listener in EXCHANGE_RATES_ARRIVED:
        listener(currencies)


def cost_rates_changed(legal_entities: Collection[int]) -> None:
    """Tell every listener in which legal entities cost rates changed."""
    for _, listener in COST_RATES_CHANGED:
        listener(legal_entities)


def standard_prices_changed(legal_entity: int) -> None:
    """Tell every listener that a legal entity has another standard price."""
    for _, listener in STANDARD_PRICES_CHANGED:
        listener(legal_entity)


def reimbursing_changed(legal_entity: int) -> None:
    """Tell every listener that a legal entity reimburses by other rules."""
    for _, listener in REIMBURSING_CHANGED:
        listener(legal_entity)


def transfer_prices_changed(borrower: int) -> None:
    """Tell every listener that a legal entity borrows work at other prices."""
    for _, listener in TRANSFER_PRICES_CHANGED:
        listener(borrower)


def home_changed(resource: int) -> None:
    """Tell every listener that a person works for another legal entity."""
    for _, listener in HOME_CHANGED:
        listener(resource)
