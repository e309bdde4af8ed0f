"""Who may do what to what was agreed, and why not."""

from contracts.models import Contract, CostRate
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User


def can_enter_rates(user: User) -> Decision:
    """Whether the person may enter exchange rates. They are the firm's, so they hold for every legal entity."""
    if not user.has_perm("contracts.add_exchangerate"):
        return deny("Only finance can enter exchange rates.")
    if not user.all_legal_entities:
        return deny("Exchange rates hold for every legal entity; ask somebody who sees them all.")
    return ALLOW


def can_agree_payers(contract: Contract, user: User) -> Decision:
    """Whether the person may say who pays for the work of a contract."""
    if not user.has_perm("contracts.add_payersplit"):
        return deny("Only finance can say who pays for a contract.")
    if contract.status in {Contract.Status.TERMINATED, Contract.Status.CLOSED}:
        return deny(f"This contract is {contract.get_status_display().lower()}.")
    if not user.may_see(contract.legal_entity.code):
        return deny(f"Legal entity {contract.legal_entity.code} is outside your scope.")
    return ALLOW


def may_enter_cost_rates(user: User) -> Decision:
    """Whether the person may enter cost rates of any legal entity."""
    return ALLOW if user.has_perm("contracts.add_costrate") else deny("Only finance can enter cost rates.")


def can_enter_cost_rates(user: User, legal_entity: str) -> Decision:
    """Whether the person may enter cost rates of a legal entity."""
    if not (decision := may_enter_cost_rates(user)):
        return decision
    if not user.all_legal_entities and legal_entity not in user.legal_entities:
        return deny(f"You do not work for {legal_entity}.")
    return ALLOW


def can_withdraw_cost_rate(rate: CostRate, user: User, reason: str = "given") -> Decision:
    """Whether the person may take a cost rate back."""
    if rate.withdrawn_at is not None:
        return deny("This cost rate was withdrawn already.")
    if not reason.strip():
        return deny("Say why: the reason is kept in the trail.")
    return can_enter_cost_rates(user, rate.legal_entity.code)


def may_enter_standard_prices(user: User) -> Decision:
    """Whether the person may enter standard prices of any legal entity."""
    return ALLOW if user.has_perm("contracts.add_ratecard") else deny("Only finance can enter standard prices.")


def can_enter_standard_prices(user: User, legal_entity: str) -> Decision:
    """Whether the person may enter standard prices of a legal entity."""
    if not (decision := may_enter_standard_prices(user)):
        return decision
    if not user.all_legal_entities and legal_entity not in user.legal_entities:
        return deny(f"You do not work for {legal_entity}.")
    return ALLOW
