"""The rules of exceptions."""

from collections.abc import Callable
from unittest.mock import patch

from integration_hub.cases import policies as cases
from integration_hub.cases.models import Case
from integration_hub.cases.registry import KINDS, CaseKind
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import Role, User
from integration_hub.trail.record import Actor
from tests.integration.policies.matrix import ALL, ELSEWHERE, HERE, Row, person

Rule = Callable[..., Decision]
HANDLERS = ALL - {Role.AUDITOR}
ONLY_HANDLERS = "Your role does not handle exceptions."
OTHER_CASE = "This case belongs to a legal entity you do not work for."
RESOLVED = "This case is already resolved."
OPEN = {"open": "", "assigned": "", "in_progress": "", "waiting": "", "snoozed": "", "resolved": RESOLVED}
CASES = {"may": HANDLERS, "others": ONLY_HANDLERS, "outside": OTHER_CASE, "order": ("place", "role", "state")}


def case(status: str = "open", code: str = "X", **more: object) -> Case:
    return Case(status=status, code=code, root_cause="r", legal_entity=HERE, **more)


def kind(code: str, **more: object) -> CaseKind:
    return CaseKind(code=code, title="t", owner_role="finance", severity=2, closes_when="the rate is loaded", **more)


CODES = {
    "HOLDS": kind("HOLDS", still_holds=lambda root_cause: True),
    "GONE": kind("GONE", still_holds=lambda root_cause: False),
    "RETRY": kind("RETRY", retry=lambda root_cause: 1),
    "PLAIN": kind("PLAIN"),
}


def ask_case(rule: Rule, by: Actor, status: str, code: str, *more: object) -> Decision:
    with patch.dict(KINDS._entries, CODES):
        return rule(case(status, code), by, *more)


def ask_assign(by: Actor, state: str) -> Decision:
    colleague = person(Role.PMO, pk=7)
    to = {
        "gone": person(Role.PMO, pk=7, is_active=False),
        "elsewhere": person(Role.PMO, pk=7, entity=ELSEWHERE),
        "auditor": person(Role.AUDITOR, pk=7),
    }
    if state == "theirs already":
        return cases.can_assign(case("assigned", assigned_to_id=7), by, colleague)
    return cases.can_assign(case(state if state in OPEN else "open"), by, to.get(state, colleague))


def ask_delegate(by: User, state: str) -> Decision:
    mine = case("resolved" if state == "resolved" else "assigned", assigned_to_id=99 if state == "theirs" else by.pk)
    to = {
        "myself": by,
        "gone": person(Role.PMO, pk=7, is_active=False),
        "elsewhere": person(Role.PMO, pk=7, entity=ELSEWHERE),
        "auditor": person(Role.AUDITOR, pk=7),
        "colleague": person(Role.PMO, pk=7),
    }
    return cases.can_delegate(mine, by, to.get(state))


def ask_take_back(by: User, state: str) -> Decision:
    owner = by.pk if state == "own" else 99
    delegate = {"nobody": None, "theirs": 98, "own": 98, "stands in": by.pk}[state]
    return cases.can_take_back(case("assigned", assigned_to_id=owner, delegate_id=delegate), by)


ROWS = (
    Row(
        rule=cases.can_see,
        ask=lambda by, status: cases.can_see(case(status), by),
        may=ALL,
        states=dict.fromkeys(OPEN, ""),
        outside=OTHER_CASE,
        system=True,
    ),
    Row(
        rule=cases.can_handle,
        ask=lambda by, status: cases.can_handle(case(status), by),
        states=OPEN,
        system=True,
        **CASES,
    ),
    Row(
        rule=cases.can_assign,
        ask=ask_assign,
        states={
            **OPEN,
            "gone": "pmo-7 does not work here any more.",
            "elsewhere": "pmo-7 does not work for this legal entity.",
            "auditor": "The role of auditor-7 does not handle exceptions.",
            "theirs already": "This case is already assigned to pmo-7.",
        },
        system=True,
        **CASES,
    ),
    Row(
        rule=cases.can_delegate,
        ask=ask_delegate,
        states={
            "own": "",
            "colleague": "",
            "resolved": RESOLVED,
            "theirs": "Only its owner can let somebody stand in: take it first.",
            "myself": "You cannot stand in for yourself.",
            "gone": "pmo-7 does not work here any more.",
            "elsewhere": "pmo-7 does not work for this legal entity.",
            "auditor": "The role of auditor-7 does not handle exceptions.",
        },
        **CASES,
    ),
    Row(
        rule=cases.can_take_back,
        ask=ask_take_back,
        states={
            "own": "",
            "stands in": "",
            "nobody": "Nobody stands in for its owner.",
            "theirs": "Only its owner and who stands in for him can end it.",
        },
        **CASES,
    ),
    Row(
        rule=cases.can_snooze,
        ask=lambda by, state: cases.can_snooze(case(state[0]), by, state[1]),
        states={
            ("open", "Month end"): "",
            ("open", "  "): "Say why the case can wait.",
            ("resolved", "Month end"): RESOLVED,
        },
        system=True,
        **CASES,
    ),
    Row(
        rule=cases.can_comment,
        ask=lambda by, status: cases.can_comment(case(status), by),
        states=dict.fromkeys(OPEN, ""),
        **CASES,
    ),
    Row(
        rule=cases.can_resolve,
        ask=lambda by, state: ask_case(cases.can_resolve, by, *state),
        states={
            ("open", "PLAIN", "manual", "Mended"): "",
            ("open", "GONE", "manual", "Mended"): "",
            ("open", "UNHEARD", "manual", "Mended"): "",
            ("open", "HOLDS", "override", "Agreed with the client"): "",
            ("open", "HOLDS", "manual", "Mended"): (
                "It still holds. It closes itself when the rate is loaded. Override it with a reason if you must."
            ),
            ("open", "PLAIN", "manual", " "): "Say how it was mended.",
            ("open", "PLAIN", "override", " "): "An override needs a reason.",
            ("open", "PLAIN", "auto", "x"): "A person resolves a case as mended or overrides it.",
            ("resolved", "PLAIN", "manual", "Mended"): RESOLVED,
        },
        system=True,
        **CASES,
    ),
    Row(
        rule=cases.can_retry,
        ask=lambda by, state: ask_case(cases.can_retry, by, *state),
        states={
            ("open", "RETRY"): "",
            ("open", "PLAIN"): "Nothing waits behind this case that could be tried again.",
            ("open", "UNHEARD"): "Nothing waits behind this case that could be tried again.",
            ("resolved", "RETRY"): RESOLVED,
        },
        system=True,
        **CASES,
    ),
)
