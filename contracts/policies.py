"""Who may do what to what was agreed, and why not."""

from contracts.models import Contract, ContractLine, CostRate, Method, ProgressMeasure, TransferPrice
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.record import Actor


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


def can_measure(line: ContractLine, by: Actor) -> Decision:
    """Whether somebody may say how far a line is. Systems may: they hand on what people said there."""
    if isinstance(by, User):
        if not by.has_perm("contracts.add_progressmeasure"):
            return deny("Only delivery leads and PMO can record progress.")
        if not by.may_see(line.contract.legal_entity.code):
            return deny(f"Legal entity {line.contract.legal_entity.code} is outside your scope.")
    if line.method != Method.PROGRESS:
        return deny(f"Line {line.number} is not billed by progress.")
    if line.contract.status not in MEASURED:
        return deny(f"This contract is {line.contract.get_status_display().lower()}.")
    return ALLOW


MEASURED = (
    *(Contract.Status.ACTIVE, Contract.Status.SUSPENDED),
    *(Contract.Status.COMPLETED, Contract.Status.TERMINATED),
)
"""States of a contract in which progress of its lines is measured: what was done by its end is billed after it."""


def can_decide_progress(row: ProgressMeasure, user: User) -> Decision:
    """Whether the person may decide on progress that fell: never on what they recorded themselves."""
    if row.status != ProgressMeasure.Status.QUESTIONED:
        return deny(f"This measure is {row.get_status_display().lower()}.")
    if not user.has_perm("contracts.decide_progressmeasure"):
        return deny("Only PMO and finance can decide on progress that fell.")
    if row.recorded_by == user.username:
        return deny("You recorded this, so someone else must decide on it.")
    if not user.may_see(row.line.contract.legal_entity.code):
        return deny(f"Legal entity {row.line.contract.legal_entity.code} is outside your scope.")
    return ALLOW


def can_decline_progress(row: ProgressMeasure, user: User, reason: str = "given") -> Decision:
    """Whether the person may decline it, and has said why."""
    if not (decision := can_decide_progress(row, user)):
        return decision
    return ALLOW if reason.strip() else deny("Say why: the reason is kept in the trail.")


def may_propose_transfer_prices(user: User) -> Decision:
    """Whether the person may propose transfer prices between any legal entities."""
    return ALLOW if user.has_perm("contracts.add_transferprice") else deny("Only finance can propose transfer prices.")


def can_propose_transfer_price(user: User, lender: str, borrower: str) -> Decision:
    """Whether the person may propose what one legal entity charges another; who works for either may."""
    if not (decision := may_propose_transfer_prices(user)):
        return decision
    return _of_either(user, lender, borrower)


def can_approve_transfer_price(price: TransferPrice, user: User) -> Decision:
    """Whether the person may put a transfer price in force: never one they proposed themselves."""
    if price.status != "proposed":
        return deny("This transfer price is not proposed any more.")
    if not user.has_perm("contracts.approve_transferprice"):
        return deny("Only finance can decide on transfer prices.")
    if price.proposed_by == user.username:
        return deny("You proposed this, so someone else must approve it.")
    return _of_either(user, price.lender.code, price.borrower.code)


def can_withdraw_transfer_price(price: TransferPrice, user: User, reason: str = "given") -> Decision:
    """Whether the person may take a transfer price back, and has said why."""
    if price.status == "withdrawn":
        return deny("This transfer price was withdrawn already.")
    if not user.has_perm("contracts.approve_transferprice"):
        return deny("Only finance can decide on transfer prices.")
    if not reason.strip():
        return deny("Say why: the reason is kept in the trail.")
    return _of_either(user, price.lender.code, price.borrower.code)


def _of_either(user: User, lender: str, borrower: str) -> Decision:
    if user.may_see(lender) or user.may_see(borrower):
        return ALLOW
    return deny(f"You work for neither {lender} nor {borrower}.")
