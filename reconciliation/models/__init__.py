"""The models of the app: tie-outs of totals, and reconciliations of pairs item by item."""

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
    "PAIR_RUN_MOVES",
    "SUGGESTION_MOVES",
    "Break",
    "InputBlock",
    "PairBreak",
    "PairRun",
    "Suggestion",
    "TieOut",
]
