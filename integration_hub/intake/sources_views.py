"""Source versions and webhooks: what came in, as it came, and what became of it."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.canonical import nouns
from integration_hub.cases.models import Case
from integration_hub.console import links, timeline, wording
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenForm, SeenNoteForm, still
from integration_hub.console.templatetags.console import badge, when
from integration_hub.intake import policies, queries, waiting
from integration_hub.intake.actions import versions
from integration_hub.intake.filters import DeliveryFilter, SourceFilter
from integration_hub.intake.models import Delivery, SourceVersion
from integration_hub.intake.tables import DeliveryTable, SourceTable, outcome
from integration_hub.intake.translation import canonical_of
from integration_hub.intake.views import EVENTS, SEE_SOURCE, for_all, without_secrets
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import User
from integration_hub.trail.queries import timeline_of

SEE_DELIVERY = "hub_intake.view_delivery"


class SourceList(ListScreen):
    """Source records, version by version, newest first."""

    permission = SEE_SOURCE
    scope = None  # records as they came carry no legal entity; `rows` leaves them to people who see all
    title = "Source records"
    lead = "Every version of every record, exactly as it came, and what became of it."
    table_class = SourceTable
    filterset_class = SourceFilter
    template_name = "console/room_list.html"
    noun = "source"
    empty = Empty("Nothing has come in yet", "Records appear here as soon as a feed was read.")

    def rows(self) -> "QuerySet[SourceVersion]":
        """Versions without their payloads."""
        rows = without_secrets(SourceVersion.objects.all(), "connection").defer("payload")
        return for_all(rows, self.request.user)


def find_source(request: Request, pk: int) -> SourceVersion:
    """A source version, or 404."""
    rows = for_all(without_secrets(SourceVersion.objects.select_related("run__file"), "connection"), request.user)
    found: SourceVersion = find_or_404(rows, request.user, scope=None, pk=pk)
    return found


@screen(permission=SEE_SOURCE)
def source_detail(request: Request, pk: int) -> HttpResponse:
    """One version: as it came, as it was understood, what became of it."""
    version = find_source(request, pk)
    key = f"{version.connection.code}/{version.entity}/{version.source_id}"
    others = queries.versions_of(version.connection.code, version.entity, version.source_id).defer("payload")
    context = {
        "version": version,
        "title": f"{nouns.one(version.entity).capitalize()} {version.source_id}",
        "status": outcome(version),
        "lead": f"Version {version.version}, as {version.connection} sent it",
        "breadcrumbs": [("Source records", reverse("intake:source-list"))],
        "buttons": source_buttons(version, request),
        "facts": _source_facts(version),
        "canonical": canonical_of(version),
        "case": Case.objects.filter(code=version.case_code, root_cause=version.root_cause).first()
        if version.root_cause
        else None,
        "others": SourceTable(others.exclude(pk=version.pk), request, name="others"),
        "trace_url": links.trace_of("source", key),
        "entries": timeline.entries(timeline_of("source", version.pk, limit=EVENTS)),
    }
    return render(request, "intake/source_detail.html", context)


def _source_facts(version: SourceVersion) -> list[tuple[str, Any]]:
    run = version.run
    return known(
        ("Connection", version.connection.code),
        ("Id there", version.source_id),
        ("Version", version.version),
        ("Deleted there", "yes" if version.deleted else None),
        ("Received", when(version.received_at)),
        ("Mapping", f"version {version.mapping_version}" if version.mapping_version else "not mapped"),
        ("Run", wording.number(run.pk) if run is not None else None),
        ("File", f"{run.file.name}, row {version.row_number}" if run is not None and run.file is not None else None),
        ("Waits for", version.waits_for or None),
        ("Hash", version.hash[:16]),
    )


REAPPLY = "hub_intake.run_feed"


def can_reapply(version: SourceVersion, by: User) -> Decision:
    """A stored version may be taken again while it is not settled."""
    if version.status not in ("received", "refused", "parked", "filtered"):
        return deny(f"This version is {version.get_status_display().lower()}: taking it again changes nothing.")
    return ALLOW if by.has_perm(REAPPLY) else deny("Only people who may read feeds can do this.")


def source_buttons(version: SourceVersion, request: Request) -> list[Button]:
    """Taking it again, and choosing it where two contents claim one version."""
    if version.status in ("applied", "stale"):
        return []
    offered = [Button("Take it again…", reverse("intake:source-reapply", args=[version.pk]),
                      can_reapply(version, request.user), tone="primary", icon="refresh", key="a")]  # fmt: skip
    if version.status == SourceVersion.Status.CONFLICT:
        choose = policies.can_choose(version, request.user)
        offered = [Button("This one is right…", reverse("intake:source-choose", args=[version.pk]), choose,
                          tone="primary", icon="check", key="a")]  # fmt: skip
    return offered


def _source_confirm(request: Request, version: SourceVersion, **more: Any) -> Confirm:
    return Confirm(
        back=reverse("intake:source-detail", args=[version.pk]),
        facts=[("Record", str(version)), ("Became", badge(outcome(version)))],
        **more,
    )


@screen(permission=SEE_SOURCE, methods=["GET", "POST"])
def source_reapply(request: Request, pk: int) -> HttpResponse:
    """Have a stored version taken again by its lane."""
    version = find_source(request, pk)
    confirm = _source_confirm(
        request, version, title="Take this record again", verb="Take it again",
        form=SeenForm(request.POST or None, initial={"seen": version.status}),
        consequence="It is read with the mapping in force now.", decision=can_reapply(version, request.user),
    )  # fmt: skip

    def act(data: Any) -> int:
        current = find_source(request, pk)
        still(data["seen"], current.status)
        can_reapply(current, request.user).or_raise()
        return waiting.later([pk])

    return decide(request, confirm, act, done="It is taken again in a moment.")


@screen(permission=SEE_SOURCE, methods=["GET", "POST"])
def source_choose(request: Request, pk: int) -> HttpResponse:
    """Of several contents that claim one version, this one is right."""
    version = find_source(request, pk)
    confirm = _source_confirm(
        request, version, title="This content is right", verb="Apply it",
        form=SeenNoteForm(request.POST or None, initial={"seen": version.status}),
        consequence="It is applied; the other contents of this version become out of date.",
        decision=policies.can_choose(version, request.user),
    )  # fmt: skip

    def act(data: Any) -> Any:
        still(data["seen"], find_source(request, pk).status)
        return versions.choose(version_id=pk, by=request.user, reason=data["reason"])

    return decide(request, confirm, act, done="It is applied.")


# Webhooks ---------------------------------------------------------------------------------------------------------


class DeliveryList(ListScreen):
    """Webhooks as they came, newest first."""

    permission = SEE_DELIVERY
    scope = None  # hints carry no legal entity; `rows` leaves them to people who see all
    title = "Webhooks"
    lead = "Stored before they were answered. A webhook is only a hint: what changed is read through the feed."
    table_class = DeliveryTable
    filterset_class = DeliveryFilter
    template_name = "console/room_list.html"
    empty = Empty("No webhook has come yet", "Feeds are read by their rhythm as well, so nothing is missing.")

    def rows(self) -> "QuerySet[Delivery]":
        """Deliveries without their bodies."""
        return for_all(without_secrets(Delivery.objects.all(), "connection").defer("body"), self.request.user)


@screen(permission=SEE_DELIVERY)
def delivery_detail(request: Request, pk: int) -> HttpResponse:
    """One webhook with its body."""
    rows = for_all(without_secrets(Delivery.objects.all(), "connection"), request.user)
    delivery: Delivery = find_or_404(rows, request.user, scope=None, pk=pk)
    context = {
        "delivery": delivery,
        "title": f"Webhook {delivery.delivery_id}",
        "status": delivery.status,
        "lead": str(delivery.connection),
        "breadcrumbs": [("Webhooks", reverse("intake:delivery-list"))],
        "body": bytes(delivery.body).decode("utf-8", "replace"),
        "facts": [
            ("Received", when(delivery.received_at)),
            ("Last seen", when(delivery.last_seen_at)),
            ("Times seen", delivery.times_seen),
            ("Problem", delivery.problem or None),
        ],
    }
    return render(request, "intake/delivery_detail.html", context)
