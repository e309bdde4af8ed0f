"""Connections: the list with their health, one with what its manifest promises, and the decisions about it."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, FloatField, Q, QuerySet
from django.db.models.functions import Cast, Round
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from integration_hub.connectors import policies
from integration_hub.connectors.actions import connections
from integration_hub.connectors.filters import CallFilter, ConnectionFilter
from integration_hub.connectors.forms import ConnectionForm, CredentialsForm, SettingsForm, VendorForm
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS, Manifest
from integration_hub.connectors.safety import CLASSES
from integration_hub.connectors.sections import BUTTONS, SECTIONS
from integration_hub.connectors.tables import (
    CallTable,
    ConnectionTable,
    RecentCalls,
    circuit,
    health,
    next_try,
    vendor_title,
)
from integration_hub.console import timeline
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm, ReasonForm
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.templatetags.console import badge, when
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Problem
from integration_hub.kernel.failures import Failed
from integration_hub.trail.queries import timeline_of

SEE, SEE_CALLS = "hub_connectors.view_connection", "hub_connectors.view_call"
EVENTS = 30
MINUTES = 5
READ = "Signs in and reads something small. Nothing is changed there."
TOLD = "Sends a message that says it is a test, or asks whether messages would be taken."
OTHER_HOST = "An address on another host forgets the credentials: they must be entered again."


def visible() -> "QuerySet[Connection]":
    """Connections, without their secrets: they serve all legal entities."""
    return Connection.objects.defer("sealed_credentials", "sealed_webhook_secret")


class ConnectionList(ListScreen):
    """Connections with their health."""

    permission = SEE
    scope = None  # an account in another system serves all legal entities
    title = "Connections"
    lead = "Accounts in other systems: whether they answer, when they were last read, how much is asked of them."
    table_class = ConnectionTable
    filterset_class = ConnectionFilter
    template_name = "console/room_list.html"
    empty = Empty(
        "No connection yet", "Set up the first one: choose a system and enter what its administrator gave you."
    )

    def rows(self) -> "QuerySet[Any]":
        """Connections with calls a minute."""
        recent = Count("calls", filter=Q(calls__at__gte=now() - _window()))
        rate = Round(Cast(F("recent"), FloatField()) / float(MINUTES), 1)
        return visible().annotate(recent=recent).annotate(per_minute=rate)

    def buttons(self) -> list[Button]:
        """Setting up a new one."""
        return [
            Button("New connection", reverse("connectors:connection-add"), policies.can_set_up(self.request.user),
                   tone="primary", icon="plus", link=True),
            Button("Calls", reverse("connectors:call-list"), icon="activity", link=True),
        ]  # fmt: skip


def _window() -> timedelta:
    return timedelta(minutes=MINUTES)


class CallList(ListScreen):
    """Every call, newest first."""

    permission = SEE_CALLS
    scope = None
    title = "Calls"
    lead = "What was asked of other systems and what they answered. Bodies and secrets are never kept."
    table_class = CallTable
    filterset_class = CallFilter
    template_name = "console/room_list.html"
    empty = Empty("No call has been made yet")

    def rows(self) -> "QuerySet[Call]":
        """Calls with their connection."""
        return Call.objects.select_related("connection").defer(
            "connection__sealed_credentials", "connection__sealed_webhook_secret", "connection__settings"
        )

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Below the connections."""
        return [("Connections", reverse("connectors:connection-list"))]


# One connection ---------------------------------------------------------------------------------------------------


def find(request: Request, code: str) -> Connection:
    """A connection by its code, or 404."""
    return find_or_404(visible(), request.user, scope=None, code=code)


def manifest_of(connection: Connection) -> Manifest:
    """What its connector promises, or 404 when the connector is gone."""
    connector = CONNECTORS.find(connection.vendor)
    if connector is None:
        raise Http404
    return connector.manifest


def page_of(connection: Connection) -> str:
    """The address of a connection's page."""
    return reverse("connectors:connection-detail", args=[connection.code])


@screen(permission=SEE)
def connection_detail(request: Request, code: str) -> HttpResponse:
    """One connection: how it is, what it reads and writes, what was called."""
    connection = find(request, code)
    manifest = manifest_of(connection)
    calls = Call.objects.filter(connection=connection)
    context = {
        "connection": connection,
        "title": str(connection),
        "status": health(connection),
        "key": connection.code,
        "lead": manifest.title,
        "breadcrumbs": [("Connections", reverse("connectors:connection-list"))],
        "buttons": buttons(connection, request),
        "facts": facts(connection),
        "manifest": manifest,
        "writes": [(write, CLASSES[write.safety]) for write in manifest.writes],
        "sections": [html for _, section in SECTIONS if (html := section(connection, request))],
        "calls": RecentCalls(calls, request, name="calls") if request.user.has_perm(SEE_CALLS) else None,
        "calls_url": f"{reverse('connectors:call-list')}?connection={connection.pk}",
        "entries": timeline.entries(timeline_of("connection", connection.pk, limit=EVENTS)),
    }
    return render(request, "connectors/connection_detail.html", context)


@screen(permission=SEE)
def connection_by_id(request: Request, pk: int) -> HttpResponse:
    """The page of a connection named by its id, as records that point to it know it."""
    return HttpResponseRedirect(page_of(find_or_404(visible(), request.user, scope=None, pk=pk)))


def facts(connection: Connection) -> list[tuple[str, Any]]:
    """The connection in facts; never a secret."""
    stopped = circuit(connection)
    has = Connection.objects.filter(pk=connection.pk)
    return known(
        ("System", vendor_title(connection)),
        ("Address", connection.base_url or None),
        ("Health as of", when(connection.health_at) if connection.health_at else None),
        ("It said", connection.health_detail or None),
        ("Circuit", badge(stopped) if stopped else "closed: calls go through"),
        ("One call tries", next_try(connection) or None),
        ("Failures in a row", connection.failures_in_row or None),
        ("Credentials", "set" if has.exclude(sealed_credentials=b"").exists() else "not set"),
        ("Webhook secret", "set" if has.exclude(sealed_webhook_secret=b"").exists() else "not set"),
        *[(name.replace("_", " ").capitalize(), str(value)) for name, value in sorted(connection.settings.items())],
    )


def buttons(connection: Connection, request: Request) -> list[Button]:
    """What may be done with a connection."""
    at = {name: reverse(f"connectors:connection-{name}", args=[connection.code]) for name in VERBS}
    pause = policies.can_pause(request.user)
    offered = [Button("Test", at["test"], pause, tone="primary", icon="plug-connected", version=connection.version)]
    offered += [button for _, more in BUTTONS for button in more(connection, request)]
    if connection.is_paused:
        offered.append(Button("Resume", at["resume"], pause, icon="player-play", version=connection.version))
    else:
        offered.append(Button("Pause…", at["pause"], pause, icon="player-pause"))
    set_up, re_key = policies.can_set_up(request.user), policies.can_set_credentials(request.user)
    offered.append(Button("Settings…", at["change"], set_up, icon="settings", link=bool(set_up)))
    offered.append(Button("Credentials…", at["credentials"], re_key, icon="key", link=bool(re_key)))
    return offered if pause else offered[:1]


VERBS = ("test", "pause", "resume", "change", "credentials")


def _facts_of(connection: Connection) -> list[tuple[str, Any]]:
    return [("Connection", str(connection)), ("Health", badge(health(connection)))]


@screen(permission=SEE, methods=["GET", "POST"])
def connection_pause(request: Request, code: str) -> HttpResponse:
    """Stop all calls."""
    connection = find(request, code)
    confirm = Confirm(
        title=f"Pause {connection}",
        verb="Pause",
        back=page_of(connection),
        form=ReasonForm(request.POST or None, initial={"version": connection.version}),
        facts=_facts_of(connection),
        consequence="Nothing is read from it or sent to it until it is resumed. Work waits; nothing is lost.",
        decision=policies.can_pause(request.user),
        tone="danger",
    )
    return decide(
        request,
        confirm,
        lambda data: connections.pause(
            connection_id=connection.pk, reason=data["reason"], by=request.user, seen_version=data["version"]
        ),
        done=f"{connection} is paused.",
    )


@screen(permission=SEE, methods=["GET", "POST"])
def connection_resume(request: Request, code: str) -> HttpResponse:
    """Let calls go on."""
    connection = find(request, code)
    confirm = Confirm(
        title=f"Resume {connection}",
        verb="Resume",
        back=page_of(connection),
        form=DecisionForm(request.POST or None, initial={"version": connection.version}),
        facts=[*_facts_of(connection), ("Paused because", connection.paused_reason)],
        decision=policies.can_pause(request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: connections.resume(connection_id=connection.pk, by=request.user, seen_version=data["version"]),
        done=f"{connection} goes on.",
    )


@screen(permission=SEE, methods=["GET", "POST"])
def connection_test(request: Request, code: str) -> HttpResponse:
    """Sign in there and read something small, now."""
    connection = find(request, code)
    confirm = Confirm(
        title=f"Test {connection}",
        verb="Test",
        back=page_of(connection),
        form=DecisionForm(request.POST or None, initial={"version": connection.version}),
        facts=_facts_of(connection),
        consequence=TOLD if manifest_of(connection).role == "downstream" else READ,
        decision=policies.can_pause(request.user),
    )
    return decide(request, confirm, lambda data: _test(connection, request), done=lambda sentence: sentence)


def _test(connection: Connection, request: Request) -> str:
    try:
        return connections.test(connection_id=connection.pk, by=request.user)
    except Failed as failure:
        raise NotReady(f"{failure.message} {failure.remedy}".strip()) from failure


@screen(permission=SEE, methods=["GET", "POST"])
def connection_change(request: Request, code: str) -> HttpResponse:
    """Name, address and settings."""
    connection = find(request, code)
    initial = {**connection.settings, "name": connection.name, "base_url": connection.base_url}
    form = SettingsForm(
        request.POST or None, manifest=manifest_of(connection), initial={"version": connection.version, **initial}
    )
    confirm = Confirm(
        title=f"Settings of {connection}", verb="Save", back=page_of(connection), form=form,
        consequence=OTHER_HOST if "base_url" in form.fields else "", decision=policies.can_set_up(request.user),
    )  # fmt: skip
    return decide(
        request,
        confirm,
        lambda data: connections.change(
            connection_id=connection.pk,
            name=data["name"],
            base_url=data.get("base_url", ""),
            settings=form.settings(connection.settings),
            by=request.user,
            seen_version=data["version"],
        ),
        done="Saved.",
    )


@screen(permission="hub_connectors.rotate_credentials", methods=["GET", "POST"])
def connection_credentials(request: Request, code: str) -> HttpResponse:
    """Set credentials: they are sealed, and never shown again."""
    connection = find(request, code)
    form = CredentialsForm(
        request.POST or None, manifest=manifest_of(connection), initial={"version": connection.version}
    )
    confirm = Confirm(
        title=f"Credentials of {connection}",
        verb="Seal and save",
        back=page_of(connection),
        form=form,
        consequence="They replace what is set, are sealed at once and never shown again.",
        decision=policies.can_set_credentials(request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: connections.set_credentials(
            connection_id=connection.pk,
            by=request.user,
            seen_version=data["version"],
            credentials=form.credentials(),
            webhook_secret=form.webhook_secret(),
        ),
        done="Credentials are set. Test the connection now.",
    )


# A new one --------------------------------------------------------------------------------------------------------


@screen(permission="hub_connectors.add_connection", methods=["GET", "POST"])
def connection_add(request: Request) -> HttpResponse:
    """Choose the system, then enter what it needs."""
    vendor = request.GET.get("vendor", "")
    connector = CONNECTORS.find(vendor)
    crumbs = [("Connections", reverse("connectors:connection-list"))]
    if connector is None:
        context = {"title": "New connection", "lead": "Which system is it?", "breadcrumbs": crumbs,
                   "form": VendorForm(initial={"vendor": vendor})}  # fmt: skip
        return render(request, "connectors/connection_vendor.html", context)
    form = ConnectionForm(request.POST or None, manifest=connector.manifest)
    status = 200
    if request.method == "POST":
        made = _add(request, vendor, form)
        if made is not None:
            messages.success(request, f"{made} is set up. Test it now.")
            return HttpResponseRedirect(page_of(made))
        status = 422
    context = {"title": f"New connection to {connector.manifest.title}", "breadcrumbs": crumbs, "form": form,
               "manifest": connector.manifest}  # fmt: skip
    return render(request, "connectors/connection_add.html", context, status=status)


def _add(request: Request, vendor: str, form: ConnectionForm) -> Connection | None:
    if not form.is_valid():
        return None
    try:
        return connections.create(
            code=form.cleaned_data["code"],
            vendor=vendor,
            name=form.cleaned_data["name"],
            base_url=form.cleaned_data.get("base_url", ""),
            settings=form.settings(),
            credentials=form.credentials(),
            by=request.user,
        )
    except BadInput as wrong:
        for problem in wrong.problems:
            _note(form, problem)
    except Denied as refusal:
        form.add_error(None, str(refusal))
    return None


def _note(form: ConnectionForm, problem: Problem) -> None:
    known = problem.field in form.fields
    text = f"{problem.message} {problem.remedy}".strip() if known else str(problem)
    form.add_error(problem.field if known else None, text)
