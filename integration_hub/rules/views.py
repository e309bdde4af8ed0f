"""Decision tables: the versions, one with its rules and checks, and the decisions on it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from integration_hub.console import timeline
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm, ReasonForm, posted
from integration_hub.console.http import Request
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.templatetags.console import when
from integration_hub.kernel.decision import Decision
from integration_hub.people.models import User
from integration_hub.rules import checks, draft_views, policies, queries
from integration_hub.rules.actions import tables
from integration_hub.rules.models import DecisionTable
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables_shown import Shown, VersionFilter, VersionTable, difference, shown, state
from integration_hub.trail.queries import timeline_of

SEE = "hub_rules.view_decisiontable"
EVENTS = 50


class VersionList(ListScreen):
    """Versions of all decision tables."""

    permission = SEE
    scope = None  # `rows` leaves out tables of other legal entities; those of all decide for everybody
    title = "Decision tables"
    lead = "Ordered rules that decide what people would decide alike. Written by one person, published by another."
    table_class = VersionTable
    filterset_class = VersionFilter
    template_name = "console/room_list.html"
    empty = Empty("The rules are as they were delivered", "A draft of other rules is made in the administration.")

    def rows(self) -> "QuerySet[Any]":
        """The versions a person may see."""
        return queries.visible_to(self.request.user)

    def buttons(self) -> list[Button]:
        """A new draft, in the administration; and what decides where no version was published."""
        allowed = policies.can_draft(self.request.user, "" if self.request.user.all_legal_entities else _own(self))
        new = reverse("admin:hub_rules_decisiontable_add")
        return [
            Button("As delivered", reverse("rules:delivered"), Decision(True), "default", "book", link=True),
            Button("New draft…", new, allowed, "primary", "plus", link=True),
        ]


def _own(page: VersionList) -> str:
    """Any legal entity of the person."""
    return next(iter(page.request.user.legal_entities), "")


@screen(permission=SEE)
def delivered(request: Request) -> HttpResponse:
    """The rules that decide where nobody has published others."""
    titles: dict[tuple[str, str], list[str]] = {}
    rules: dict[tuple[str, str], list[Shown]] = {}
    for _, kind in KINDS:
        rows = [shown(kind, n, rule) for n, rule in enumerate(kind.delivered, 1)]
        titles.setdefault((kind.about, repr(rows)), []).append(kind.title)
        rules[kind.about, repr(rows)] = rows
    kinds = [(", ".join(names), about, rules[about, words]) for (about, words), names in titles.items()]
    context = {
        "title": "Rules as delivered",
        "lead": "They decide for every legal entity for which no version is in force.",
        "breadcrumbs": [("Decision tables", reverse("rules:table-list"))],
        "kinds": kinds,
    }
    return render(request, "rules/delivered.html", context)


def _find(request: Request, pk: int) -> DecisionTable:
    return get_object_or_404(queries.visible_to(request.user), pk=pk)


@screen(permission=SEE)
def table_detail(request: Request, pk: int) -> HttpResponse:
    """One version: its rules beside those it replaces, what the checks say, who did what."""
    row = _find(request, pk)
    kind = KINDS.get(row.kind)
    name, before = queries.before(row)
    rules = queries.specs(row)
    report = queries.report(row)
    context = {
        "title": f"{kind.title}, version {row.number}",
        "lead": kind.about,
        "status": state(row),
        "key": str(row),
        "breadcrumbs": [("Decision tables", reverse("rules:table-list"))],
        "buttons": _buttons(request, row),
        "rules": difference(kind, before, rules),
        "compared": name,
        "report": report,
        "covered": _covered(report),
        "tests": row.tests.count(),
        "tried": draft_views.summaries(row, request.user),
        "can_be_tried": kind.history is not None and row.status in DecisionTable.OPEN,
        "inputs": [(item.name, item.label, item.type, ", ".join(value or "''" for value in item.values))
                   for item in kind.inputs],
        "facts": known(
            ("Legal entity", row.legal_entity or "all without rules of their own"),
            ("Why", row.note),
            ("Written by", row.author.label),
            ("Published by", row.published_by.label if row.published_by else None),
            ("In force since", when(row.published_at) if row.published_at else None),
        ),
        "entries": timeline.entries(timeline_of(tables.OBJECT, row.pk, limit=EVENTS)),
    }  # fmt: skip
    return render(request, "rules/table_detail.html", context)


def _covered(report: checks.Report) -> str:
    """How far the checks went, in words."""
    if not report.tried:
        return ""
    if report.proven:
        return f"All {report.tried:,} combinations that matter were tried: this is everything the rules can answer."
    return f"{report.tried:,} combinations were tried; there are more, so that a rule may be reached unseen."


def _buttons(request: Request, row: DecisionTable) -> list[Button]:
    def to(name: str) -> str:
        return reverse(f"rules:table-{name}", args=[row.pk])

    user = request.user
    if row.status in DecisionTable.OPEN:
        edit = reverse("admin:hub_rules_decisiontable_change", args=[row.pk])
        return [
            Button("Edit", edit, policies.can_edit(row, user), "default", "edit", link=True),
            Button("Check…", to("check"), policies.can_check(row, user), icon="list-check", link=True),
            *_try_buttons(row, user),
            Button("Publish…", to("publish"), policies.can_publish(row, user), "primary", "circle-check", link=True),
        ]
    buttons = [Button("Make a draft…", to("draft"), policies.can_draft(user, row.legal_entity), icon="edit",
                      link=True)]  # fmt: skip
    if row.status == DecisionTable.Status.SUPERSEDED:
        back = policies.can_roll_back(row, user)
        buttons.append(Button("Put back in force…", to("back"), back, icon="arrow-back-up", link=True))
    return buttons


def _try_buttons(row: DecisionTable, user: User) -> list[Button]:
    """To run a draft over what was decided, where its kind can be."""
    if KINDS.get(row.kind).history is None:
        return []
    entities = draft_views.entities_of(row, user)
    allowed = policies.can_run_draft(row, user, entities[0] if entities else row.legal_entity)
    start = reverse("rules:draft-run-start", args=[row.pk])
    return [Button("Run over history…", start, allowed, icon="history", link=True)]


def _decide(
    request: Request,
    row: DecisionTable,
    *,
    title: str,
    verb: str,
    consequence: str,
    allowed: Decision,
    act: Callable[[Mapping[str, Any]], Any],
    done: str | Callable[[Any], str],
    form: type[DecisionForm] = DecisionForm,
    to: Callable[[Any], str] | None = None,
    more: Sequence[tuple[str, Any]] = (),
) -> HttpResponse:
    confirm = Confirm(
        title=title,
        verb=verb,
        back=reverse("rules:table-detail", args=[row.pk]),
        form=form(posted(request), initial={"version": row.version}),
        facts=[("Table", KINDS.get(row.kind).title), ("Legal entity", row.legal_entity or "all"),
               ("Version", row.number), ("Rules", row.rules.count()), *more],
        consequence=consequence,
        decision=allowed if request.method != "POST" else Decision(True),
    )  # fmt: skip
    return decide(request, confirm, act, done=done, back=to)


@screen(permission=SEE, methods=("GET", "POST"))
def table_check(request: Request, pk: int) -> HttpResponse:
    """Have every check run."""
    row = _find(request, pk)
    return _decide(
        request,
        row,
        title=f"Check version {row.number}?",
        verb="Check",
        consequence="Every condition, value and test row is tried. Where nothing is wrong it can be published.",
        allowed=policies.can_check(row, request.user),
        act=lambda data: tables.check(table_id=pk, by=request.user, seen_version=data["version"]),
        done=lambda report: (
            f"Something is wrong with it: {report.problems[0]}" if report.problems else "Nothing is wrong with it."
        ),
    )


@screen(permission=SEE, methods=("GET", "POST"))
def table_publish(request: Request, pk: int) -> HttpResponse:
    """Put a checked version in force."""
    row = _find(request, pk)
    return _decide(
        request,
        row,
        title=f"Publish version {row.number}?",
        verb="Publish",
        consequence="It decides from now on. What is decided already keeps the version that decided it.",
        allowed=policies.can_publish(row, request.user),
        act=lambda data: tables.publish(table_id=pk, by=request.user, seen_version=data["version"]),
        done=f"Version {row.number} is in force.",
        more=draft_views.told(row, request.user),
    )


@screen(permission=SEE, methods=("GET", "POST"))
def table_back(request: Request, pk: int) -> HttpResponse:
    """Put an earlier version in force again."""
    row = _find(request, pk)
    return _decide(
        request,
        row,
        title=f"Put version {row.number} back in force?",
        verb="Put it back",
        consequence="A new version with its rules decides from now on.",
        allowed=policies.can_roll_back(row, request.user),
        act=lambda data: tables.roll_back(
            table_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        ),
        done=lambda made: f"Version {made.number} is in force, with the rules of version {row.number}.",
        form=ReasonForm,
        to=lambda made: reverse("rules:table-detail", args=[made.pk]),
    )


@screen(permission=SEE, methods=("GET", "POST"))
def table_draft(request: Request, pk: int) -> HttpResponse:
    """Make a draft from a version."""
    row = _find(request, pk)
    return _decide(
        request,
        row,
        title=f"Make a draft from version {row.number}?",
        verb="Make a draft",
        consequence="It is edited in the administration; nothing changes before it is published.",
        allowed=policies.can_draft(request.user, row.legal_entity),
        act=lambda data: tables.draft_from(table_id=pk, by=request.user),
        done=lambda made: f"Version {made.number} is a draft.",
        to=lambda made: reverse("rules:table-detail", args=[made.pk]),
    )
