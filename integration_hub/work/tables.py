"""Tables of lanes, of the items in them and of what overtook."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from integration_hub.console import proposals
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.tables import Column, Table
from integration_hub.console.titled import Titled
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import POLICIES, RetryPolicy, said
from integration_hub.work import policies, queries
from integration_hub.work.models import Item, Lane, Overtaking, Stage
from integration_hub.work.registry import HANDLERS

STAGES = dict(Stage.choices)
POLICIES_BY_NAME: dict[str, RetryPolicy] = {kind.value: policy for kind, policy in POLICIES.items()}


def lane_state(lane: Lane) -> Badge:
    """How a lane stands."""
    if lane.blocked:
        return Badge("Blocked", "danger", "hand-stop")
    if lane.leased_until is not None and lane.leased_until > now():
        return Badge("Being worked", "progress", "loader")
    return Badge("Waiting", "info", "clock") if lane.ready else Badge("Idle", "neutral", "point")


class LaneTable(Table):
    """Lanes with what waits in them."""

    caption = "Lanes"
    default_sort = "-ready"
    columns = [
        Column("key", "Lane"),
        Column("stage", "Stage", accessor=lambda row: row.get_stage_display(), sortable=True, order_by="stage"),
        Column("blocked", "State", kind="badge", accessor=lane_state, sortable=True, order_by="blocked"),
        Column("ready", "Items waiting", kind="number", sortable=True),
        Column("blocked_reason", "Why", hideable=True),
        Column("priority", "Priority", kind="number", sortable=True, hideable=True, hidden=True),
        Column("legal_entity", "Entity", sortable=True, hideable=True),
        Column("next_at", "Next look", kind="ago", sortable=True),
    ]

    def row_url(self, row: Lane) -> str:
        """The lane."""
        return reverse("work:lane-detail", args=[row.pk])

    def row_tone(self, row: Lane) -> str:
        """Blocked lanes are marked; their state says it in words."""
        return "danger" if row.blocked else ""


def kind_title(item: Item) -> str:
    """What an item does, in words."""
    handler = HANDLERS.find(item.kind)
    return handler.title if handler and handler.title else item.kind


def part_title(part: str) -> str:
    """What gave a sign of life, in words: the ticker, or the workers of a stage, whose canary it is."""
    stage = part.removeprefix(queries.CANARY)
    return f"Workers: {STAGES.get(stage, stage)}" if stage != part else part.capitalize()


def fate(error_class: str, failures: int) -> str:
    """What happens next to what failed, by the policy of its class; empty where nothing failed."""
    policy = POLICIES_BY_NAME.get(error_class)
    if policy is None:
        return ""
    if policy.attempts == 1:
        return "It is not tried again by itself."
    return f"Try {failures} of {policy.attempts}; between them it waits {said(policy.waits)}."


def item_state(item: Item) -> Badge:
    """How an item stands."""
    tone, icon = {"done": ("success", "circle-check"), "parked": ("warning", "hand-stop")}.get(
        item.state, ("info", "clock")
    )
    return Badge(item.get_state_display(), tone, icon)  # type: ignore[arg-type]


class ItemTable(Table):
    """Items of one lane in their order."""

    caption = "Items"
    page_size = 25
    has_buttons = True
    columns = [
        Column("pk", "Item", kind="number"),
        Column("kind", "What", accessor=kind_title),
        Column("state", "State", kind="badge", accessor=item_state),
        Column("attempts", "Tries", kind="number"),
        Column("error_class", "Who must act", kind="badge"),
        Column("error", "What went wrong", accessor=lambda row: row.error[:300]),
        Column("amount", "Money", kind="money"),
        Column("not_before", "Not before", kind="ago"),
        Column("created_at", "Since", kind="ago"),
    ]

    def row_buttons(self, row: Item) -> list[Button]:
        """Trying a parked item again, setting a waiting one aside."""
        person: Any = self.request.user
        if row.state == Item.State.PARKED:
            again = reverse("work:item-retry", args=[row.pk])
            return [Button("Try again…", again, policies.can_retry(row, person), key="a")]
        if row.state == Item.State.READY:
            aside = reverse("work:item-park", args=[row.pk])
            return [Button("Set aside…", aside, policies.can_park(row, person, "asked"), key="r")]
        return []


class OvertakingTable(Table):
    """What was let overtake, and who agreed."""

    caption = "Overtaking"
    columns = [
        Column("lane", "Lane", accessor=lambda row: Titled(row.lane.key, row.reason[:120])),
        Column("way", "What", accessor=lambda row: row.get_way_display()),
        Column("state", "State", kind="badge", accessor=proposals.state, sortable=True, order_by="state"),
        Column("count", "Items that overtake", kind="number", sortable=True),
        Column("money", "Money that overtakes", accessor=lambda row: ", ".join(_told(row.money))),
        Column("proposed_by", "Proposed by", accessor="proposed_by.label"),
        Column("decided_by", "Decided by", accessor="decided_by.label", hideable=True),
        Column("legal_entity", "Entity", accessor="lane.legal_entity", hideable=True),
        Column("created_at", "Proposed", kind="ago", sortable=True),
    ]

    def row_url(self, row: Overtaking) -> str:
        """The proposal with what it declares."""
        return reverse("work:overtaking-detail", args=[row.pk])


def _told(money: dict[str, str]) -> list[str]:
    return [f"{Decimal(amount):,.2f} {currency}" for currency, amount in sorted(money.items())]
