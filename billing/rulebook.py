"""What billing decides by decision tables, and what happens when their rules change."""

from dataclasses import replace

from billing.actions import work
from billing.engine import charging, matrix
from billing.models import Piece
from billing.redecided import Chargeability
from integration_hub.rules.registry import KINDS


def register() -> None:
    """Fill the registry of kinds; called once by the app."""
    KINDS.register(matrix.KIND.name, matrix.KIND)
    KINDS.register(charging.KIND.name, replace(charging.KIND, published=_decide_anew, history=Chargeability()))


def _decide_anew(legal_entity: str) -> None:
    """Work that is not billed yet is decided by the new rules; what is billed stays as it was charged."""
    unbilled = Piece.objects.filter(is_current=True, contract__isnull=False).exclude(state__in=Piece.LOCKED)
    if legal_entity:
        unbilled = unbilled.filter(contract__legal_entity__code=legal_entity)
    contracts = unbilled.order_by().values_list("contract", flat=True).distinct()
    work.decide_soon([(contract, None) for contract in contracts], caused_by="rules of chargeability")
