"""What billing decides by decision tables, and what happens when their rules change."""

from dataclasses import replace

from billing.actions import candidates, work
from billing.engine import charging, line_rules, matrix
from billing.models import Piece
from billing.reassigned import Lines
from billing.redecided import Chargeability
from integration_hub.rules.registry import KINDS


def register() -> None:
    """Fill the registry of kinds; called once by the app."""
    KINDS.register(matrix.KIND.name, matrix.KIND)
    KINDS.register(charging.KIND.name, replace(charging.KIND, published=_decide_anew, history=Chargeability()))
    KINDS.register(line_rules.TAX.name, replace(line_rules.TAX, published=_check_anew, history=Lines("tax")))
    KINDS.register(
        line_rules.REVENUE.name, replace(line_rules.REVENUE, published=_check_anew, history=Lines("revenue"))
    )


def _check_anew(legal_entity: str) -> None:
    """Candidates that are not posted are asked again what their lines are taxed and booked as."""
    candidates.check_open(legal_entity=legal_entity)


def _decide_anew(legal_entity: str) -> None:
    """Work that is not billed yet is decided by the new rules; what is billed stays as it was charged."""
    unbilled = Piece.objects.filter(is_current=True, contract__isnull=False).exclude(state__in=Piece.LOCKED)
    if legal_entity:
        unbilled = unbilled.filter(contract__legal_entity__code=legal_entity)
    contracts = unbilled.order_by().values_list("contract", flat=True).distinct()
    work.decide_soon([(contract, None) for contract in contracts], caused_by="rules of chargeability")
