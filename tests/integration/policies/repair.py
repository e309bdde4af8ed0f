"""The rules of corrections, replays and overtaking: who makes them, and who else must agree."""

from decimal import Decimal

from integration_hub.effects import policies as effects
from integration_hub.effects.models import Correction, Effect
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from integration_hub.replay import policies as replay
from integration_hub.replay.models import Plan
from integration_hub.work import policies as work
from integration_hub.work.models import Lane, Overtaking
from integration_hub.work.queries import Overtakers
from tests.integration.policies.matrix import ALL, HERE, Row

FINANCE, ANALYST, ADMIN = Role.FINANCE, Role.BILLING_ANALYST, Role.INTEGRATION_ADMIN
OTHER_EFFECT = "This effect belongs to a legal entity you do not work for."
OTHER_PLAN = "This plan holds items of a legal entity you do not work for."
NO_APPROVER = "Your role does not approve replays."
STATES = {
    "forecasting": "being forecast",
    "ready": "waits for approval",
    "running": "running",
    "paused": "paused",
    "done": "done",
    "cancelled": "cancelled",
}
OWN = 1
"""Key of the person who is asked about; 0 is somebody else."""


def effect(state: str = "rejected", **more: object) -> Effect:
    return Effect(state=state, legal_entity=HERE, **more)


def correction(state: str, author: int = 0) -> Correction:
    return Correction(state=state, proposed_by_id=author)


def overtaking(state: str, author: int = 0) -> Overtaking:
    return Overtaking(state=state, proposed_by_id=author, lane=Lane(key="L", legal_entity=HERE))


def behind(usd: str) -> Overtakers:
    return Overtakers([], 1, {"USD": Decimal(usd)} if usd else {}, 1, "x")


def ask_correct(by: User, state: str) -> Decision:
    if state == "a reversal":
        return effects.can_correct(effect(reverses_id=1), by)
    return effects.can_correct(effect(state), by)


def plan(state: str, *, kind: str = "effect", author: int = 0, **more: object) -> Plan:
    return Plan(kind=kind, state=state, planned_by_id=author, legal_entities=[HERE], **more)


def only(allowed: str, sentence: str) -> dict[str, str]:
    """Refused with the sentence in every state but one."""
    return {state: "" if state == allowed else sentence.format(words) for state, words in STATES.items()}


def ask_approve(by: User, state: str) -> Decision:
    if state == "own":
        return replay.can_approve(plan("ready", author=OWN, four_eyes="more than 100 items"), by)
    if state == "own and small":
        return replay.can_approve(plan("ready", author=OWN), by)
    return replay.can_approve(plan(state, four_eyes="more than 100 items"), by)


def ask_forecast(by: User, state: tuple[str, str]) -> Decision:
    return replay.can_forecast(plan(state[0], failure=state[1]), by)


CORRECTIONS = (
    Row(
        rule=effects.can_correct,
        ask=ask_correct,
        may=frozenset({FINANCE, ANALYST}),
        others="Your role does not correct effects.",
        states={
            "rejected": "",
            "a reversal": "A reversal says what it reverses; it is not corrected by itself.",
            "planned": "Only what was refused can be corrected: this effect is planned.",
            "confirmed": "Only what was refused can be corrected: this effect is confirmed.",
        },
        outside=OTHER_EFFECT,
        order=("state", "place", "role"),
    ),
    Row(
        rule=effects.can_approve_correction,
        ask=lambda by, state: effects.can_approve_correction(correction(*state), effect(), by),
        may=frozenset({FINANCE}),
        others="Your role does not approve corrections.",
        states={
            ("proposed", 0): "",
            ("proposed", OWN): "You made this correction, so someone else must decide on it.",
            ("applied", 0): "This correction is applied already.",
            ("declined", 0): "This correction is declined already.",
            ("withdrawn", 0): "This correction is withdrawn already.",
        },
        outside=OTHER_EFFECT,
        order=("state", "place", "role"),
    ),
    Row(
        rule=effects.can_withdraw_correction,
        ask=lambda by, state: effects.can_withdraw_correction(correction(*state), by),
        may=ALL,
        states={
            ("proposed", OWN): "",
            ("proposed", 0): "Only its author can withdraw a correction.",
            ("applied", OWN): "This correction is applied already.",
        },
    ),
)

APPROVERS = frozenset({FINANCE, ADMIN})
STEERED = {"may": APPROVERS, "others": NO_APPROVER, "outside": OTHER_PLAN, "order": ("state", "place", "role")}

REPLAYS = (
    Row(
        rule=replay.can_plan,
        ask=lambda by, kind: replay.can_plan(kind, by),
        may=frozenset({FINANCE, ANALYST, ADMIN}),
        others="Your role does not plan replays.",
        states={
            "effect": "",
            "source": "Source records belong to no legal entity: only people who see all of them can replay them.",
        },
    ),
    Row(
        rule=replay.can_forecast,
        ask=ask_forecast,
        may=frozenset({FINANCE, ANALYST, ADMIN}),
        others="Your role does not plan replays.",
        states={
            ("ready", ""): "",
            ("forecasting", "It broke"): "",
            ("forecasting", ""): "This plan is being forecast: it is not forecast again.",
            ("running", ""): "This plan is running: it is not forecast again.",
            ("done", ""): "This plan is done: it is not forecast again.",
        },
        order=("state", "role"),
    ),
    Row(
        rule=replay.can_approve,
        ask=ask_approve,
        states={**only("ready", "This plan is {}: there is nothing to approve."), "own and small": ""},
        **STEERED,
    ),
    Row(
        rule=replay.can_approve,
        ask=ask_approve,
        states={"own": "You planned it, so someone else must approve it: more than 100 items"},
        **{**STEERED, "order": ("place", "role", "state")},
    ),
    Row(
        rule=replay.can_pause,
        ask=lambda by, state: replay.can_pause(plan(state), by),
        states=only("running", "This plan does not run: it is {}."),
        **STEERED,
    ),
    Row(
        rule=replay.can_resume,
        ask=lambda by, state: replay.can_resume(plan(state), by),
        states=only("paused", "This plan is not paused: it is {}."),
        **STEERED,
    ),
    Row(
        rule=replay.can_cancel,
        ask=lambda by, state: replay.can_cancel(plan(state), by),
        states={
            **dict.fromkeys(STATES, ""),
            "done": "This plan is done: there is nothing to cancel.",
            "cancelled": "This plan is cancelled: there is nothing to cancel.",
        },
        **STEERED,
    ),
)

OVERTAKINGS = (
    Row(
        rule=work.can_overtake_alone,
        ask=lambda by, state: work.can_overtake_alone(Lane(stage=state[0]), behind(state[1]), by),
        may=ALL,
        states={
            ("ingest", ""): "",
            ("ingest", "0.01"): "A second person has to agree. 0.01 USD is more than one person may decide alone (0).",
            ("post", ""): "A second person has to agree. What this lane does is posted to another system: its order is"
            " not changed by one person.",
        },
    ),
    Row(
        rule=work.can_approve_overtaking,
        ask=lambda by, state: work.can_approve_overtaking(overtaking(*state), by),
        may=APPROVERS,
        others="Your role does not approve that items overtake.",
        states={
            ("proposed", 0): "",
            ("proposed", OWN): "You made this proposal, so someone else must decide on it.",
            ("applied", 0): "This proposal is applied already.",
            ("lapsed", 0): "This proposal is lapsed already.",
        },
        outside="This lane belongs to a legal entity you do not work for.",
        order=("state", "place", "role"),
    ),
    Row(
        rule=work.can_withdraw_overtaking,
        ask=lambda by, state: work.can_withdraw_overtaking(overtaking(*state), by),
        may=ALL,
        states={
            ("proposed", OWN): "",
            ("proposed", 0): "Only its author can withdraw a proposal.",
            ("lapsed", OWN): "This proposal is lapsed already.",
        },
    ),
)

ROWS = (*CORRECTIONS, *REPLAYS, *OVERTAKINGS)
