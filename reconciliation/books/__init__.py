"""The pairs of the product: what each side has, read from our rows or from the records of other systems."""

from reconciliation.books import agreements, bank, cash, delivery
from reconciliation.matching import preview, rules
from reconciliation.matching.pairs import PAIRS


def register() -> None:
    """Fill the registries of pairs and of their rules; called once by the app."""
    for pair in (*cash.ALL, *bank.ALL, *delivery.ALL, *agreements.ALL):
        PAIRS.register(pair.name, pair)
        preview.register(rules.kind(pair.name, pair.title), pair.name)
