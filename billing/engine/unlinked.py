"""Delivered work that belongs to no contract yet."""

from billing.engine.eligibility import Place
from billing.engine.facts import filing, place_facts, work_facts
from billing.engine.notation import Part, seal
from billing.engine.standing import open_minutes, uncharged
from billing.engine.values import RULES_VERSION, ZERO, DecisionResult, PieceResult, Work

_NO_CONTRACT = Place(None, "", "CONTRACT_MISSING", "none", ())


def without_contract(work: Work) -> DecisionResult:
    """The decision: blocked until it has a contract, unless its approver or its source lets it go."""
    answer = uncharged(work, "chargeable" if work.chargeable else "non_chargeable")
    state, codes = answer or ("blocked", ("NOT_APPROVED" if work.approval != "approved" else "CONTRACT_MISSING",))
    amount = ZERO if answer else work.amount
    piece = PieceResult(state, codes, None, None, open_minutes(work), None, amount, work.currency)
    parts = {
        "contract": Part({"id": None, "rules": RULES_VERSION}),
        "eligibility": Part(place_facts(_NO_CONTRACT)),
        "facts": Part(work_facts(work)),
        "filing": Part(filing(work, work.role or work.resource_default_role)),
    }
    return seal(work.event_id, (piece,), parts)
