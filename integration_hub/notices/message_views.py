"""Messages that went out or did not, for administrators, and sending one again."""

from collections.abc import Sequence
from typing import Any, ClassVar

import django_filters
from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from integration_hub.console import filter_kinds, timeline
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm
from integration_hub.console.http import Request, selection
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.tables import Column, Table
from integration_hub.console.templatetags.console import when
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.notices import policies
from integration_hub.notices.actions import delivering
from integration_hub.notices.models import Channel, Message
from integration_hub.notices.tables import ToldTable
from integration_hub.trail.queries import timeline_of

SEE = "hub_notices.view_message"
EVENTS = 50


class MessageTable(Table):
    """To whom, how, and what became of it."""

    caption = "Messages"
    default_sort = "-id"
    selectable = True
    columns = [
        Column("to", "To"),
        Column("channel", "How", accessor="get_channel_display"),
        Column("state", "State", kind="badge"),
        Column("attempts", "Attempts", kind="number"),
        Column("count", "Notices", kind="number"),
        Column("created_at", "Made", kind="ago"),
        Column("sent_at", "Sent", kind="ago", hideable=True),
        Column("error", "What went wrong"),
    ]

    def row_url(self, row: Any) -> str:
        """Its page."""
        return reverse("notices:message-detail", args=[row.pk])


class MessageFilter(django_filters.FilterSet):  # type: ignore[misc]  # untyped library
    """Which messages."""

    state = filter_kinds.any_of("State", Message.State)
    channel = filter_kinds.any_of("How", [pair for pair in Channel.choices if pair[0] != Channel.APP])
    address = filter_kinds.contains("Address", "address")

    class Meta:
        model = Message
        fields: tuple[str, ...] = ()


class MessageList(ListScreen):
    """Every message, newest first. What a notice says is of its reader's legal entities, so it is not shown here."""

    permission = SEE
    scope = None
    title = "Messages"
    lead = "What was sent outside the console, and whether it arrived there."
    table_class: ClassVar[type[Table]] = MessageTable
    filterset_class = MessageFilter
    template_name = "console/room_list.html"
    empty = Empty("Nothing has been sent yet")

    def rows(self) -> "QuerySet[Any]":
        """With how many notices each carries."""
        return rows()

    def bulk_buttons(self) -> list[Button]:
        """For those who may."""
        if not self.request.user.has_perm("hub_notices.resend_message"):
            return []
        return [Button("Send again", reverse("notices:message-resend-ticked"), icon="send")]


def rows() -> "QuerySet[Any]":
    """Messages with everything a row shows."""
    return Message.objects.select_related("person", "room").annotate(count=Count("notices"))


@screen(permission=SEE)
def message_detail(request: Request, pk: int) -> HttpResponse:
    """One message: what became of it, and what can be done."""
    message = get_object_or_404(rows(), pk=pk)
    shown = message.notices.filter(legal_entity__in=request.user.legal_entities)
    if request.user.all_legal_entities:
        shown = message.notices.all()
    context = {
        "title": message.to,
        "status": message.state,
        "lead": f"{message.get_channel_display()} with {message.count:,} notice{'' if message.count == 1 else 's'}.",
        "breadcrumbs": [("Messages", reverse("notices:message-list"))],
        "buttons": [
            Button("Send again…", reverse("notices:message-resend", args=[pk]),
                   policies.can_resend(message, request.user), icon="send")
        ] if message.state in (Message.State.FAILED, Message.State.UNKNOWN) else [],
        "message": message,
        "facts": known(
            ("State", message.get_state_display()),
            ("Address", message.address),
            ("Attempts", str(message.attempts)),
            ("Made", when(message.created_at)),
            ("Sent", when(message.sent_at) if message.sent_at else None),
            ("What went wrong", message.error or None),
        ),
        "notices": ToldTable(shown.select_related("case"), request, name="notices"),
        "entries": timeline.entries(timeline_of("notices.message", pk, limit=EVENTS)),
    }  # fmt: skip
    return render(request, "notices/message_detail.html", context)


@screen(permission=SEE, methods=["GET", "POST"])
def message_resend(request: Request, pk: int) -> HttpResponse:
    """Have one sent again."""
    message = get_object_or_404(rows(), pk=pk)
    unknown = message.state == Message.State.UNKNOWN
    confirm = Confirm(
        title="Send this message again",
        verb="Send again",
        back=reverse("notices:message-detail", args=[pk]),
        form=DecisionForm(request.POST or None, initial={"version": message.version}),
        facts=known(("To", message.to), ("What went wrong", message.error or None)),
        consequence="It may have arrived already: then it arrives twice." if unknown else "It has not arrived yet.",
        decision=policies.can_resend(message, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: delivering.again(message_id=pk, by=request.user, seen_version=data["version"]),
        done="It is sent again.",
    )


@screen(permission="hub_notices.resend_message", methods=["POST"])
def message_resend_ticked(request: Request) -> HttpResponse:
    """Have those of the ticked ones sent again that failed; each for itself."""
    done, refused = _resend(request, selection(request.POST.getlist("selected")))
    if done:
        messages.success(request, f"{done:,} are sent again.")
    for text, count in refused.items():
        messages.warning(request, f"{count:,} not: {text}")
    return HttpResponseRedirect(reverse("notices:message-list"))


def _resend(request: Request, chosen: Sequence[tuple[int, int | None]]) -> tuple[int, dict[str, int]]:
    done, refused = 0, dict[str, int]()
    for pk, version in chosen:
        try:
            delivering.again(message_id=pk, by=request.user, seen_version=version or 0)
            done += 1
        except (ThroughlineError, Message.DoesNotExist) as error:
            refused[str(error)] = refused.get(str(error), 0) + 1
    return done, refused
