"""Reads of costs."""

from contracts.models import LegalEntity
from integration_hub.kernel.errors import BadInput, Problem


def entity_of(code: str) -> LegalEntity:
    """A legal entity by its code. Raises BadInput."""
    found = LegalEntity.objects.filter(code=code, is_active=True).first()
    if found is None:
        said = f"{code!r} is not a legal entity of ours."
        raise BadInput("Costs to post", [Problem("legal_entity", said, "Use the code of one.")])
    return found
