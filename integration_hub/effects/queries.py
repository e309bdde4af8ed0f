"""The ledger read: which effects are open, and the proof that one happened once."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from integration_hub.cases.models import Case
from integration_hub.effects import naming
from integration_hub.effects.ledger import OVER
from integration_hub.effects.models import Attempt, Effect
from integration_hub.kernel.ids import content_hash, effect_key
from integration_hub.kernel.money import Money, added
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.work.models import Lane

State = Effect.State
UNFINISHED = (State.PLANNED, State.SENDING, State.UNKNOWN, State.SENT)


@dataclass(frozen=True, slots=True)
class Proof:
    """Why an effect happened once: its permanent key, what was sent, every try, what the target shows."""

    effect: Effect
    attempts: list[Attempt]
    key_holds: bool
    """The key follows from entity, system, type, business key and revision."""
    payload_holds: bool
    """The stored content is the content that was planned."""

    @property
    def key_parts(self) -> list[tuple[str, str]]:
        """What the key is made of, in the order it is hashed."""
        effect = self.effect
        return [
            ("Legal entity", effect.legal_entity),
            ("System", effect.connection.code),
            ("Effect", effect.effect_type),
            ("Our reference", effect.business_key),
            ("Revision", str(effect.revision)),
        ]

    @property
    def probes(self) -> int:
        """How often the target was asked whether it has it, because nobody knew."""
        return sum(attempt.kind == Attempt.Kind.PROBE for attempt in self.attempts)

    @property
    def confirming_read(self) -> Attempt | None:
        """The read that found it; None while none has."""
        reads = (attempt for attempt in reversed(self.attempts) if attempt.kind == Attempt.Kind.CONFIRM)
        return next((attempt for attempt in reads if attempt.outcome == "found"), None)

    @property
    def sends(self) -> int:
        """How often it left the house."""
        return sum(attempt.kind == Attempt.Kind.SEND for attempt in self.attempts)

    @property
    def is_proved(self) -> bool:
        """Confirmed by a read of the target, under an untouched key and content."""
        read = self.confirming_read is not None
        return self.effect.state == State.CONFIRMED and read and self.key_holds and self.payload_holds


def visible_to(user: User) -> QuerySet[Effect]:
    """Effects of the user's legal entities."""
    return scoped(Effect.objects.select_related("connection"), user, "legal_entity")


def proof(effect: Effect) -> Proof:
    """The proof of one effect, recomputed now."""
    expected = effect_key(
        legal_entity=effect.legal_entity,
        system=effect.connection.code,
        effect=effect.effect_type,
        business_key=effect.business_key,
        revision=effect.revision,
    )
    return Proof(
        effect=effect,
        attempts=list(effect.attempts.order_by("id")),
        key_holds=expected == effect.key,
        payload_holds=content_hash(effect.payload) == effect.payload_hash,
    )


def of_subject(subject_type: str, subject_id: object) -> QuerySet[Effect]:
    """Effects that one row asked for, oldest first."""
    rows = Effect.objects.filter(subject_type=subject_type, subject_id=str(subject_id))
    return rows.select_related("connection").order_by("id")


def by_keys(keys: Iterable[str]) -> dict[str, Effect]:
    """Effects by key."""
    return {effect.key: effect for effect in Effect.objects.filter(key__in=list(keys)).select_related("connection")}


def sums(rows: QuerySet[Effect]) -> list[Money]:
    """What effects come to per currency and basis; one query."""
    found = rows.order_by().exclude(amount=None).values("currency", "effect_type").annotate(total=Sum("amount"))
    return added(
        Money(row["total"], row["currency"], naming.basis(row["effect_type"]))
        for row in found.order_by("currency", "effect_type")
    )


def open_effects(user: User) -> QuerySet[Effect]:
    """Everything that is neither confirmed nor withdrawn, newest first."""
    return visible_to(user).exclude(state__in=OVER).order_by("-id")


def unsettled() -> int:
    """Effects on their way whose outcome is not known yet and that nobody has been asked about."""
    asked = Case.objects.filter(code="ERP_UNKNOWN", status__in=Case.OPEN_STATES).values_list("subject_id", flat=True)
    open_ones = Effect.objects.filter(state__in=[State.SENDING, State.UNKNOWN, State.SENT])
    stuck = Lane.objects.filter(blocked=True).values("key")
    return open_ones.exclude(pk__in=[int(pk) for pk in asked if pk.isdigit()]).exclude(lane__in=stuck).count()
