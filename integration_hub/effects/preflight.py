"""Asking a target, before anything is sent, whether it takes documents of a day: a read where the vendor allows one.

The answer is a row, so that all workers share it: an open day is asked about again after a minute, a closed one after
ten (`PREFLIGHT_SECONDS`), and a waiting effect is let go for the question.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from integration_hub.connectors.registry import PREFLIGHTS
from integration_hub.effects.models import Effect, Preflight
from integration_hub.effects.registry import Gate
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Deferred, Failed

CLOSED_FOR = 10
"""So many times as long as an open day is a closed one not asked about again."""


def ask(effect: Effect) -> None:
    """Ask the target unless it has answered lately. Outside transactions. Raises Deferred when no call may be made.

    A target that cannot answer is no reason to wait: it says no itself when the document comes.
    """
    question = PREFLIGHTS.find(effect.connection.vendor)
    if question is None or effect.posting_date is None or _known(effect) is not None:
        return
    try:
        closed = question(effect.connection, effect.posting_date, effect.effect_type)
    except Deferred:
        raise
    except Failed:
        return
    Preflight.objects.update_or_create(
        connection=effect.connection,
        on=effect.posting_date,
        effect_type=effect.effect_type,
        defaults={"closed": closed[:300], "asked_at": Now()},
    )


def _known(effect: Effect) -> Preflight | None:
    if effect.posting_date is None:
        return None
    row = Preflight.objects.filter(
        connection=effect.connection_id, on=effect.posting_date, effect_type=effect.effect_type
    ).first()
    if row is None or row.asked_at < now() - _holds_good(row):
        return None
    return row


def _holds_good(row: Preflight) -> timedelta:
    return timedelta(seconds=settings.PREFLIGHT_SECONDS * (CLOSED_FOR if row.closed else 1))


def _applies(effect: Effect) -> bool:
    return effect.posting_date is not None and PREFLIGHTS.find(effect.connection.vendor) is not None


def _closed(effect: Effect) -> str:
    known = _known(effect)
    return known.closed if known is not None else ""


def _about(effect: Effect) -> tuple[int, object, str]:
    return effect.connection_id, effect.posting_date, effect.effect_type


GATE = Gate(name="period in the target", applies=_applies, closed=_closed, about=_about)
