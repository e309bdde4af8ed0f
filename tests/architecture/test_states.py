"""Tables of moves, pairs of who and when, codes of exceptions: what is declared is what the models and the code say."""

import ast
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from billing import models as billing
from contracts import models as contracts
from costs import models as costs
from integration_hub.cases.models import CASE_MOVES, Case
from integration_hub.cases.registry import KINDS
from integration_hub.downstream.models import STREAM_MOVES, Stream
from integration_hub.effects.models import CORRECTION_MOVES, EFFECT_MOVES, Correction, Effect
from integration_hub.intake import models as intake
from integration_hub.kernel import transitions
from integration_hub.notices.models import MESSAGE_MOVES, Message
from integration_hub.processes.models import PROCESS_MOVES, Process
from integration_hub.replay.models import PLAN_MOVES, Plan
from integration_hub.rules.models import DRAFT_RUN_MOVES, TABLE_MOVES, DecisionTable, DraftRun
from integration_hub.work.models import OVERTAKING_MOVES, Overtaking
from reconciliation.models import (
    BREAK_MOVES,
    PACK_MOVES,
    PAIR_RUN_MOVES,
    SUGGESTION_MOVES,
    ClosePack,
    PairBreak,
    PairRun,
    Suggestion,
)
from tests.architecture.code import modules

OURS = ("contracts", "billing", "costs", "reconciliation", "hub_")

TABLES: dict[str, tuple[transitions.Transitions, Any]] = {
    "candidate": (billing.CANDIDATE_MOVES, billing.Candidate.Status),
    "invoice": (billing.INVOICE_MOVES, billing.Invoice.Status),
    "hold": (billing.HOLD_MOVES, billing.Hold.Status),
    "change of billed work": (billing.LATE_CHANGE_MOVES, billing.LateChange.Status),
    "piece": (billing.PIECE_MOVES, billing.Piece.State),
    "contract": (contracts.CONTRACT_MOVES, contracts.Contract.Status),
    "amendment": (contracts.AMENDMENT_MOVES, contracts.Amendment.Status),
    "milestone": (contracts.MILESTONE_MOVES, contracts.Milestone.Status),
    "progress measure": (contracts.PROGRESS_MOVES, contracts.ProgressMeasure.Status),
    "journal": (billing.JOURNAL_MOVES, billing.Journal.Status),
    "reimbursement": (costs.REIMBURSEMENT_MOVES, costs.Reimbursement.Status),
    "case": (CASE_MOVES, Case.Status),
    "effect": (EFFECT_MOVES, Effect.State),
    "correction": (CORRECTION_MOVES, Correction.State),
    "message": (MESSAGE_MOVES, Message.State),
    "overtaking": (OVERTAKING_MOVES, Overtaking.State),
    "replay plan": (PLAN_MOVES, Plan.State),
    "process": (PROCESS_MOVES, Process.State),
    "source version": (intake.SOURCE_MOVES, intake.SourceVersion.Status),
    "run": (intake.RUN_MOVES, intake.Run.State),
    "reconciliation": (PAIR_RUN_MOVES, PairRun.State),
    "break": (BREAK_MOVES, PairBreak.State),
    "suggestion": (SUGGESTION_MOVES, Suggestion.State),
    "close pack": (PACK_MOVES, ClosePack.State),
    "decision table": (TABLE_MOVES, DecisionTable.Status),
    "stream": (STREAM_MOVES, Stream.State),
    "draft run": (DRAFT_RUN_MOVES, DraftRun.State),
    "write-down": (billing.WRITE_DOWN_MOVES, billing.WriteDown.Status),
    "file": (intake.FILE_MOVES, intake.FileDrop.State),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_moves_names_exactly_the_states_of_its_model(name):
    table, choices = TABLES[name]
    assert set(table.moves) == set(choices.values)
    assert {target for targets in table.moves.values() for target in targets} <= set(choices.values)
    assert not table.initial or table.initial in choices.values


def test_every_table_of_moves_is_looked_at_here():
    ours = {table.noun for table in transitions.ALL if not table.noun.startswith("test")}
    assert {table.noun for table, _ in TABLES.values()} == ours


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.app_label.startswith(OURS)]


PAIR_EXEMPT = {
    "hub_mapping.mapping.published": "the defaults of a vendor are published by the system: no person stands there",
    "hub_intake.filedrop.dropped": "a watched folder drops files without a person; the instant is always known",
    "contracts.milestone.accepted": "not every PSA says who accepted; milestone_accepted_pair keeps the date",
}


def unpaired() -> dict[str, str]:
    """Nullable `<verb>_at` with `<verb>_by` (or the reverse) that no check constraint keeps together."""
    found = {}
    for model in our_models():
        fields = {field.name: field for field in model._meta.get_fields() if isinstance(field, models.Field)}
        rules = " ".join(
            str(rule.condition) for rule in model._meta.constraints if isinstance(rule, models.CheckConstraint)
        )
        for name in fields:
            verb = name.removesuffix("_by")
            when = next((known for known in (f"{verb}_at", f"{verb}_on") if known in fields), "")
            if verb == name or not when:
                continue
            both_required = not fields[name].null and not fields[when].null and not fields[name].blank
            if not both_required and not (name in rules and when in rules):
                found[f"{model._meta.label_lower}.{verb}"] = f"{name} and {when}"
    return found


def test_who_and_when_come_together():
    assert unpaired().keys() == PAIR_EXEMPT.keys(), unpaired()


def test_every_code_in_the_code_is_registered():
    """Literal codes given to raise_case, heal, set_members, drop_members, refused; and the tables of codes."""
    codes = {}
    for path, text in modules():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _verb(node) in {"raise_case", "heal", "set_members", "drop_members"}:
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        codes[str(keyword.value.value)] = path
    assert len(codes) >= 6
    missing = {code: path for code, path in codes.items() if code not in KINDS}
    assert missing == {}


def test_every_code_of_the_checks_and_decisions_is_registered():
    from billing.actions import checks, exceptions

    codes = {*checks.CASE_CODES, *exceptions.WHAT_TO_DO}
    assert {code for code in codes if code not in KINDS} == set()


def test_every_stop_of_the_checklist_opens_a_case_or_is_a_hold():
    """A candidate that needs attention names somebody: a stop nobody hears of would wait for ever."""
    from billing.actions import checks

    said = set()
    for path, text in modules("billing/engine"):
        if path.endswith("readiness.py"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_No":
                    first = node.args[0]
                    if isinstance(first, ast.Constant):
                        said.add(str(first.value))
    quiet = {
        "STRAGGLERS",
        "SOFT_CAP_EXCEEDED",
        "RETAINER_UNFUNDED",
        "BELOW_MINIMUM",
        "NEGATIVE_TOTAL",
        "CUSTOMER_INACTIVE",
    }
    assert said - quiet <= set(checks.CASE_CODES)
    assert quiet <= said


def _verb(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


@pytest.mark.parametrize("code", [code for code, _ in KINDS])
def test_every_code_has_an_owner_with_a_role_and_says_when_it_closes(code):
    from integration_hub.people.models import Role

    kind = KINDS.get(code)
    assert kind.code == code
    assert kind.owner_role in Role.values
    assert kind.severity in {1, 2, 3, 4}
    assert kind.title
    assert kind.closes_when
