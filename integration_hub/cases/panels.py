"""What the exceptions put into menu, home, timeline and links."""

from django.db.models import Min
from django.urls import reverse

from integration_hub.cases import queries
from integration_hub.cases.models import Case
from integration_hub.cases.tables import clock, held, kind_title
from integration_hub.cases.views import SEE
from integration_hub.console import badges, home, links, menu, timeline
from integration_hub.console.home import Panel, Waiting, WaitingRow
from integration_hub.people.models import User

TOP = 5


def waiting_count(user: User) -> int:
    """What waits for this person or for the person's role; one query."""
    mine = queries.view_condition("mine", user) | queries.view_condition("role", user)
    return queries.open_for(user).filter(mine).count()


def _queue(user: User, view: str) -> Waiting:
    rows = queries.open_for(user).filter(queries.view_condition(view, user))
    detailed = queries.with_urgency(queries.with_money(queries.with_held(rows)))
    top = list(detailed.order_by("-urgency", "pk")[:TOP])
    count = rows.count()
    return Waiting(
        count=count,
        oldest=rows.aggregate(at=Min("first_seen_at"))["at"] if count else None,
        money=queries.money_behind(rows) if count else [],
        url=f"{reverse('cases:case-list')}?view={view}",
        rows=[_row(case) for case in top],
    )


def _row(case: Case) -> WaitingRow:
    return WaitingRow(
        title=case.title,
        detail=kind_title(case),
        money=max(held(case), key=lambda money: money.amount, default=None),
        url=reverse("cases:case-detail", args=[case.pk]),
        when=case.first_seen_at,
        badge=clock(case),
    )


def of_my_role(user: User) -> Waiting:
    """Exceptions of the person's role by money × severity × age."""
    return _queue(user, "role")


def mine(user: User) -> Waiting:
    """Exceptions the person has taken."""
    return _queue(user, "mine")


SENTENCES = {
    "raised": ("alert-triangle", "raised {label}", "warning"),
    "reopened": ("repeat", "saw it again", "warning"),
    "healed": ("circle-check", "found that it no longer holds", "success"),
    "assigned": ("user-check", "assigned it to {assigned_to}", "neutral"),
    "delegated": ("user-check", "let {delegate} stand in until {until}", "neutral"),
    "taken_back": ("arrow-back-up", "ended that {delegate} stands in", "neutral"),
    "unassigned": ("users", "put it back into the queue of its role", "neutral"),
    "started": ("player-play", "started on it", "progress"),
    "waiting": ("hourglass", "waits for an answer", "neutral"),
    "snoozed": ("clock", "snoozed it", "neutral"),
    "woken": ("bell", "woke it", "neutral"),
    "commented": ("message", "wrote a comment", "neutral"),
    "resolved": ("circle-check", "resolved it", "success"),
    "retried": ("refresh", "tried it again: {items} put back to work", "progress"),
}


def register() -> None:
    """Fill the registries; called once by the app."""
    menu.add(menu.MenuItem("Work", "Exceptions", "cases:case-list", "alert-triangle", SEE, weight=10,
                           count=waiting_count, key="e"))  # fmt: skip
    home.PANELS.register(
        "cases.mine",
        Panel("Exceptions I have taken", mine, weight=12, permission="hub_cases.handle_case", icon="user-check"),
    )
    home.PANELS.register(
        "cases.role",
        Panel("Exceptions of my role", of_my_role, weight=10, permission="hub_cases.handle_case",
              icon="alert-triangle", empty="No exception waits for your role."),
    )  # fmt: skip
    links.to("case", "cases:case-detail")
    badges.words("success", "circle-check", "auto", "manual")
    badges.words("warning", "alert-triangle", "override")
    for verb, (icon, sentence, tone) in SENTENCES.items():
        timeline.tell(f"cases.case.{verb}", icon, sentence, tone)  # type: ignore[arg-type]
