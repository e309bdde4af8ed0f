"""The rules of the integration hub."""

from collections.abc import Callable

from integration_hub.api import policies as tokens
from integration_hub.clocks import policies as clocks
from integration_hub.connectors import policies as connectors
from integration_hub.connectors.models import Connection
from integration_hub.effects import policies as effects
from integration_hub.effects.models import Effect
from integration_hub.intake import policies as intake
from integration_hub.intake.models import Feed, FileDrop, Run, SourceVersion
from integration_hub.kernel.decision import Decision
from integration_hub.mapping import policies as mapping
from integration_hub.mapping.models import Mapping
from integration_hub.people.models import Role, User
from integration_hub.processes import policies as processes
from integration_hub.processes.models import Process
from integration_hub.trail.record import Actor
from integration_hub.work import policies as work
from integration_hub.work.models import Item, Lane
from tests.integration.policies.matrix import ALL, HERE, Row, person

Rule = Callable[..., Decision]
ADMIN = frozenset({Role.INTEGRATION_ADMIN})
HANDLERS = ALL - {Role.AUDITOR}
SENDERS = frozenset({Role.FINANCE, Role.BILLING_ANALYST, Role.INTEGRATION_ADMIN})


def effect(state: str) -> Effect:
    return Effect(state=state, legal_entity=HERE)


def ask_effect(rule: Rule, by: Actor, state: tuple[str, str]) -> Decision:
    return rule(effect(state[0]), by, state[1])


def ask_token(rule: Rule, by: Actor, whose: str) -> Decision:
    own = isinstance(by, User) and whose == "own"
    return rule(by, by if own else person(Role.FINANCE, pk=99))


RUNS, PAUSED = "runs", "paused"
ERP = {
    RUNS: Connection(code="erp", name="ERP"),
    PAUSED: Connection(code="erp", name="ERP", is_paused=True, paused_reason="Migration"),
}
ERP_PAUSED = "The connection erp is paused: Migration"
WAITS_NOT = "This item does not wait: it is {}."
EFFECTS = {
    "may": SENDERS,
    "others": "Your role does not steer effects.",
    "outside": "This effect belongs to a legal entity you do not work for.",
    "order": ("state", "place", "role"),
    "system": True,
}
PROCESSES = {
    "may": ADMIN,
    "others": "Your role does not steer processes.",
    "outside": "This process belongs to a legal entity you do not work for.",
    "order": ("state", "place", "role"),
    "system": True,
}
WORK = {
    "may": ADMIN,
    "others": "Only people who look after the integrations can steer work.",
    "order": ("state", "role"),
    "system": True,
}
ADMINS = {"may": ADMIN, "order": ("state", "role"), "system": True}


def nothing_to_try(words: str) -> str:
    return f"This effect is {words}: there is nothing to try again."


def no_longer(words: str) -> str:
    return f"This effect is {words}: it can no longer be withdrawn."


def not_unknown(words: str) -> str:
    return f"The outcome is not unknown: this effect is {words}."


def mapping_in(status: str, author: int = 0) -> Mapping:
    return Mapping(connection="psa", entity="task", version=3, status=status, author_id=author)


def changed_only_as_draft(words: str) -> str:
    return f"psa task v3 is {words}. Make a new draft from it and edit that."


def ask_publish(by: Actor, state: str) -> Decision:
    author = by.pk if isinstance(by, User) and state == "own" else 0
    return mapping.can_publish(mapping_in("draft" if state == "own" else state, author), by)


EFFECT_ROWS = (
    Row(
        rule=effects.can_retry,
        ask=lambda by, state: effects.can_retry(effect(state), by),
        states={
            **dict.fromkeys(("planned", "sending", "unknown", "sent", "rejected", "waiting"), ""),
            "confirmed": nothing_to_try("confirmed"),
            "cancelled": nothing_to_try("cancelled before sending"),
            "conflict": "The same key came with other content. Withdraw it or plan a new revision.",
        },
        **EFFECTS,
    ),
    Row(
        rule=effects.can_look,
        ask=lambda by, state: effects.can_look(effect(state), by),
        states={
            "confirmed": "",
            "planned": "Only what is confirmed is there to be read: this effect is planned.",
            "unknown": "Only what is confirmed is there to be read: this effect is outcome unknown.",
        },
        **EFFECTS,
    ),
    Row(
        rule=effects.can_cancel,
        ask=lambda by, state: ask_effect(effects.can_cancel, by, state),
        states={
            **{(state, "Wrong"): "" for state in ("planned", "rejected", "waiting", "conflict")},
            ("planned", " "): "Say why it is withdrawn.",
            ("sending", "Wrong"): no_longer("sending"),
            ("unknown", "Wrong"): no_longer("outcome unknown"),
            ("sent", "Wrong"): no_longer("accepted, not yet confirmed"),
            ("confirmed", "Wrong"): no_longer("confirmed"),
            ("cancelled", "Wrong"): no_longer("cancelled before sending"),
        },
        **EFFECTS,
    ),
    Row(
        rule=effects.can_declare,
        ask=lambda by, state: ask_effect(effects.can_declare, by, state),
        states={
            ("unknown", "Not there"): "",
            ("unknown", " "): "Say what you found in the target.",
            ("planned", "x"): not_unknown("planned"),
            ("sending", "x"): not_unknown("sending"),
            ("sent", "x"): not_unknown("accepted, not yet confirmed"),
            ("confirmed", "x"): not_unknown("confirmed"),
            ("rejected", "x"): not_unknown("rejected"),
            ("waiting", "x"): not_unknown("waits for its window"),
            ("conflict", "x"): not_unknown("same key, other content"),
            ("cancelled", "x"): not_unknown("cancelled before sending"),
        },
        **EFFECTS,
    ),
)

WINDOW_ROWS = (
    Row(
        rule=effects.can_move_on,
        ask=lambda by, state: ask_effect(effects.can_move_on, by, state),
        states={
            ("waiting", "March is closed"): "",
            ("waiting", " "): "Say why it goes into the next period.",
            ("planned", "x"): "This effect does not wait for a window: it is planned.",
            ("confirmed", "x"): "This effect does not wait for a window: it is confirmed.",
        },
        **EFFECTS,
    ),
)

PROCESS_ROWS = (
    Row(
        rule=processes.can_resume,
        ask=lambda by, state: processes.can_resume(Process(state=state, legal_entity=HERE), by),
        states={
            "waiting": "",
            "compensating": "",
            "running": "This process does not wait for anybody: it is running.",
            "done": "This process does not wait for anybody: it is done.",
            "undone": "This process does not wait for anybody: it is undone.",
        },
        **PROCESSES,
    ),
    Row(
        rule=processes.can_give_up,
        ask=lambda by, state: processes.can_give_up(Process(state=state[0], legal_entity=HERE), by, state[1]),
        states={
            ("waiting", "Client left"): "",
            ("waiting", " "): "Say why it is given up.",
            ("compensating", "x"): "This process does not wait for a person: it is undoing.",
            ("running", "x"): "This process does not wait for a person: it is running.",
            ("done", "x"): "This process does not wait for a person: it is done.",
            ("undone", "x"): "This process does not wait for a person: it is undone.",
        },
        **PROCESSES,
    ),
)

WORK_ROWS = (
    Row(
        rule=work.can_retry,
        ask=lambda by, state: work.can_retry(Item(state=state), by),
        states={
            "parked": "",
            "ready": "This item is not parked: it is waiting.",
            "done": "This item is not parked: it is done.",
        },
        **WORK,
    ),
    Row(
        rule=work.can_park,
        ask=lambda by, state: work.can_park(Item(state=state[0]), by, state[1]),
        states={
            ("ready", "Wrong file"): "",
            ("ready", " "): "Say why the item is set aside.",
            ("parked", "x"): WAITS_NOT.format("parked"),
            ("done", "x"): WAITS_NOT.format("done"),
        },
        **WORK,
    ),
    Row(
        rule=work.can_unblock,
        ask=lambda by, blocked: work.can_unblock(Lane(blocked=blocked), by),
        states={True: "", False: "This lane is not blocked."},
        **WORK,
    ),
)

CLOCK_ROWS = (
    Row(
        rule=clocks.can_set_target,
        ask=lambda by, legal_entity: clocks.can_set_target(by, legal_entity),
        may=ADMIN,
        others="Only integration administrators set the targets of clocks.",
        states={HERE: "", "": "A target for all legal entities is set by somebody who works for all of them."},
        outside=f"Legal entity {HERE} is outside your scope.",
    ),
)

CONNECTOR_ROWS = tuple(
    Row(rule=rule, ask=lambda by, _, rule=rule: rule(by), others=others, **ADMINS)
    for rule, others in (
        (connectors.can_set_up, "Only integration administrators can set up connections."),
        (connectors.can_pause, "Only integration administrators can pause and resume."),
        (connectors.can_set_credentials, "Only people who may set credentials can do this."),
        (intake.can_change_feeds, "Only integration administrators can change feeds."),
        (intake.can_drop, "Only people who may load files can do this."),
        (effects.can_keep_gates, "Only integration administrators keep posting windows."),
        (mapping.can_edit, "Only integration administrators can edit mappings."),
        (mapping.can_edit_values, "Only integration administrators can map values."),
    )
)

INTAKE_ROWS = (
    Row(
        rule=intake.can_run,
        ask=lambda by, state: intake.can_run(Feed(entity="task", is_active=state[0], connection=ERP[state[1]]), by),
        others="Only people who may read feeds can do this.",
        states={
            (True, RUNS): "",
            (True, PAUSED): ERP_PAUSED,
            (False, RUNS): "The feed ERP · Tasks is paused. Resume it first.",
            (False, PAUSED): "The feed ERP · Tasks is paused. Resume it first.",
        },
        **ADMINS,
    ),
    Row(
        rule=intake.can_stop,
        ask=lambda by, run: intake.can_stop(Run(state=run[0], file_id=run[1], stop_asked_by=run[2]), by),
        others="Only people who may read feeds can do this.",
        states={
            ("running", None, ""): "",
            ("running", None, "ines"): "ines has asked it to stop; it stops after the page it is at.",
            ("running", 1, ""): "A file is applied as a whole.",
            ("done", None, ""): "This run does not go on: it is done.",
            ("failed", None, ""): "This run does not go on: it is failed.",
            ("stopped", None, ""): "This run does not go on: it is stopped.",
        },
        **ADMINS,
    ),
    Row(
        rule=intake.can_apply,
        ask=lambda by, connection: intake.can_apply(FileDrop(connection=ERP[connection]), by),
        others="Only people who may load files can do this.",
        states={RUNS: "", PAUSED: ERP_PAUSED},
        **ADMINS,
    ),
    Row(
        rule=intake.can_choose,
        ask=lambda by, status: intake.can_choose(
            SourceVersion(entity="task", source_id="T1", version="2", status=status), by
        ),
        may=HANDLERS,
        others="Only people who may handle exceptions can choose.",
        states={
            "conflict": "",
            "received": "task T1 2 is not in conflict: received.",
            "applied": "task T1 2 is not in conflict: applied.",
            "stale": "task T1 2 is not in conflict: older than what we have.",
            "parked": "task T1 2 is not in conflict: waits for its parent.",
            "refused": "task T1 2 is not in conflict: refused.",
            "filtered": "task T1 2 is not in conflict: left out by the row filter.",
        },
        order=("state", "role"),
        system=True,
    ),
)

MAPPING_ROWS = (
    Row(
        rule=mapping.can_change_draft,
        ask=lambda by, status: mapping.can_change_draft(mapping_in(status), by),
        others="Only integration administrators can edit mappings.",
        states={
            "draft": "",
            "published": changed_only_as_draft("published"),
            "superseded": changed_only_as_draft("superseded"),
        },
        **ADMINS,
    ),
    Row(
        rule=mapping.can_publish,
        ask=ask_publish,
        may=ADMIN,
        others="Only people who may publish mappings can do this.",
        states={"draft": "", "published": "psa task v3 is already published."},
        order=("state", "role"),
        system=True,
    ),
    Row(
        rule=mapping.can_publish,
        ask=ask_publish,
        may=ADMIN,
        others="Only people who may publish mappings can do this.",
        states={"own": "You wrote this draft, so someone else must publish it."},
        order=("role", "state"),
    ),
)

TOKEN_ROWS = (
    Row(
        rule=tokens.can_issue,
        ask=lambda by, whose: ask_token(tokens.can_issue, by, whose),
        may=ADMIN,
        others="Your role does not make API tokens.",
        states={"own": ""},
        system=True,
    ),
    Row(
        rule=tokens.can_issue,
        ask=lambda by, whose: ask_token(tokens.can_issue, by, whose),
        may=ALL,
        states={"another's": "The token would act as finance-99: only they can make it."},
    ),
    Row(
        rule=tokens.can_revoke,
        ask=lambda by, whose: ask_token(tokens.can_revoke, by, whose),
        may=ALL,
        states={"own": ""},
        system=True,
    ),
    Row(
        rule=tokens.can_revoke,
        ask=lambda by, whose: ask_token(tokens.can_revoke, by, whose),
        may=ADMIN,
        others="Your role does not revoke tokens of others.",
        states={"another's": ""},
        system=True,
    ),
)

ROWS = (
    *EFFECT_ROWS,
    *WINDOW_ROWS,
    *PROCESS_ROWS,
    *WORK_ROWS,
    *CLOCK_ROWS,
    *CONNECTOR_ROWS,
    *INTAKE_ROWS,
    *MAPPING_ROWS,
    *TOKEN_ROWS,
)
