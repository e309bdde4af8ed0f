"""The inbox, the bell, and following an exception."""

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Max, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from integration_hub.cases.models import Case
from integration_hub.console.buttons import Button
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, find_or_404, selection
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.tables import Table
from integration_hub.notices import queries, wishes
from integration_hub.notices.actions import preferences as choosing
from integration_hub.notices.actions import reading, watching
from integration_hub.notices.filters import NoticeFilter
from integration_hub.notices.forms import PreferencesForm, initial_of
from integration_hub.notices.models import Habit, Kind
from integration_hub.notices.policies import SEE
from integration_hub.notices.tables import NoticeTable

MOST = 99
"""More than so many unread are told as so many and a plus: counting on is work for nothing."""


class NoticeList(ListScreen):
    """What the person was told, newest first."""

    permission = SEE
    scope = "legal_entity"
    title = "Notices"
    lead = "What happened to exceptions that concern you. Each leads to its exception."
    table_class: ClassVar[type[Table]] = NoticeTable
    filterset_class = NoticeFilter
    template_name = "notices/notice_list.html"
    empty = Empty("You have not been told anything yet", "Exceptions of your role, those given to you, those in which "
                  "you are mentioned and those you watch will be told here.")  # fmt: skip

    def rows(self) -> "QuerySet[Any]":
        """The person's own."""
        return queries.inbox(self.request.user).select_related("case")

    def bulk_buttons(self) -> list[Button]:
        """Marking the ticked ones; it hides nothing, so it acts at once."""
        return [Button("Mark read", reverse("notices:mark-read"), icon="check")]

    def buttons(self) -> list[Button]:
        """The way to what one is told, and how."""
        return [Button("How I am told", reverse("notices:preferences"), icon="settings", link=True)]

    def context(self) -> dict[str, Any]:
        """The newest notice that there is while the person looks: marking all as read stops there."""
        return {"newest": queries.unread(self.request.user).aggregate(newest=Max("pk"))["newest"]}


@screen(permission=SEE)
def bell(request: Request) -> HttpResponse:
    """How many are new: the part beside the bell, asked for now and then by every open page."""
    count = queries.unread(request.user)[: MOST + 1].count()
    return render(request, "notices/_bell.html", {"count": count, "most": MOST})


@screen(permission=SEE)
def notice_open(request: Request, pk: int) -> HttpResponse:
    """The exception of a notice, which has been read with that."""
    notice = find_or_404(queries.inbox(request.user), request.user, scope=None, pk=pk)
    reading.mark_read(notices=[notice.pk], by=request.user)
    return HttpResponseRedirect(reverse("cases:case-detail", args=[notice.case_id]))


@screen(permission=SEE, methods=["POST"])
def mark_read(request: Request) -> HttpResponse:
    """The ticked ones, or all up to the newest that was shown."""
    newest = request.POST.get("newest", "")
    if newest.isdecimal():
        count = reading.mark_all_read(by=request.user, up_to=int(newest))
    else:
        chosen = [key for key, _version in selection(request.POST.getlist("selected"))]
        count = reading.mark_read(notices=chosen, by=request.user)
    messages.success(request, f"{count:,} marked as read." if count else "There was nothing new among them.")
    return HttpResponseRedirect(reverse("notices:notice-list"))


@screen(permission=SEE, methods=["GET", "POST"])
def preferences(request: Request) -> HttpResponse:
    """How the person is told of what, and when."""
    person, mail_on = request.user, wishes.mail_is_on()
    if request.method == "POST" and request.POST.get("forget"):
        choosing.forget(by=person)
        messages.success(request, "You are told as everybody of your role.")
        return HttpResponseRedirect(request.path)
    theirs = wishes.Wishes([person])
    habit = Habit.objects.filter(person=person).first()
    form = PreferencesForm(
        posted(request),
        wishes={kind: theirs.of(person.pk, kind) for kind in Kind},
        initial=initial_of(habit, wishes.zone_of(person, wishes.zones())),
        mail_on=mail_on,
    )
    if form.is_valid() and form.save(by=person):
        messages.success(request, "Saved.")
        return HttpResponseRedirect(request.path)
    context = {
        "title": "How you are told",
        "lead": "Of what happens to exceptions that concern you. It belongs to you alone.",
        "breadcrumbs": [("Notices", reverse("notices:notice-list"))],
        "form": form,
        "mail_on": mail_on,
        "address": person.email,
        "chosen": habit is not None,
    }
    return render(request, "notices/preferences.html", context, status=422 if form.errors else 200)


@screen(permission=SEE, methods=["POST"])
def case_watch(request: Request, pk: int) -> HttpResponse:
    """Follow an exception."""
    case = find_or_404(Case.objects.all(), request.user, scope="legal_entity", pk=pk)
    watching.watch(case_id=case.pk, by=request.user)
    messages.success(request, "You will be told of what happens to it.")
    return HttpResponseRedirect(reverse("cases:case-detail", args=[case.pk]))


@screen(permission=SEE, methods=["POST"])
def case_unwatch(request: Request, pk: int) -> HttpResponse:
    """Follow it no longer."""
    case = find_or_404(Case.objects.all(), request.user, scope="legal_entity", pk=pk)
    watching.unwatch(case_id=case.pk, by=request.user)
    messages.success(request, "You are told of it no longer, unless it is yours.")
    return HttpResponseRedirect(reverse("cases:case-detail", args=[case.pk]))
