"""Which days are in a period that two people signed as closed."""

from datetime import date

from reconciliation.models import ClosePack


def through(legal_entity: str, on: date) -> date | None:
    """The last day of the signed period that a day is in, or None: nothing more is accounted for in it."""
    signed = ClosePack.objects.filter(state=ClosePack.State.SIGNED, close__legal_entity=legal_entity)
    covering = signed.filter(close__starts_on__lte=on, close__ends_on__gte=on)
    return covering.values_list("close__ends_on", flat=True).first()
