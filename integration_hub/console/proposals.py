"""What a second person decides on, shown alike in every room: the facts, the buttons, the colours of its states."""

from typing import Any

from django.urls import reverse

from integration_hub.console.badges import Badge, Tone
from integration_hub.console.buttons import Button
from integration_hub.console.templatetags.console import when
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import User
from integration_hub.people.proposals import PROPOSED, Proposal

STATES: dict[str, tuple[Tone, str]] = {
    "proposed": ("warning", "user-check"),
    "applied": ("success", "circle-check"),
    "declined": ("danger", "circle-x"),
    "withdrawn": ("neutral", "ban"),
    "lapsed": ("neutral", "hourglass"),
}


def state(proposal: Proposal) -> Badge:
    """How a proposal stands."""
    tone, icon = STATES.get(proposal.state, ("neutral", "point"))
    return Badge(proposal.get_state_display(), tone, icon)


def facts(proposal: Proposal) -> list[tuple[str, Any]]:
    """Who proposed it, whether somebody else must agree, who decided."""
    return [
        ("Second person", proposal.four_eyes or "not needed"),
        ("Proposed by", proposal.proposed_by.label),
        ("Proposed", when(proposal.created_at)),
        ("Decided by", proposal.decided_by.label if proposal.decided_by else None),
        ("Decided", when(proposal.decided_at) if proposal.decided_at else None),
        ("Said", proposal.decision_reason or None),
    ]


def buttons(
    proposal: Proposal, person: User, *, address: str, verb: str, approve: Decision, withdraw: Decision
) -> list[Button]:
    """What may be decided; nothing once it is.

    `address` is what the names of the addresses begin with; `verb` says what approving does.
    """
    if proposal.state != PROPOSED:
        return []
    place = [proposal.pk]
    if proposal.proposed_by_id == person.pk:
        return [Button("Withdraw…", reverse(f"{address}-withdraw", args=place), withdraw, icon="arrow-back-up")]
    return [
        Button(f"{verb}…", reverse(f"{address}-approve", args=place), approve, tone="primary", icon="circle-check",
               key="a"),
        Button("Decline…", reverse(f"{address}-decline", args=place), approve, tone="danger", icon="circle-x", key="r"),
    ]  # fmt: skip
