"""Effects in the lineage: what asked for them, what reverses them."""

from collections.abc import Iterable

from django.db.models import Count, Q

from integration_hub.effects import naming
from integration_hub.effects.models import Attempt, Effect
from integration_hub.trail.lineage import FINDERS, PROVIDERS, Hit, Node, Provider, Ref

KIND = "effect"
SHORTEST_PREFIX = 12
"""Characters of a key that are enough to find it: logs show beginnings of keys."""


def _load(keys: list[str]) -> Iterable[Node]:
    rows = Effect.objects.filter(pk__in=[key for key in keys if key.isdigit()]).select_related("connection")
    sends = Count("attempts", filter=Q(attempts__kind=Attempt.Kind.SEND))
    probes = Count("attempts", filter=Q(attempts__kind=Attempt.Kind.PROBE))
    return [_node(effect) for effect in rows.annotate(sends=sends, probes=probes)]


def _node(effect: Effect) -> Node:
    return Node(
        kind=KIND,
        key=str(effect.pk),
        lane="ledger",
        label=effect.remote_number or effect.business_key,
        detail=naming.title(effect),
        amount=effect.amount,
        currency=effect.currency,
        basis=naming.basis(effect.effect_type),
        status=effect.get_state_display(),
        system=str(effect.connection),
        legal_entity=effect.legal_entity,
        facts={
            "Key": effect.key,
            "Content": effect.payload_hash,
            "Made safe by": effect.get_safety_display(),
            "Sent": f"{getattr(effect, 'sends', 0)} ×",
            "Asked about": f"{getattr(effect, 'probes', 0)} ×",
            "Record there": effect.remote_id,
        },
    )


def _upstream(key: str, limit: int) -> list[Ref]:
    effect = Effect.objects.filter(pk=key).values("subject_type", "subject_id", "reverses_id").first()
    if effect is None:
        return []
    refs = [(effect["subject_type"], effect["subject_id"])]
    if effect["reverses_id"]:
        refs.append((KIND, str(effect["reverses_id"])))
    return refs[:limit]


def _downstream(key: str, limit: int) -> list[Ref]:
    reversing = Effect.objects.filter(reverses_id=int(key)).values_list("pk", flat=True)
    return [(KIND, str(pk)) for pk in reversing[:limit]]


def find(text: str) -> Iterable[Hit]:
    """Effects by key, our reference, or the id or number the target gave."""
    which = Q(key=text) | Q(business_key=text) | Q(remote_id=text) | Q(remote_number=text)
    if len(text) >= SHORTEST_PREFIX:
        which |= Q(key__startswith=text.lower())
    for effect in Effect.objects.filter(which).select_related("connection").order_by("-id")[:20]:
        yield Hit(
            kind=KIND,
            key=str(effect.pk),
            label=effect.remote_number or effect.business_key,
            detail=f"{naming.title(effect)} · {effect.get_state_display()}",
            system=str(effect.connection),
            legal_entity=effect.legal_entity,
        )


def register() -> None:
    """Offer effects to the walk and to the search box."""
    PROVIDERS.register(KIND, Provider(load=_load, upstream=_upstream, downstream=_downstream))
    FINDERS.register(KIND, find)
