"""The contract page's own tabs: what each reads. Billing adds its own (`contracts.panels`)."""

from typing import Any

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from contracts import panels, payers_views, pictures, policies, progress_views, queries, tables, wording
from contracts.models import Cap, Contract, ContractLine, Milestone
from contracts.progress_tables import ProgressTable
from integration_hub.cases.models import Case
from integration_hub.console import links, timeline
from integration_hub.console.buttons import Button
from integration_hub.console.columns import Column
from integration_hub.console.http import Request
from integration_hub.console.tables import Table
from integration_hub.console.wording import day_html, yes_no
from integration_hub.kernel.clock import today
from integration_hub.processes.models import Process, Step
from integration_hub.processes.queries import Picture, picture
from integration_hub.trail.queries import timeline_of_many

STORY_PAGE = 50


def overview(contract: Contract, request: Request) -> dict[str, Any]:
    """Parties, dates, terms and orders; money and limits come from billing's parts."""
    return {
        "contract": contract,
        "parties": _parties(contract),
        "terms": _terms(contract),
        "orders": orders(contract),
        "payers": payers_views.shown(contract),
        "parts": panels.written(panels.CONTRACT_PARTS, contract, request),
    }


def orders(contract: Contract) -> list[dict[str, Any]]:
    """Purchase orders as pictures."""
    return [
        pictures.limit(
            f"PO {order.number}{f', {order.bill_to.customer.name}' if order.bill_to else ''}",
            "Purchase order",
            limit=order.amount,
            reserved=order.reserved,
            committed=order.committed,
            currency=order.currency,
            until=order.expires_on,
        )
        for order in contract.purchase_orders.select_related("bill_to__customer").order_by("-pk")
    ]


def linked(text: str, url: str) -> SafeString | str:
    """A text as a link to a page, or as it is where there is none."""
    return format_html('<a href="{}">{}</a>', url, text) if url else text


def _parties(contract: Contract) -> list[tuple[str, Any]]:
    bill_to = contract.bill_to
    return [
        ("Customer", linked(contract.customer.name, links.address("contracts.customer", contract.customer_id))),
        ("Customer number", contract.customer.code),
        ("Legal entity", f"{contract.legal_entity.code} · {contract.legal_entity.name}"),
        ("Billed to", f"{bill_to} · {bill_to.get_status_display()}" if bill_to else None),
        ("Delivery lead", contract.delivery_lead),
        ("Opportunity", contract.opportunity.name if contract.opportunity else None),
    ]


def _terms(contract: Contract) -> list[tuple[str, Any]]:
    return [
        ("Signed", day_html(contract.signed_on) if contract.signed_on else None),
        ("Runs from", day_html(contract.starts_on) if contract.starts_on else None),
        ("Runs until", day_html(contract.ends_on) if contract.ends_on else None),
        ("Currency", contract.currency),
        ("Payment terms", contract.payment_terms),
        ("Tax jurisdiction", contract.tax_jurisdiction),
        ("PO required", yes_no(contract.po_required)),
        *wording.of_policy(contract),
        ("Activated", day_html(contract.activated_at) if contract.activated_at else None),
    ]


def versions(contract: Contract, request: Request) -> dict[str, Any]:
    """Versions and amendments, with how far each amendment has travelled."""
    rows = contract.versions.select_related("amendment")
    amendments = tables.AmendmentTable(contract.amendments.select_related("contract"), request, name="amendments")
    keys = {f"{contract.number}/{row.number}": row for row in amendments.page.rows}
    for process in Process.objects.filter(business_key__in=keys).order_by("attempt"):
        keys[process.business_key].process = process
    return {"versions": tables.VersionTable(rows, request, name="versions"), "amendments": amendments}


def lines(contract: Contract, request: Request) -> dict[str, Any]:
    """The lines with their limits."""
    caps = Prefetch("caps", queryset=Cap.objects.filter(bill_to=None).order_by("kind", "-period", "pk"))
    rows = contract.lines.select_related("contract", "introduced_in").prefetch_related(caps)
    return {"table": tables.LineTable(rows, request, name="lines")}


def rates(contract: Contract, request: Request) -> dict[str, Any]:
    """Every price, the withdrawn ones greyed."""
    return {"table": tables.RateTable(queries.price_history(contract), request, name="rates")}


def projects(contract: Contract, request: Request) -> dict[str, Any]:
    """Projects and milestones."""
    rows = contract.projects.select_related("contract__customer", "contract__legal_entity")
    milestones = Milestone.objects.filter(line__contract=contract).select_related("line")
    measures = progress_views.measures_of(contract)
    return {
        "progress": ProgressTable(measures, request, name="progress"),
        "record": [_record(line, request) for line in progress_views.measured_lines(contract)],
        "projects": tables.ProjectTable(rows, request, name="projects"),
        "milestones": tables.MilestoneTable(milestones, request, name="milestones", today=today()),
    }


def _record(line: ContractLine, request: Request) -> Button:
    address = reverse("contracts:progress-record", args=[line.pk])
    return Button(f"Record progress of {line}", address, policies.can_measure(line, request.user), icon="plus")


def systems(contract: Contract, request: Request) -> dict[str, Any]:
    """Where it is known, and the steps of activation and amendments."""
    names = queries.rows_of(contract)
    table = tables.ReferenceTable(queries.references_among(names), request, name="references")
    for row in table.page.rows:
        row.owner = names.get((row.object_type, row.object_id), "")
    processes = [_process(picture(process)) for process in queries.processes_of(contract)[:10]]
    return {"table": table, "processes": processes}


_STEP = {"done": "done", "skipped": "done", "running": "current", "undoing": "current", "failed": "failed"}


def _process(shown: Picture) -> dict[str, Any]:
    """A saga as the template draws it."""
    steps = [
        {
            "label": step.title,
            "state": _STEP.get(step.state, "failed" if step.state == Step.State.UNDONE else "waiting"),
            "detail": step.state_label if step.state in {"undone", "undoing", "skipped"} else step.detail,
            "url": links.address("effect", step.effect.pk) if step.effect else "",
        }
        for step in shown.steps
    ]
    process = shown.process
    return {
        "title": shown.title,
        "process": process,
        "steps": steps,
        "url": links.address("process", process.pk),
        "started": process.started_at,
    }


class CaseTable(Table):
    """Cases of one contract."""

    caption = "Exceptions"
    default_sort = "-first_seen_at"
    columns = [
        Column("title", "Exception"),
        Column("code", "Code", kind="code"),
        Column("status", "Status", kind="badge"),
        Column("owner_role", "Whose", accessor=lambda row: row.owner_role.replace("_", " ").capitalize()),
        Column("assigned_to", "With", accessor=lambda row: row.assigned_to.label if row.assigned_to else None),
        Column("first_seen_at", "Since", kind="ago"),
    ]

    def row_url(self, row: Any) -> str:
        return links.address("case", row.pk)

    def row_tone(self, row: Any) -> str:
        return "" if row.is_open else "muted"


def cases(contract: Contract, request: Request) -> dict[str, Any]:
    """Exceptions about the contract or holding up its work: open ones, or all with `?all=1`."""
    rows = queries.cases_of(contract, request.user)
    everything = bool(request.GET.get("all"))
    shown = rows if everything else rows.filter(status__in=Case.OPEN_STATES)
    return {"table": CaseTable(shown, request, name="cases"), "everything": everything}


def open_cases(contract: Contract) -> int:
    """How many open exceptions name the contract as their subject."""
    about = Q(subject_type="contracts.contract", subject_id=str(contract.pk))
    return Case.objects.filter(about, status__in=Case.OPEN_STATES).count()


def story(contract: Contract, request: Request) -> dict[str, Any]:
    """What happened to the contract and to everything under it, newest first, by keyset."""
    objects: list[tuple[str, object]] = list(queries.rows_of(contract))
    for _, more in panels.CONTRACT_STORY:
        objects += more(contract)
    return told(objects, request)


def told(objects: list[tuple[str, object]], request: Request) -> dict[str, Any]:
    """A page of the timeline of several objects; `?before=` is the last event of the page before."""
    rows = timeline_of_many(objects)
    before = request.GET.get("before", "")
    if before.isdecimal():
        rows = rows.filter(pk__lt=int(before))
    events = list(rows[: STORY_PAGE + 1])
    shown = events[:STORY_PAGE]
    older = shown[-1].pk if len(events) > STORY_PAGE else None
    return {"entries": timeline.entries(shown), "older": older}


def register() -> None:
    """Fill the registry of tabs."""
    part, tab = panels.Part, panels.CONTRACT_TABS.register
    tab("overview", part("contracts/contract_overview.html", overview, "Overview", 0))
    tab("versions", part("contracts/contract_versions.html", versions, "Versions", 10))
    tab("lines", part("contracts/contract_lines.html", lines, "Lines", 20))
    tab("rates", part("contracts/contract_rates.html", rates, "Rates", 30, "contracts.view_ratecard"))
    tab("projects", part("contracts/contract_projects.html", projects, "Projects", 40, "contracts.view_project"))
    tab("systems", part("contracts/contract_systems.html", systems, "Systems", 70))
    tab("cases", part("contracts/contract_cases.html", cases, "Exceptions", 80, "hub_cases.view_case", open_cases))
    tab("timeline", part("contracts/contract_story.html", story, "Timeline", 90, "hub_trail.view_event"))
