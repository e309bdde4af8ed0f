"""Posting windows on screen: every gate with its state, what it holds and when it opens; one gate with its clock."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.console import timeline, wording
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenReasonForm, still
from integration_hub.console.tables import Column, Table
from integration_hub.console.templatetags.console import amounts
from integration_hub.console.titled import Titled
from integration_hub.effects import calendar, gates, naming, policies
from integration_hub.effects.actions import gates as keeping
from integration_hub.effects.calendar import CLOCKED
from integration_hub.effects.models import Effect, Opening, PostingGate
from integration_hub.effects.tables import EffectTable
from integration_hub.effects.views import ENOUGH, find
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import added
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.trail.queries import timeline_of

SEE = "hub_effects.view_postinggate"
EVENTS = 30
NEXT = 8


def held_by(gate: PostingGate, user: User) -> "QuerySet[Effect]":
    """Effects that wait and have to pass this gate, as far as the person may see them."""
    rows = scoped(Effect.objects.filter(state=Effect.State.WAITING), user, "legal_entity")
    ids = [row.pk for row in rows.select_related("connection").defer("payload", "remote") if gates.applies(gate, row)]
    return Effect.objects.filter(pk__in=ids).select_related("connection").defer("payload", "remote")


def state(gate: PostingGate) -> Badge:
    """Whether the clock keeps a gate closed now; locks and cut-offs close by the date of the document."""
    if not gate.is_active:
        return Badge("Not in force", "neutral", "ban")
    if gate.kind not in CLOCKED:
        return Badge("By posting date", "info", "calendar")
    if calendar.is_closed(gates.rule_of(gate), now()):
        return Badge("Closed", "warning", "lock")
    return Badge("Open", "success", "lock-open")


def moment(at: datetime | None, zone: str) -> str:
    """An instant by the wall clock of a zone."""
    if at is None or at >= calendar.EVER:
        return ""
    local = at.astimezone(ZoneInfo(zone))
    return f"{local:%a} {local.day} {local:%b %Y %H:%M} {zone} (UTC{local:%z})"


def next_change(gate: PostingGate) -> str:
    """What the clock does to a gate next."""
    rule, at = gates.rule_of(gate), now()
    if gate.kind == PostingGate.Kind.CUT_OFF:
        month, cut = calendar.next_cut_off(rule, at, gates.holidays(gate, gates.active()))
        return f"cuts off {month:%B %Y} on {moment(cut, gate.zone)}"
    if gate.kind == PostingGate.Kind.MODULE_LOCK:
        return f"locked through {gate.locked_through}"
    if calendar.is_closed(rule, at):
        opens = calendar.next_opening(rule, at)
        return f"opens {moment(opens, gate.zone)}" if opens else "does not open by itself soon"
    closing = next(iter(calendar.closings(rule, at, at + calendar.AHEAD)), None)
    return f"closes {moment(closing, gate.zone)}" if closing else "stays open"


class GateTable(Table):
    """Gates with their state."""

    caption = "Posting windows"
    default_sort = "name"
    columns = [
        Column("name", "Gate", accessor=lambda row: Titled(row.name, row.get_kind_display()), sortable=True),
        Column("state", "Now", kind="badge", accessor=state),
        Column("next", "Next", accessor=next_change),
        Column("legal_entity", "Entity", accessor=lambda row: row.legal_entity or "all", sortable=True),
        Column("target", "Target", accessor=lambda row: str(row.connection) if row.connection else "all"),
        Column("late", "What is late", accessor=lambda row: row.get_late_display()),
    ]

    def row_url(self, row: PostingGate) -> str:
        """The gate."""
        return reverse("effects:gate-detail", args=[row.pk])

    def row_tone(self, row: PostingGate) -> str:
        """Gates that are closed now are marked; their state says it in words."""
        return "warning" if state(row).tone == "warning" else ""


HELD_COLUMNS = ("business_key", "connection", "amount", "posting_date", "legal_entity", "created_at")


class HeldTable(EffectTable):
    """What waits for a gate, the largest first."""

    caption = "Waiting"
    default_sort = "-amount"
    selectable = False
    columns = [column for column in EffectTable.columns if column.name in HELD_COLUMNS]


class GateList(ListScreen):
    """Posting windows."""

    permission = SEE
    scope = None  # a gate for one entity is no secret from the others: it holds no figures
    title = "Posting windows"
    lead = (
        "Gates that documents pass on their way to a ledger. What meets one closed waits, or moves on; nothing is lost."
    )
    table_class = GateTable
    template_name = "console/room_list.html"
    empty = Empty("No gate is set", "The periods of the ledger are respected anyway. Set gates in the administration.")

    def rows(self) -> "QuerySet[Any]":
        """All gates."""
        return PostingGate.objects.select_related("connection").defer(
            "connection__sealed_credentials", "connection__sealed_webhook_secret"
        )

    def buttons(self) -> list[Button]:
        """Setting up a new one."""
        return [_edit("New gate", reverse("admin:hub_effects_postinggate_add"), self.request.user, "plus")]


def _edit(label: str, url: str, user: User, icon: str) -> Button:
    return Button(label, url, policies.can_keep_gates(user), icon=icon, link=bool(policies.can_keep_gates(user)))


@screen(permission=SEE)
def gate_detail(request: Request, pk: int) -> HttpResponse:
    """One gate: its times, what it holds, the windows ahead and those that were fired."""
    gate = find_or_404(PostingGate.objects.select_related("connection"), request.user, scope=None, pk=pk)
    held = held_by(gate, request.user)
    change_url = reverse("admin:hub_effects_postinggate_change", args=[pk])
    context = {
        "gate": gate,
        "title": gate.name,
        "lead": gate.get_kind_display(),
        "status": state(gate),
        "breadcrumbs": [("Posting windows", reverse("effects:gate-list"))],
        "buttons": [_edit("Change", change_url, request.user, "settings")],
        "facts": facts(gate, held),
        "held": HeldTable(held, request, name="held"),
        "ahead": ahead(gate),
        "fired": Opening.objects.filter(gate=gate)[:NEXT],
        "entries": timeline.entries(timeline_of("gate", gate.pk, limit=EVENTS)),
    }
    return render(request, "effects/gate_detail.html", context)


def facts(gate: PostingGate, held: Iterable[Effect]) -> list[tuple[str, Any]]:
    """The gate in facts."""
    waiting = [naming.money(effect) for effect in held]
    money, count = added(one for one in waiting if one is not None), len(waiting)
    return known(
        ("Next", next_change(gate)),
        ("Waiting", f"{count:,}" if count else "nothing"),
        ("Money waiting", amounts(money) if money else None),
        ("Legal entity", gate.legal_entity or "all"),
        ("Target", str(gate.connection) if gate.connection else "all"),
        ("Effects", gate.effect_type or "all with a posting date"),
        ("What is late", gate.get_late_display()),
        ("Time zone", gate.zone),
        ("Open", _hours(gate) if gate.kind == PostingGate.Kind.BUSINESS_HOURS else None),
        ("Holidays", ", ".join(str(day) for day in sorted(gate.days)) or None),
        ("In force", wording.yes_no(gate.is_active)),
    )


def _hours(gate: PostingGate) -> str:
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    days = " ".join(names[day - 1] for day in sorted(set(gate.weekdays)))
    return f"{gate.opens:%H:%M} to {gate.closes:%H:%M}, {days}"


def ahead(gate: PostingGate) -> list[tuple[str, str, datetime]]:
    """What the clock will do: (what, wall clock there, instant), soonest first."""
    rule, at = gates.rule_of(gate), now()
    if gate.kind == PostingGate.Kind.CUT_OFF:
        days, found, on = gates.holidays(gate, gates.active()), [], at
        for _ in range(NEXT):
            month, on = calendar.next_cut_off(rule, on, days)
            found.append((f"Cuts off {month:%B %Y}", moment(on, gate.zone), on))
        return found
    opens = [("Opens", moment(one, gate.zone), one) for one in calendar.openings(rule, at, at + calendar.AHEAD)]
    closes = [("Closes", moment(one, gate.zone), one) for one in calendar.closings(rule, at, at + calendar.AHEAD)]
    return sorted(opens + closes, key=lambda row: row[2])[:NEXT]


@screen(permission="hub_effects.view_effect", methods=["GET", "POST"])
def effect_next_period(request: Request, pk: int) -> HttpResponse:
    """Date what waits for its window into the next period."""
    effect = find(request, pk)
    confirm = Confirm(
        title=f"Post {effect.business_key} into the next period",
        verb="Post into the next period",
        back=reverse("effects:effect-detail", args=[pk]),
        form=SeenReasonForm(request.POST or None, initial={"seen": effect.state}),
        facts=known(
            ("Where", str(effect.connection)),
            ("Posting date", wording.day_html(effect.posting_date) if effect.posting_date else None),
            ("Waits because", effect.failure or None),
            ("Amount", wording.money_html(effect.amount, effect.currency) if effect.amount is not None else None),
        ),
        consequence="This effect is withdrawn. The document gets the first day of the next open period, tax is quoted "
        "for that day, and it has to be approved again.",
        decision=policies.can_move_on(effect, request.user, ENOUGH),
    )

    def act(data: Any) -> Effect:
        still(data["seen"], find(request, pk).state)
        return keeping.move_on(effect_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It is dated into the next period.")
