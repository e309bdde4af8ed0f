"""Tables of effects and their tries."""

from django.urls import reverse

from integration_hub.console import proposals
from integration_hub.console.badges import Badge
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.effects import naming
from integration_hub.effects.models import Attempt, Correction, Effect

STATES = {
    "planned": ("neutral", "clock"),
    "sending": ("progress", "send"),
    "unknown": ("danger", "help"),
    "sent": ("progress", "send"),
    "confirmed": ("success", "circle-check"),
    "rejected": ("danger", "circle-x"),
    "waiting": ("warning", "hourglass"),
    "conflict": ("danger", "arrows-split"),
    "cancelled": ("neutral", "ban"),
    "superseded": ("neutral", "replace"),
}


def state(effect: Effect) -> Badge:
    """The state of an effect as a badge."""
    tone, icon = STATES.get(effect.state, ("neutral", "point"))
    return Badge(effect.get_state_display(), tone, icon)  # type: ignore[arg-type]


def what(effect: Effect) -> Titled:
    """What an effect does, in the words of its connector's manifest."""
    title = naming.title(effect)
    return Titled(title, effect.effect_type if title != effect.effect_type else "")


class EffectTable(Table):
    """Effects: what was intended where, for how much, and what became of it."""

    caption = "Effects"
    default_sort = "-rank"
    selectable = True
    columns = [
        Column("business_key", "Our reference", accessor=lambda row: Titled(row.business_key, row.failure[:120])),
        Column("effect_type", "What", accessor=what, sortable=True, order_by="effect_type"),
        Column("connection", "Where", accessor="connection.name", sortable=True, order_by="connection__code"),
        Column("state", "State", kind="badge", accessor=state, sortable=True, order_by="state"),
        Column("amount", "Amount", kind="money", accessor=naming.money, sortable=True, order_by="amount"),
        Column("remote_number", "Number there", kind="link", hideable=True),
        Column("failure", "Why", hideable=True, hidden=True, accessor=lambda row: row.failure[:160]),
        Column("safety", "Safe by", hideable=True, hidden=True, accessor=lambda row: row.get_safety_display()),
        Column("posting_date", "Posting date", kind="date", sortable=True, hideable=True, hidden=True),
        Column("legal_entity", "Entity", sortable=True, hideable=True),
        Column("created_at", "Planned", kind="ago", sortable=True),
    ]

    def row_url(self, row: Effect) -> str:
        """The effect with its proof."""
        return reverse("effects:effect-detail", args=[row.pk])

    def row_tone(self, row: Effect) -> str:
        """What somebody must look at is marked; its state says it in words."""
        if row.state in (Effect.State.UNKNOWN, Effect.State.REJECTED, Effect.State.CONFLICT):
            return "danger"
        return "warning" if row.state == Effect.State.WAITING else ""


class CorrectionTable(Table):
    """Corrections: what was changed in which effect, and who agreed."""

    caption = "Corrections"
    columns = [
        Column("effect", "Effect", accessor=lambda row: Titled(row.effect.business_key, row.reason[:120])),
        Column("changes", "Changes", accessor=lambda row: ", ".join(change["title"] for change in row.changes)),
        Column("state", "State", kind="badge", accessor=proposals.state, sortable=True, order_by="state"),
        Column("amount", "Amount", kind="money", accessor=lambda row: naming.money(row.effect)),
        Column("proposed_by", "Proposed by", accessor="proposed_by.label"),
        Column("decided_by", "Decided by", accessor="decided_by.label", hideable=True),
        Column("legal_entity", "Entity", accessor="effect.legal_entity", hideable=True),
        Column("created_at", "Proposed", kind="ago", sortable=True),
    ]

    def row_url(self, row: Correction) -> str:
        """The correction with its difference."""
        return reverse("effects:correction-detail", args=[row.pk])


class AttemptTable(Table):
    """Every time an effect left the house, or the target was asked about it."""

    caption = "Tries"
    default_sort = "pk"
    columns = [
        Column("number", "Try", kind="number"),
        Column("kind", "Kind", accessor=lambda row: row.get_kind_display()),
        Column("token", "Token", kind="number", hint="The lane's token it was done under: an older one may not write"),
        Column("outcome", "Outcome", kind="badge"),
        Column("status", "HTTP", kind="number"),
        Column("started_at", "Started", kind="datetime"),
        Column("took", "Took", accessor=lambda row: _took(row)),
        Column("response_hash", "Answer hash", kind="code", accessor=lambda row: row.response_hash[:12]),
        Column("excerpt", "Answer", accessor=lambda row: row.excerpt[:300]),
    ]


def _took(attempt: Attempt) -> str:
    if attempt.finished_at is None:
        return "not finished"
    return f"{(attempt.finished_at - attempt.started_at).total_seconds() * 1000:,.0f} ms"
