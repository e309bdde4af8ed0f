"""The rules of costs, of lent rights, and of the tables that decide."""

from datetime import timedelta

from billing import policies as billing
from billing.models import LATE_CHANGE_MOVES, BillableEvent, Delegation, LateChange, Piece
from billing.models import Decision as Decided
from contracts import policies as contracts
from contracts.models import Contract, ContractLine, CostRate, LegalEntity
from costs import policies as costs
from costs.models import Purchase
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from integration_hub.rules import policies as rules
from integration_hub.rules.models import DecisionTable, DraftRun
from tests.integration.policies.matrix import ALL, HERE, Row

FINANCE = frozenset({Role.FINANCE})
WRITERS = frozenset({Role.INTEGRATION_ADMIN})
PUBLISHERS = FINANCE | WRITERS
AWAY = "You do not work for US01."
OUTSIDE = "Legal entity US01 is outside your scope."
NO_WRITER = "Only integration administrators can write decision tables."
NO_TRIAL = "Only people who may write or publish decision tables can do this."
NO_PUBLISHER = "Only people who may publish decision tables can do this."
LAST = today()
STATE_FIRST = ("state", "role", "place")


def ask_withdraw(by: User, state: str) -> Decision:
    rate = CostRate(legal_entity=LegalEntity(code=HERE), withdrawn_at=now() if state == "withdrawn" else None)
    return contracts.can_withdraw_cost_rate(rate, by, " " if state == "without a reason" else "Wrong person")


def ask_purchase(by: User, state: str) -> Decision:
    bought = Purchase(legal_entity=LegalEntity(code=HERE), is_deleted=state == "deleted")
    handling = "undecided" if state == "without a handling" else "recharge"
    return costs.can_decide(bought, by, handling, " " if state == "without a reason" else "agreed")


def ask_end(by: User, state: str) -> Decision:
    last = today() + timedelta(days=-1 if state == "past" else 1)
    lent = Delegation(giver_id=by.pk if state == "lent by me" else 98, taker_id=by.pk if state == "lent to me" else 99,
                      ends_on=last, ended_at=now() if state == "ended" else None)  # fmt: skip
    return billing.can_end_delegation(lent, by)


def ask_waive(by: User, state: str) -> Decision:
    found, made = BillableEvent.objects.get_or_create(
        work_key=state, version=1, kind="fee", amount=1, currency="USD", service_date=today(), approval="approved"
    )
    if made:
        decided = Decided.objects.create(event=found, rules="1", content_hash="h", caused_by="test")
        code = "TIME_BARRED" if state == "late" else "RATE_MISSING"
        Piece.objects.create(decision=decided, event=found, number=1, state="blocked", codes=[code])
    found.legal_entity = LegalEntity(code=HERE)
    return billing.can_waive(found, by)


def changed(state: str) -> LateChange:
    stated = {"resource_id": None}
    return LateChange(status=state, legal_entity=LegalEntity(code=HERE), event=BillableEvent(), stated=stated)


def ask_top_up(by: User, state: str) -> Decision:
    status, days = {"over": ("active", -1), "to its end": ("active", 0)}.get(state, (state, 1))
    contract = Contract(status=status, legal_entity=LegalEntity(code=HERE))
    return billing.can_top_up(ContractLine(contract=contract, ends_on=LAST + timedelta(days=days)), by)


def table(status: str, *, author: int = 99) -> DecisionTable:
    return DecisionTable(status=status, legal_entity=HERE, author_id=author)


def ask_stop(by: User, state: str) -> Decision:
    asked = "ann" if state == "asked" else ""
    now_at = "running" if state == "asked" else state
    return rules.can_stop_run(DraftRun(table=table("draft"), legal_entity=HERE, state=now_at, stop_asked_by=asked), by)


ROWS = (
    Row(
        rule=contracts.can_enter_cost_rates,
        ask=lambda by, _: contracts.can_enter_cost_rates(by, HERE),
        may=FINANCE,
        others="Only finance can enter cost rates.",
        outside=AWAY,
    ),
    Row(
        rule=contracts.can_enter_standard_prices,
        ask=lambda by, _: contracts.can_enter_standard_prices(by, HERE),
        may=FINANCE,
        others="Only finance can enter standard prices.",
        outside=AWAY,
    ),
    Row(
        rule=contracts.can_withdraw_cost_rate,
        ask=ask_withdraw,
        may=FINANCE,
        others="Only finance can enter cost rates.",
        states={
            "in force": "",
            "withdrawn": "This cost rate was withdrawn already.",
            "without a reason": "Say why: the reason is kept in the trail.",
        },
        outside=AWAY,
        order=STATE_FIRST,
    ),
    Row(
        rule=costs.can_post,
        ask=lambda by, _: costs.can_post(by, HERE),
        may=FINANCE,
        others="Only finance can post costs.",
        outside=AWAY,
    ),
    Row(
        rule=billing.can_post_revenue,
        ask=lambda by, _: billing.can_post_revenue(by, HERE),
        may=FINANCE,
        others="Only finance can post revenue.",
        outside=OUTSIDE,
    ),
    Row(
        rule=costs.can_decide,
        ask=ask_purchase,
        may=FINANCE | {Role.BILLING_ANALYST},
        others="Only finance and billing can decide what becomes of purchases.",
        states={
            "undecided": "",
            "deleted": "Its source has deleted this purchase.",
            "without a handling": "Say what becomes of it: charged on, paid for hours, or borne by us.",
            "without a reason": "Say why: the reason is kept in the trail.",
        },
        outside=AWAY,
    ),
    Row(
        rule=billing.can_waive,
        ask=ask_waive,
        may=FINANCE,
        others="Only finance can record a waiver.",
        states={"late": "", "in time": "This work is not too late for its client."},
        outside=OUTSIDE,
    ),
    *(
        Row(
            rule=rule,
            ask=lambda by, state, rule=rule: rule(changed(state), by),
            may=FINANCE | {Role.BILLING_ANALYST},
            others="Only billing analysts and finance can decide about changes of billed work.",
            states={
                "open": "",
                **{state: f"This change is {state} already." for state in LATE_CHANGE_MOVES.moves if state != "open"},
            },
            outside=OUTSIDE,
        )
        for rule in (billing.can_accept_change, billing.can_refuse_change)
    ),
    Row(
        rule=billing.can_top_up,
        ask=ask_top_up,
        may=FINANCE | {Role.BILLING_ANALYST},
        others="Only billing analysts and finance can top up retainers.",
        states={
            "active": "",
            "suspended": "",
            "to its end": "",
            "over": f"The retainer ended on {LAST - timedelta(days=1)}: agree on a later end first.",
            "signed": "The contract is signed, activating: nothing more is paid in.",
        },
        outside=OUTSIDE,
    ),
    Row(
        rule=billing.can_delegate,
        ask=lambda by, _: billing.can_delegate(by),
        may=FINANCE,
        others="Only those who may approve can lend that right.",
    ),
    Row(
        rule=billing.can_end_delegation,
        ask=ask_end,
        may=ALL,
        states={
            "lent by me": "",
            "lent to me": "",
            "of others": "Only who lent it and who holds it can end it.",
            "past": "This delegation is over.",
            "ended": "This delegation is over.",
        },
    ),
    Row(
        rule=rules.can_draft,
        ask=lambda by, _: rules.can_draft(by, HERE),
        may=WRITERS,
        others=NO_WRITER,
        outside=OUTSIDE,
    ),
    Row(
        rule=rules.can_draft,
        ask=lambda by, _: rules.can_draft(by, ""),
        may=WRITERS,
        others=NO_WRITER,
        states={"for all": "It decides for every legal entity; ask somebody who sees them all."},
    ),
    Row(
        rule=rules.can_run_draft,
        ask=lambda by, status: rules.can_run_draft(table(status), by, HERE),
        may=PUBLISHERS,
        others=NO_TRIAL,
        states={
            "draft": "",
            "checked": "",
            "published": "This version is in force: only drafts are tried.",
            "superseded": "This version is superseded: only drafts are tried.",
        },
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=rules.can_run_draft,
        ask=lambda by, _: rules.can_run_draft(DecisionTable(status="draft", legal_entity="XX99"), by, HERE),
        may=PUBLISHERS,
        others=NO_TRIAL,
        states={"of another": "This version decides for XX99 alone."},
        order=("role", "state", "place"),
    ),
    Row(
        rule=rules.can_stop_run,
        ask=ask_stop,
        may=PUBLISHERS,
        others=NO_TRIAL,
        states={
            "running": "",
            "asked": "ann stopped it; it ends after what it is at.",
            "done": "This draft run is done.",
        },
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=rules.can_edit,
        ask=lambda by, status: rules.can_edit(table(status), by),
        may=WRITERS,
        others=NO_WRITER,
        states={
            "draft": "",
            "checked": "",
            "published": "This version is in force. Make a new draft from it and edit that.",
            "superseded": "This version is superseded. Make a new draft from it and edit that.",
        },
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=rules.can_check,
        ask=lambda by, status: rules.can_check(table(status), by),
        may=PUBLISHERS,
        others=NO_PUBLISHER,
        states={
            "draft": "",
            "checked": "This version is checked.",
            "published": "This version is in force.",
            "superseded": "This version is superseded.",
        },
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=rules.can_publish,
        ask=lambda by, status: rules.can_publish(table(status), by),
        may=PUBLISHERS,
        others=NO_PUBLISHER,
        states={
            "draft": "It has to be checked first.",
            "checked": "",
            "published": "This version is in force already.",
            "superseded": "This version is superseded already.",
        },
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
    Row(
        rule=rules.can_publish,
        ask=lambda by, _: rules.can_publish(table("checked", author=by.pk), by),
        may=PUBLISHERS,
        others=NO_PUBLISHER,
        states={"own": "You wrote this version, so someone else must publish it."},
        outside=OUTSIDE,
        order=("role", "place", "state"),
    ),
    Row(
        rule=rules.can_roll_back,
        ask=lambda by, status: rules.can_roll_back(table(status), by),
        may=PUBLISHERS,
        others=NO_PUBLISHER,
        states={
            "superseded": "",
            "published": "Only a version that was in force before can be put back.",
            "draft": "Only a version that was in force before can be put back.",
        },
        outside=OUTSIDE,
        order=STATE_FIRST,
    ),
)
