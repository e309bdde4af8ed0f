"""The rules of billing and reconciliation."""

from decimal import Decimal

from billing import policies
from billing.models import BillingRun, Candidate, DepositAccount, Hold, Invoice, RetentionAccount
from contracts import policies as rates
from contracts.models import Amendment, Contract, LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from integration_hub.processes.models import Process
from reconciliation import policies as tieouts
from tests.integration.policies.matrix import ALL, HERE, Row

FINANCE, ANALYST, PMO, LEAD = Role.FINANCE, Role.BILLING_ANALYST, Role.PMO, Role.DELIVERY_LEAD
OUTSIDE = "Legal entity US01 is outside your scope."
HANDLERS = ALL - {Role.AUDITOR}
NO_HANDLER = "Your role does not handle exceptions."
STATES = {
    "building": "building",
    "needs_attention": "needs attention",
    "ready": "ready to approve",
    "returned": "returned",
    "approved": "approved",
    "posting": "posting",
    "posted": "posted",
    "rejected": "rejected by the erp",
    "dissolved": "dissolved",
}


def entity() -> LegalEntity:
    return LegalEntity(code=HERE)


def candidate(status: str, **more: object) -> Candidate:
    known: dict[str, object] = {"prepared_by_id": 0, "codes": ["PO_MISSING", "TAX_MISSING"], **more}
    contract = Contract(pk=1, legal_entity=entity())
    return Candidate(pk=1, status=status, legal_entity=entity(), contract=contract, content_hash="h", **known)


def stands(*allowed: str, **instead: str) -> dict[str, str]:
    """Refused as `This candidate is …` in every state but these; some say something else instead."""
    refused = {status: f"This candidate is {words}." for status, words in STATES.items()}
    return {**refused, **dict.fromkeys(allowed, ""), **instead}


def hold(status: str, **more: object) -> Hold:
    return Hold(status=status, legal_entity=entity(), **{"code": "CLIENT_QUERY", **more})


def withheld(amount: str) -> RetentionAccount:
    return RetentionAccount(contract=Contract(number="C-1", legal_entity=entity()), withheld=Decimal(amount))


def ahead(amount: str) -> DepositAccount:
    return DepositAccount(contract=Contract(number="C-1", legal_entity=entity()), billed=Decimal(amount))


def ask_release(user: User, state: str) -> Decision:
    kinds = {
        "own": hold("open", placed_by_user_id=user.pk),
        "of the system": hold("open", code="AMENDMENT_PROPAGATING"),
        "of another": hold("open", placed_by_user_id=99),
    }
    return policies.can_release_hold(kinds.get(state) or hold(state), user)


def undone(definition: str, key: str, state: str) -> None:
    """The latest attempt of a saga stands so."""
    Process.objects.filter(business_key=key).delete()
    finished = now() if state in {"done", "undone"} else None
    if state != "never":
        Process.objects.create(
            definition=definition, business_key=key, state=state, finished_at=finished, legal_entity=HERE
        )


def ask_restart(user: User, state: tuple[str, str]) -> Decision:
    attempt, status = state
    undone("contract.activation", "C-1", attempt)
    return policies.can_restart_activation(Contract(number="C-1", status=status, legal_entity=entity()), user)


def only_undone(stands: str) -> str:
    return f"Only an activation that was undone can be started again; this one {stands}."


def ask_carry(user: User, state: tuple[str, bool]) -> Decision:
    attempt, arrived = state
    undone("contract.amendment", "C-1/1", attempt)
    contract = Contract(number="C-1", legal_entity=entity())
    return policies.can_carry_again(
        Amendment(number="1", contract=contract, propagated_at=now() if arrived else None), user
    )


NOT_CARRIED = "Only an amendment that did not reach every system can be carried again."

ROWS = (
    Row(
        rule=policies.can_see,
        ask=lambda by, code: policies.can_see(by, code),
        may=ALL,
        states={HERE: ""},
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_place_hold,
        ask=lambda by, code: policies.can_place_hold(by, HERE, code),
        may=frozenset({FINANCE, ANALYST, PMO, LEAD}),
        others="Only finance, PMO and delivery leads can place holds.",
        states={
            "": "",
            "CLIENT_QUERY": "",
            "AMENDMENT_PROPAGATING": "Only the system places this hold, and only it releases it.",
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_release_hold,
        ask=ask_release,
        may=frozenset({FINANCE, PMO}),
        others="Only finance and PMO can release holds.",
        states={
            "open": "",
            "of another": "",
            "own": "You placed this hold, so someone else must release it.",
            "of the system": "This hold releases itself when the amendment has reached every system.",
            "released": "This hold is already released.",
            "expired": "This hold is already expired.",
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_start_run,
        ask=lambda by, _: policies.can_start_run(by, HERE),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can start billing runs.",
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_approve,
        ask=lambda by, state: policies.can_approve(
            candidate("ready" if state == "own" else state, prepared_by_id=by.pk if state == "own" else 0), by
        ),
        may=frozenset({FINANCE}),
        others="Only finance approvers can approve candidates.",
        states=stands(
            "ready",
            needs_attention="Not ready. The client will refuse it: no PO; The tax engine is silent.",
            own="You prepared this candidate, so someone else must approve it.",
        ),
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_return,
        ask=lambda by, status: policies.can_return(candidate(status), by),
        may=frozenset({FINANCE}),
        others="Only finance approvers can return candidates.",
        states=stands("ready", "approved"),
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_post,
        ask=lambda by, status: policies.can_post(candidate(status), by),
        may=frozenset({FINANCE}),
        others="Only finance can post to the ERP.",
        states={
            **{status: f"This candidate is {words}; it must be approved first." for status, words in STATES.items()},
            "posted": "This candidate is posted.",
            "approved": "",
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_dissolve,
        ask=lambda by, status: policies.can_dissolve(candidate(status), by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can dissolve candidates.",
        states=stands("building", "needs_attention", "ready", "returned", "approved", "rejected"),
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_refresh,
        ask=lambda by, status: policies.can_refresh(candidate(status), by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can check candidates again.",
        states=stands("building", "needs_attention", "ready", "returned", "approved", "rejected"),
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_stop_run,
        ask=lambda by, stands: policies.can_stop_run(
            BillingRun(state=stands[0], stop_asked_by=stands[1], legal_entity=entity()), by
        ),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can start billing runs.",
        states={
            ("running", ""): "",
            ("running", "Dana"): "Dana stopped it; it ends after the contract it is at.",
            ("done", ""): "This run is done.",
            ("failed", ""): "This run is failed.",
        },
        outside=OUTSIDE,
        order=("state", "role", "place"),
    ),
    Row(
        rule=policies.can_credit,
        ask=lambda by, status: policies.can_credit(Invoice(status=status, legal_entity=entity()), by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can ask for credits.",
        states={
            "posted": "",
            "part_paid": "",
            "paid": "",
            "credited": "This invoice is credited in full.",
            "written_off": "This invoice is written off in full.",
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_bill_deposit,
        ask=lambda by, status: policies.can_bill_deposit(Contract(status=status, legal_entity=entity()), by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can ask for a deposit.",
        states={"active": "", "terminated": "This contract is terminated: no work of it is to come."},
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_give_deposit_back,
        ask=lambda by, left: policies.can_give_deposit_back(ahead(left), by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can ask for a deposit to be given back.",
        states={"100": "", "0": "Nothing is left of this deposit."},
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_take_deposit_off,
        ask=lambda by, status: policies.can_take_deposit_off(candidate(status), by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can change what is taken off.",
        states=stands("needs_attention", "ready", "returned"),
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_release_retention,
        ask=lambda by, left: policies.can_release_retention(withheld(left), by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only billing analysts and finance can ask for the release of retention.",
        states={"100": "", "0": "Nothing is left to release."},
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_recognise,
        ask=lambda by, _: policies.can_recognise(Contract(number="C-1", legal_entity=entity()), by),
        may=frozenset({FINANCE}),
        others="Only finance can recognise revenue.",
        outside=OUTSIDE,
    ),
    Row(
        rule=rates.can_enter_rates,
        ask=lambda by, _: rates.can_enter_rates(by),
        may=frozenset({FINANCE}),
        others="Only finance can enter exchange rates.",
        states={None: "Exchange rates hold for every legal entity; ask somebody who sees them all."},
    ),
    Row(
        rule=policies.can_restart_activation,
        ask=ask_restart,
        may=HANDLERS,
        others=NO_HANDLER,
        states={
            ("undone", "signed"): "",
            ("undone", "active"): "This contract is active.",
            ("never", "signed"): only_undone("has not been started"),
            ("running", "signed"): only_undone("is running"),
            ("waiting", "signed"): only_undone("is waiting for a person"),
            ("done", "active"): only_undone("is done"),
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=policies.can_carry_again,
        ask=ask_carry,
        may=HANDLERS,
        others=NO_HANDLER,
        states={
            ("undone", False): "",
            ("undone", True): NOT_CARRIED,
            ("never", False): NOT_CARRIED,
            ("running", False): NOT_CARRIED,
            ("done", True): NOT_CARRIED,
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=tieouts.can_run,
        ask=lambda by, _: tieouts.can_run(by),
        may=frozenset({FINANCE, ANALYST}),
        others="Only finance and billing analysts can run a tie-out.",
        system=True,
    ),
)
