"""What billing decides by decision tables."""

from billing.engine import matrix
from integration_hub.rules.registry import KINDS


def register() -> None:
    """Fill the registry of kinds; called once by the app."""
    KINDS.register(matrix.KIND.name, matrix.KIND)
