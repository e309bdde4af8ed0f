"""Posting windows of billing: a document is sent only into an open accounting period."""

from datetime import date

from contracts.models import LegalEntity
from contracts.periods import closed_here, open_period
from integration_hub.effects.models import Effect
from integration_hub.effects.registry import Gate


def _applies(effect: Effect) -> bool:
    return effect.effect_type.endswith((".invoice.post", ".creditmemo.post", ".journal.post"))


def _closed(effect: Effect) -> str:
    entity = LegalEntity.objects.filter(code=effect.legal_entity).first()
    if entity is None or effect.posting_date is None or open_period(entity, effect.posting_date) == effect.posting_date:
        return ""
    if closed_here(entity, effect.posting_date) is not None:
        return f"{effect.posting_date:%B %Y} is signed as closed for {entity.code}."
    return f"The accounting period of {effect.posting_date} is closed for {entity.code}."


def _about(effect: Effect) -> tuple[str, date | None]:
    return effect.legal_entity, effect.posting_date


PERIOD = Gate(name="accounting period", applies=_applies, closed=_closed, about=_about)
