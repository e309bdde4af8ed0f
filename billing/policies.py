"""Who may do what to billing, and why not. One answer for button, API and action."""

from collections.abc import Iterable

from django.db.models import Q

from billing import duties
from billing.engine import matrix
from billing.models import (
    Approval,
    BillableEvent,
    BillingRun,
    Candidate,
    Delegation,
    DepositAccount,
    Hold,
    Invoice,
    LateChange,
    Piece,
    RetentionAccount,
    WriteDown,
)
from billing.naming import code_words
from contracts.models import Amendment, Contract, ContractLine, Method
from integration_hub.kernel.clock import today
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.processes.models import Process
from integration_hub.rules.queries import table_for

SYSTEM_ONLY = {"AMENDMENT_PROPAGATING"}


def can_see(user: User, legal_entity: str) -> Decision:
    """Whether the object's legal entity is within the person's scope."""
    if legal_entity and not user.may_see(legal_entity):
        return deny(f"Legal entity {legal_entity} is outside your scope.")
    return ALLOW


def can_place_hold(user: User, legal_entity: str, code: str = "", *, scope: str = "") -> Decision:
    """Whether the person may place holds (of this code, on a thing of this scope) in this legal entity."""
    if not user.has_perm("billing.place_hold"):
        return deny("Only finance, PMO and delivery leads can place holds.")
    if code in SYSTEM_ONLY:
        return deny("Only the system places this hold, and only it releases it.")
    return _can_hold(user, scope, legal_entity)


def can_release_hold(hold: Hold, user: User) -> Decision:
    """Whether the person may release this hold."""
    if not user.has_perm("billing.release_hold"):
        return deny("Only finance and PMO can release holds.")
    if hold.status != Hold.Status.OPEN:
        return deny(f"This hold is already {hold.get_status_display().lower()}.")
    if hold.code in SYSTEM_ONLY:
        return deny("This hold releases itself when the amendment has reached every system.")
    if hold.placed_by_user_id == user.pk:
        return deny("You placed this hold, so someone else must release it.")
    return _can_hold(user, hold.scope, hold.legal_entity.code if hold.legal_entity else "")


def _can_hold(user: User, scope: str, legal_entity: str) -> Decision:
    """Whether what a hold stops, and its release frees, lies within the person's scope."""
    if scope == Hold.Scope.CUSTOMER and not user.all_legal_entities:
        return deny("A hold on a customer stops billing in every legal entity; ask somebody who sees them all.")
    return can_see(user, legal_entity)


def can_start_run(user: User, legal_entity: str) -> Decision:
    """Whether the person may prepare candidates for this legal entity."""
    if not user.has_perm("billing.start_billingrun"):
        return deny("Only billing analysts and finance can start billing runs.")
    return can_see(user, legal_entity)


def can_stop_run(run: BillingRun, user: User) -> Decision:
    """Whether the person may stop this run."""
    if run.state != BillingRun.State.RUNNING:
        return deny(f"This run is {run.get_state_display().lower()}.")
    if run.stop_asked_by:
        return deny(f"{run.stop_asked_by} stopped it; it ends after the contract it is at.")
    return can_start_run(user, run.legal_entity.code)


def can_approve(candidate: Candidate, user: User, acting: Delegation | None = None) -> Decision:
    """Whether the person may approve this candidate now, by their own right or in the stead of another."""
    giver = acting.giver if acting else user
    if not giver.has_perm("billing.approve_candidate"):
        return deny("Only finance approvers can approve candidates.")
    persons = (user,) if giver.pk == user.pk else (user, giver)
    if earlier := duties.conflict(candidate, persons):
        return deny(f"{earlier.told(user)}, so someone else must approve it.")
    if candidate.status == Candidate.Status.NEEDS_ATTENTION:
        return deny(f"Not ready. {'; '.join(map(code_words, candidate.codes))}.")
    if candidate.status != Candidate.Status.READY:
        return deny(f"This candidate is {candidate.get_status_display().lower()}.")
    if seated(candidate, persons):
        who = "You" if giver.pk == user.pk else f"You or {giver.label}"
        return deny(f"{who} approved this already; it needs another person.")
    return can_see(user, candidate.legal_entity.code) and can_see(giver, candidate.legal_entity.code)


def seated(candidate: Candidate, persons: Iterable[User]) -> bool:
    """Whether one of these persons fills a seat for these figures, by themselves or through another."""
    given = Approval.objects.filter(
        candidate=candidate, content_hash=candidate.content_hash, verdict="approved", lapsed_at__isnull=True
    )
    ids = [person.pk for person in persons]
    return given.filter(Q(by__in=ids) | Q(delegation__giver__in=ids)).exists()


def can_delegate(user: User) -> Decision:
    """Whether the person may lend the right to approve: only one's own, never what was lent."""
    if not user.has_perm("billing.approve_candidate"):
        return deny("Only those who may approve can lend that right.")
    return ALLOW


def can_end_delegation(delegation: Delegation, user: User) -> Decision:
    """Whether the person may take it back before its last day: who lent it, and who holds it."""
    if delegation.ended_at is not None or delegation.ends_on < today():
        return deny("This delegation is over.")
    if user.pk not in {delegation.giver_id, delegation.taker_id}:
        return deny("Only who lent it and who holds it can end it.")
    return ALLOW


def can_return(candidate: Candidate, user: User) -> Decision:
    """Whether the person may send this candidate back."""
    if not user.has_perm("billing.approve_candidate"):
        return deny("Only finance approvers can return candidates.")
    if candidate.status not in {Candidate.Status.READY, Candidate.Status.APPROVED}:
        return deny(f"This candidate is {candidate.get_status_display().lower()}.")
    return can_see(user, candidate.legal_entity.code)


def can_post(candidate: Candidate, user: User) -> Decision:
    """Whether the person may send this candidate to the ERP."""
    if not user.has_perm("billing.post_candidate"):
        return deny("Only finance can post to the ERP.")
    if candidate.status == Candidate.Status.POSTED:
        return deny("This candidate is posted.")
    if candidate.status != Candidate.Status.APPROVED:
        return deny(f"This candidate is {candidate.get_status_display().lower()}; it must be approved first.")
    if credit := _credit_to_come(candidate):
        return deny(f"It charges anew what {credit} credits: post that credit memo first.")
    return can_see(user, candidate.legal_entity.code)


def _credit_to_come(candidate: Candidate) -> str:
    """The credit memo that has to be posted before an invoice that charges the same work anew; its number, or words."""
    if candidate.kind != Candidate.Kind.INVOICE:
        return ""
    events = Piece.objects.filter(candidate_line__candidate=candidate).values("event")
    open_credits = Piece.objects.filter(event__in=events, corrects__isnull=False, is_current=True)
    row = open_credits.exclude(state=Piece.State.POSTED).values_list("candidate_line__candidate__number").first()
    return "" if row is None else row[0] or "a credit memo to come"


def can_dissolve(candidate: Candidate, user: User) -> Decision:
    """Whether the person may take this candidate apart."""
    if not user.has_perm("billing.dissolve_candidate"):
        return deny("Only billing analysts and finance can dissolve candidates.")
    if candidate.status in {Candidate.Status.POSTING, Candidate.Status.POSTED, Candidate.Status.DISSOLVED}:
        return deny(f"This candidate is {candidate.get_status_display().lower()}.")
    return can_see(user, candidate.legal_entity.code)


def can_refresh(candidate: Candidate, user: User) -> Decision:
    """Whether the person may have tax quoted and checks run again."""
    if not user.has_perm("billing.start_billingrun"):
        return deny("Only billing analysts and finance can check candidates again.")
    if candidate.status in {Candidate.Status.POSTING, Candidate.Status.POSTED, Candidate.Status.DISSOLVED}:
        return deny(f"This candidate is {candidate.get_status_display().lower()}.")
    return can_see(user, candidate.legal_entity.code)


def can_waive(event: BillableEvent, user: User) -> Decision:
    """Whether the person may record that the client takes this work although it came too late."""
    if not user.has_perm("billing.approve_candidate"):
        return deny("Only finance can record a waiver.")
    if not event.pieces.filter(is_current=True, codes__contains=["TIME_BARRED"]).exists():
        return deny("This work is not too late for its client.")
    return can_see(user, event.legal_entity.code if event.legal_entity else "")


def can_propose_write_down(user: User, legal_entity: str) -> Decision:
    """Whether the person may propose to write work of this legal entity down, or postpone it."""
    if not user.has_perm("billing.propose_writedown"):
        return deny("Only delivery leads, PMO, billing analysts and finance can write work down or postpone it.")
    return can_see(user, legal_entity)


def knows_write_downs(legal_entity: str) -> Decision:
    """Whether the matrix in force names write-downs. One that is older than they are would pass them by its last rule,
    which was written for something else.
    """
    table = table_for(matrix.KIND.name, legal_entity)
    if table.names(matrix.WRITE_DOWN):
        return ALLOW
    return deny(
        f"The approval matrix in force ({table.name}, version {table.version}) says nothing of write-downs. Have a "
        f"version published with rules for act == '{matrix.WRITE_DOWN}'."
    )


def can_approve_write_down(row: WriteDown, user: User) -> Decision:
    """Whether the person may approve this proposal, or the reversal of what is in force: never their own work."""
    if not user.has_perm("billing.approve_writedown"):
        return deny("Only delivery leads, PMO and finance can approve write-downs.")
    if row.status not in {WriteDown.Status.PROPOSED, WriteDown.Status.REVERSING}:
        return deny(f"This {row.get_kind_display().lower()} is {row.get_status_display().lower()}.")
    if earlier := duties.write_down_conflict(row, user):
        return deny(f"{earlier.told(user)}, so someone else must approve it.")
    return can_see(user, row.legal_entity.code) and knows_write_downs(row.legal_entity.code)


def can_drop_write_down(row: WriteDown, user: User) -> Decision:
    """Whether the person may refuse this proposal, or withdraw it where it is theirs."""
    if row.status != WriteDown.Status.PROPOSED:
        return deny(f"This {row.get_kind_display().lower()} is {row.get_status_display().lower()}.")
    if row.proposed_by_id != user.pk and not user.has_perm("billing.approve_writedown"):
        return deny("Only who proposed it and those who may approve it can drop it.")
    return can_see(user, row.legal_entity.code)


def can_reverse_write_down(row: WriteDown, user: User) -> Decision:
    """Whether the person may propose that it is taken back."""
    if row.kind == WriteDown.Kind.POSTPONEMENT or row.status != WriteDown.Status.IN_FORCE:
        return deny(f"This {row.get_kind_display().lower()} is {row.get_status_display().lower()}.")
    return can_propose_write_down(user, row.legal_entity.code)


def can_refuse_reversal(row: WriteDown, user: User) -> Decision:
    """Whether the person may say that it stays written off."""
    if row.status != WriteDown.Status.REVERSING:
        return deny(f"This {row.get_kind_display().lower()} is {row.get_status_display().lower()}.")
    if row.reversal_by_id != user.pk and not user.has_perm("billing.approve_writedown"):
        return deny("Only who proposed the reversal and those who may approve it can drop it.")
    return can_see(user, row.legal_entity.code)


def can_bring_back(row: WriteDown, user: User) -> Decision:
    """Whether the person may fetch postponed work back."""
    if row.kind != WriteDown.Kind.POSTPONEMENT or row.status != WriteDown.Status.IN_FORCE:
        return deny(f"This {row.get_kind_display().lower()} is {row.get_status_display().lower()}.")
    return can_propose_write_down(user, row.legal_entity.code)


def can_top_up(line: ContractLine, user: User) -> Decision:
    """Whether the person may have more paid into this prepaid retainer."""
    if not user.has_perm("billing.start_billingrun"):
        return deny("Only billing analysts and finance can top up retainers.")
    if line.contract.status not in ("active", "suspended"):
        return deny(f"The contract is {line.contract.get_status_display().lower()}: nothing more is paid in.")
    if line.ends_on is not None and line.ends_on < today():
        return deny(f"The retainer ended on {line.ends_on}: agree on a later end first.")
    return can_see(user, line.contract.legal_entity.code)


NO_DEPOSIT = (Method.RETAINER_PREPAID, Method.INCLUDED)
"""Lines that bill no work a deposit could be taken off."""


FIXED_PRICE = (Method.MILESTONE, Method.PROGRESS)
"""Lines of a fixed price, of which a percentage may be billed ahead."""


def can_bill_deposit(contract: Contract, user: User) -> Decision:
    """Whether the person may ask for a deposit on this contract: others approve it."""
    if not user.has_perm("billing.bill_deposit"):
        return deny("Only billing analysts and finance can ask for a deposit.")
    if contract.status != Contract.Status.ACTIVE:
        return deny(f"This contract is {contract.get_status_display().lower()}: no work of it is to come.")
    return can_see(user, contract.legal_entity.code)


def can_give_deposit_back(account: DepositAccount, user: User) -> Decision:
    """Whether the person may ask for what is left of a deposit to be given back: others approve it."""
    if not user.has_perm("billing.bill_deposit"):
        return deny("Only billing analysts and finance can ask for a deposit to be given back.")
    if account.left <= 0:
        return deny("Nothing is left of this deposit.")
    return can_see(user, account.contract.legal_entity.code)


def can_take_deposit_off(candidate: Candidate, user: User) -> Decision:
    """Whether the person may say how much of a deposit is taken off on this invoice, before anybody approved it."""
    if not user.has_perm("billing.bill_deposit"):
        return deny("Only billing analysts and finance can change what is taken off.")
    if candidate.status not in {"needs_attention", "ready", "returned"}:
        return deny(f"This candidate is {candidate.get_status_display().lower()}.")
    return can_see(user, candidate.legal_entity.code)


def can_release_retention(account: RetentionAccount, user: User) -> Decision:
    """Whether the person may ask for the release of what a payer withholds: others approve it."""
    if not user.has_perm("billing.release_retention"):
        return deny("Only billing analysts and finance can ask for the release of retention.")
    if account.left <= 0:
        return deny("Nothing is left to release.")
    return can_see(user, account.contract.legal_entity.code)


def can_credit(invoice: Invoice, user: User) -> Decision:
    """Whether the person may ask for a credit over this invoice: others approve it."""
    if not user.has_perm("billing.credit_invoice"):
        return deny("Only billing analysts and finance can ask for credits.")
    if invoice.status in {Invoice.Status.CREDITED, Invoice.Status.WRITTEN_OFF}:
        return deny(f"This invoice is {invoice.get_status_display().lower()} in full.")
    return can_see(user, invoice.legal_entity.code)


def can_accept_change(change: LateChange, user: User) -> Decision:
    """Whether the person may let what the source states take the place of what is billed: never of their own work."""
    if not (open_to := _can_decide_change(change, user)):
        return open_to
    if user.email and user.email.lower() in duties.addresses_of(change):
        return deny("It is your own work, so someone else must accept the change.")
    return can_see(user, change.legal_entity.code if change.legal_entity else "")


def can_refuse_change(change: LateChange, user: User) -> Decision:
    """Whether the person may say that what is billed stands."""
    return _can_decide_change(change, user) and can_see(user, change.legal_entity.code if change.legal_entity else "")


def _can_decide_change(change: LateChange, user: User) -> Decision:
    if not user.has_perm("billing.decide_latechange"):
        return deny("Only billing analysts and finance can decide about changes of billed work.")
    if change.status != LateChange.Status.OPEN:
        return deny(f"This change is {change.get_status_display().lower()} already.")
    return ALLOW


def can_recognise(contract: Contract, user: User) -> Decision:
    """Whether the person may recognise the revenue of this contract's obligations."""
    if not user.has_perm("billing.recognise_revenue"):
        return deny("Only finance can recognise revenue.")
    return can_see(user, contract.legal_entity.code)


def may_post_revenue(user: User) -> Decision:
    """Whether the person may post recognised revenue of any legal entity."""
    return ALLOW if user.has_perm("billing.post_revenue") else deny("Only finance can post revenue.")


def can_post_revenue(user: User, legal_entity: str) -> Decision:
    """Whether the person may post the revenue of a legal entity; months they recognised are left for others."""
    return may_post_revenue(user) and can_see(user, legal_entity)


def can_restart_activation(contract: Contract, user: User) -> Decision:
    """Whether the person may start the activation of a contract again: only after one that was undone."""
    if not user.has_perm("hub_cases.handle_case"):
        return deny("Your role does not handle exceptions.")
    last = _last("contract.activation", contract.number)
    if last is None or last.state != Process.State.UNDONE:
        stands = f"is {last.get_state_display().lower()}" if last else "has not been started"
        return deny(f"Only an activation that was undone can be started again; this one {stands}.")
    if contract.status != Contract.Status.SIGNED:
        return deny(f"This contract is {contract.get_status_display().lower()}.")
    return can_see(user, contract.legal_entity.code)


def can_carry_again(amendment: Amendment, user: User) -> Decision:
    """Whether the person may carry an amendment to the other systems again: only after it did not arrive."""
    if not user.has_perm("hub_cases.handle_case"):
        return deny("Your role does not handle exceptions.")
    last = _last("contract.amendment", f"{amendment.contract.number}/{amendment.number}")
    if amendment.propagated_at or last is None or last.state != Process.State.UNDONE:
        return deny("Only an amendment that did not reach every system can be carried again.")
    return can_see(user, amendment.contract.legal_entity.code)


def _last(definition: str, key: str) -> Process | None:
    return Process.objects.filter(definition=definition, business_key=key).order_by("-attempt").first()
