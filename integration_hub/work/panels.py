"""What the lanes put into menu, home, timeline and links."""

from decimal import Decimal

from django.urls import reverse

from integration_hub.console import badges, home, links, menu, proposals, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.kernel.money import Money
from integration_hub.people.models import Role, User
from integration_hub.people.scope import scoped
from integration_hub.work import queries
from integration_hub.work.models import Overtaking
from integration_hub.work.policies import APPROVE
from integration_hub.work.tables import lane_state
from integration_hub.work.views import SEE

TOP = 5


def blocked(user: User) -> Waiting:
    """Blocked lanes with what waits behind them."""
    rows = list(queries.lanes(user).filter(blocked=True).order_by("blocked_since")[:200])
    stalls = queries.explain(rows)
    money: dict[str, Decimal] = {}
    for stall in stalls:
        for currency, amount in stall.money.items():
            money[currency] = money.get(currency, Decimal(0)) + amount
    return Waiting(
        count=len(rows),
        oldest=min((row.blocked_since for row in rows if row.blocked_since), default=None),
        money=money,
        url=reverse("work:stalled"),
        rows=[
            WaitingRow(
                stall.lane.key,
                stall.reason[:120],
                money=next((Money(amount, currency) for currency, amount in stall.money.items()), None),
                url=reverse("work:lane-detail", args=[stall.lane.pk]),
                when=stall.since,
                badge=lane_state(stall.lane),
            )
            for stall in stalls[:TOP]
        ],
    )


SENTENCES = {
    "work.item.retried": ("refresh", "had an item tried again: {label}", "progress"),
    "work.item.parked": ("hand-stop", "set an item aside: {label}", "warning"),
    "work.lane.unblocked": ("player-play", "let the lane go on without its head", "warning"),
    "work.overtaking.proposed": ("user-check", "proposed that {overtaking} items overtake item {item}", "warning"),
    "work.overtaking.approved": ("circle-check", "agreed that others overtake item {item}", "warning"),
    "work.overtaking.declined": ("circle-x", "declined that others overtake item {item}", "neutral"),
    "work.overtaking.withdrawn": ("arrow-back-up", "took back the proposal to overtake item {item}", "neutral"),
    "work.overtaking.lapsed": ("hourglass", "let a proposal lapse: something else would overtake item {item} now",
                               "neutral"),
}  # fmt: skip


def to_approve(user: User) -> Waiting:
    """Proposals a second person has to decide on; one's own are somebody else's to decide."""
    rows = scoped(Overtaking.objects.filter(state=Overtaking.State.PROPOSED), user, "lane__legal_entity")
    rows = rows.exclude(proposed_by=user).select_related("lane", "proposed_by").order_by("pk")
    found = list(rows[:TOP])
    return Waiting(
        count=rows.count(),
        oldest=found[0].created_at if found else None,
        url=f"{reverse('work:overtaking-list')}?state=proposed",
        rows=[
            WaitingRow(
                title=row.lane.key,
                detail=f"{row.get_way_display()}, by {row.proposed_by.label}: {row.reason}"[:120],
                money=next((Money(Decimal(amount), currency) for currency, amount in row.money.items()), None),
                url=reverse("work:overtaking-detail", args=[row.pk]),
                when=row.created_at,
                badge=proposals.state(row),
            )
            for row in found
        ],
    )


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Integration", "Stuck lanes", "work:stalled", "stack-2", SEE, weight=40))
    home.PANELS.register(
        "work.blocked",
        Panel("Blocked lanes", blocked, frozenset({Role.INTEGRATION_ADMIN}), weight=22, permission=SEE,
              icon="stack-2", empty="Every lane moves."),
    )  # fmt: skip
    home.PANELS.register(
        "work.overtaking",
        Panel("Overtaking to approve", to_approve, frozenset({Role.FINANCE, Role.INTEGRATION_ADMIN}), weight=23,
              permission=APPROVE, icon="user-check", empty="No proposal waits for a second person."),
    )  # fmt: skip
    links.to("lane", "work:lane-detail")
    badges.words("danger", "key", "auth")
    badges.words("warning", "hourglass", "transient", "rate")
    badges.words("danger", "map", "data")
    for action, (icon, sentence, tone) in SENTENCES.items():
        timeline.tell(action, icon, sentence, tone)  # type: ignore[arg-type]
