"""The exceptions of the ledger of effects."""

from collections.abc import Callable

from django.db import transaction
from django.db.models import QuerySet

from integration_hub.cases.registry import KINDS, CaseKind, Suggestion
from integration_hub.effects.ledger import OVER
from integration_hub.effects.models import Effect
from integration_hub.people.models import Role
from integration_hub.work.actions import items
from integration_hub.work.models import Item

PER_EFFECT = ("ERP_REJECTED", "ERP_UNKNOWN", "EFFECT_CONFLICT")
"""Root cause `effect:<id>`."""
SHARED = ("PERIOD_CLOSED", "CREDENTIAL")
"""Root causes `<gate>:<connection>:<legal entity>:<month>` and `connection:<code>`."""

ADMIN, ANALYST, FINANCE = str(Role.INTEGRATION_ADMIN), str(Role.BILLING_ANALYST), str(Role.FINANCE)


def _effect(root_cause: str) -> Effect | None:
    return Effect.objects.filter(pk=root_cause.removeprefix("effect:")).first()


def _is_in(*states: str) -> Callable[[str], bool]:
    def still_holds(root_cause: str) -> bool:
        effect = _effect(root_cause)
        return effect is not None and effect.state in states

    return still_holds


def _retry_effect(root_cause: str) -> int:
    from integration_hub.effects.actions import effects  # the actions raise these kinds

    effect = _effect(root_cause)
    if effect is None or effect.state in OVER:
        return 0
    effects.retry(effect_id=effect.pk, by="system:effects", reason="Retried from its case")
    return 1


def _stopped(root_cause: str) -> QuerySet[Item]:
    """What stopped because the credential of a connection was refused."""
    code = root_cause.removeprefix("connection:")
    effect_ids = Effect.objects.filter(connection__code=code).exclude(state__in=OVER)
    return Item.objects.filter(
        state=Item.State.PARKED,
        kind="effects.send",
        error_class="auth",
        payload__effect__in=list(effect_ids.values_list("pk", flat=True)),
    )


def _credential_refused(root_cause: str) -> bool:
    return _stopped(root_cause).exists()


def _window_closed(root_cause: str) -> bool:
    from integration_hub.effects import windows  # its actions raise these kinds

    return windows.still_closed(root_cause)


@transaction.atomic
def _retry_connection(root_cause: str) -> int:
    ids = list(_stopped(root_cause).order_by("pk").values_list("pk", flat=True))
    for item_id in ids:
        items.retry(item_id=item_id, by="system:effects", reason="The credential was renewed")
    return len(ids)


KNOWN = (
    CaseKind(
        code="ERP_REJECTED",
        title="The target said no",
        owner_role=ANALYST,
        severity=2,
        closes_when="a corrected revision is confirmed or the effect is withdrawn",
        suggestions=(Suggestion("Correct what it names and try again"), Suggestion("Withdraw it")),
        still_holds=_is_in("rejected", "planned"),
        retry=_retry_effect,
    ),
    CaseKind(
        code="ERP_UNKNOWN",
        title="Nobody knows whether it happened",
        owner_role=ANALYST,
        severity=1,
        closes_when="the target is asked and answers",
        suggestions=(Suggestion("Look into the target by our reference"), Suggestion("Ask it again")),
        still_holds=_is_in("unknown", "sending"),
        retry=_retry_effect,
    ),
    CaseKind(
        code="EFFECT_CONFLICT",
        title="Same key, other content",
        owner_role=ANALYST,
        severity=1,
        closes_when="one of the two is withdrawn or a new revision is planned",
        suggestions=(Suggestion("Compare both"), Suggestion("Withdraw the planned one")),
        still_holds=_is_in("conflict"),
    ),
    CaseKind(
        code="PERIOD_CLOSED",
        title="A posting window is closed",
        owner_role=FINANCE,
        severity=2,
        closes_when="the window opens",
        suggestions=(Suggestion("Reopen the period"), Suggestion("Post into the next period")),
        still_holds=_window_closed,
    ),
    CaseKind(
        code="CREDENTIAL",
        title="A credential was refused",
        owner_role=ADMIN,
        severity=1,
        closes_when="a call with the connection succeeds",
        suggestions=(Suggestion("Renew the credential"), Suggestion("Try again")),
        still_holds=_credential_refused,
        retry=_retry_connection,
    ),
)


def register() -> None:
    """Fill the registry; called once by the app."""
    for kind in KNOWN:
        KINDS.register(kind.code, kind)
