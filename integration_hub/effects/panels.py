"""What the effects put into menu, home, timeline and links."""

from datetime import datetime
from typing import Any

from django.db.models import Min
from django.urls import reverse
from django.utils.http import urlencode

from integration_hub.console import badges, home, links, menu, proposals, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.effects import naming, queries
from integration_hub.effects.gate_views import SEE as SEE_GATES
from integration_hub.effects.models import Correction
from integration_hub.effects.policies import APPROVE
from integration_hub.effects.tables import state, what
from integration_hub.effects.views import ATTENTION, SEE
from integration_hub.people.models import Role, User
from integration_hub.people.scope import scoped

TOP = 5


def attention_count(user: User) -> int:
    """Effects that need a person; one query."""
    return queries.open_effects(user).filter(state__in=ATTENTION[:3]).count()


def attention(user: User) -> Waiting:
    """Unknown, rejected and conflicting effects, and those that wait for their window."""
    rows = queries.open_effects(user).filter(state__in=ATTENTION).defer("payload", "remote")
    top = list(rows.order_by("state", "-amount", "pk")[:TOP])
    return Waiting(
        count=rows.count(),
        oldest=rows.order_by().aggregate(at=Min("created_at"))["at"],
        money=queries.sums(rows),
        url=f"{reverse('effects:effect-list')}?{urlencode([('state', name) for name in ATTENTION])}",
        rows=[
            WaitingRow(
                title=effect.business_key,
                detail=effect.failure[:120] or str(what(effect)),
                money=naming.money(effect),
                url=reverse("effects:effect-detail", args=[effect.pk]),
                when=effect.created_at,
                badge=state(effect),
            )
            for effect in top
        ],
    )


SENTENCES = {
    "planned": ("send", "planned {label}", "neutral"),
    "sent": ("send", "sent it and it was accepted", "progress"),
    "confirmed": ("circle-check", "confirmed it by a read of the target", "success"),
    "look_asked": ("refresh", "had it read in the target again", "progress"),
    "looked_at": ("eye", "read it again: {reason}", "warning"),
    "rejected": ("circle-x", "heard the target say no", "danger"),
    "unknown": ("help", "does not know whether it happened", "warning"),
    "retried": ("refresh", "had it tried again", "progress"),
    "cancelled": ("ban", "withdrew it", "neutral"),
    "declared_rejected": ("circle-x", "found that it did not happen", "warning"),
    "conflict": ("arrows-split", "was asked for it twice with different content", "danger"),
    "correction_proposed": ("edit", "corrected it; it goes when a second person agrees, or at once", "info"),
    "correction_declined": ("circle-x", "declined the correction", "warning"),
    "correction_withdrawn": ("arrow-back-up", "took the correction back", "neutral"),
    "corrected": ("replace", "replaced it by the corrected revision {revision}", "success"),
    "window_opened": ("lock-open", "let it go: its window is open", "success"),
}


def to_approve(user: User) -> Waiting:
    """Corrections a second person has to decide on; one's own are somebody else's to decide."""
    rows = scoped(Correction.objects.filter(state=Correction.State.PROPOSED), user, "effect__legal_entity")
    rows = rows.exclude(proposed_by=user).select_related("effect", "proposed_by").order_by("pk")
    found = list(rows.defer("payload", "effect__payload", "effect__remote")[:TOP])
    return Waiting(
        count=rows.count(),
        oldest=found[0].created_at if found else None,
        url=f"{reverse('effects:correction-list')}?state=proposed",
        rows=[
            WaitingRow(
                title=row.effect.business_key,
                detail=f"{', '.join(change['title'] for change in row.changes)} by {row.proposed_by.label}",
                money=naming.money(row.effect),
                url=reverse("effects:correction-detail", args=[row.pk]),
                when=row.created_at,
                badge=proposals.state(row),
            )
            for row in found
        ],
    )


def _opened(event: Any) -> str:
    slot = datetime.fromisoformat(event.data["slot"])
    return f"opened {event.object_label}: the window of {slot.day} {slot:%b %Y %H:%M} UTC"


GATE_SENTENCES: dict[str, tuple[str, timeline.Sentence, str]] = {
    "added": ("calendar", "set the gate {label}", "neutral"),
    "changed": ("settings", "changed the gate {label}", "neutral"),
    "removed": ("ban", "took the gate {label} away", "warning"),
    "opened": ("lock-open", _opened, "success"),
}


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Integration", "Effects", "effects:effect-list", "send", SEE, weight=30,
                           count=attention_count))  # fmt: skip
    home.PANELS.register(
        "effects.attention",
        Panel(
            "Effects that need a person",
            attention,
            frozenset({Role.INTEGRATION_ADMIN, Role.BILLING_ANALYST}),
            weight=20,
            permission=SEE,
            icon="send",
            empty="Everything that was sent is confirmed.",
        ),
    )
    home.PANELS.register(
        "effects.corrections",
        Panel("Corrections to approve", to_approve, frozenset({Role.FINANCE}), weight=22, permission=APPROVE,
              icon="edit", empty="No correction waits for a second person."),
    )  # fmt: skip
    menu.add(menu.MenuItem("Integration", "Posting windows", "effects:gate-list", "calendar-due", SEE_GATES, weight=35))
    links.to("gate", "effects:gate-detail")
    for verb, (icon, sentence, tone) in GATE_SENTENCES.items():
        timeline.tell(f"effects.gate.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
    links.to("effect", "effects:effect-detail")
    badges.words("success", "circle-check", "accepted", "found")
    badges.words("danger", "help", "unknown_outcome")
    for verb, (icon, sentence, tone) in SENTENCES.items():
        timeline.tell(f"effects.effect.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
