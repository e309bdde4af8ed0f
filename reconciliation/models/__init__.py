"""The models of the app: tie-outs of totals, reconciliations of pairs item by item, and closes of periods."""

from reconciliation.models.closes import PACK_MOVES, Acceptance, ClosePack, PeriodClose
from reconciliation.models.pairs import (
    BREAK_MOVES,
    PAIR_RUN_MOVES,
    SUGGESTION_MOVES,
    InputBlock,
    PairBreak,
    PairRun,
    Suggestion,
)
from reconciliation.models.tieouts import Break, TieOut

__all__ = [
    "BREAK_MOVES",
    "PACK_MOVES",
    "PAIR_RUN_MOVES",
    "SUGGESTION_MOVES",
    "Acceptance",
    "Break",
    "ClosePack",
    "InputBlock",
    "PairBreak",
    "PairRun",
    "PeriodClose",
    "Suggestion",
    "TieOut",
]
