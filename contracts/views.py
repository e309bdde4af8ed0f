"""Screens of what was agreed: contracts, projects, customers."""

from typing import Any, ClassVar

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from contracts import filters, panels, policies, queries, tables
from contracts.models import Contract, Customer, Milestone, Project
from integration_hub.console import links
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request, find_or_404, wants_partial
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import day_html
from integration_hub.kernel.clock import today
from integration_hub.people.scope import scope_q


class ContractList(ListScreen):
    """All contracts."""

    permission = "contracts.view_contract"
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Contracts"
    lead = "What was agreed with whom, and in which state it is."
    template_name = "contracts/list.html"
    table_class = tables.ContractTable
    filterset_class = filters.ContractFilter
    empty = Empty("No contract yet", "Contracts arrive from the CRM as soon as they are drafted there.")

    def rows(self) -> "QuerySet[Any]":
        methods = ArrayAgg("lines__method", distinct=True, filter=Q(lines__method__isnull=False), default=[])
        return Contract.objects.select_related("customer", "legal_entity").annotate(methods=methods)


@screen(permission="contracts.view_contract")
def contract_detail(request: Request, pk: int) -> HttpResponse:
    """A contract, one tab at a time."""
    rows = Contract.objects.select_related("customer", "legal_entity", "bill_to__customer", "bill_to__legal_entity")
    contract = find_or_404(rows.select_related("opportunity"), request.user, pk=pk)
    shown = panels.allowed(panels.CONTRACT_TABS, request.user)
    wanted = request.GET.get("tab", "")
    current = next((key for key, _ in shown if key == wanted), shown[0][0])
    context = {
        "title": f"{contract.number} · {contract.name}",
        "status": badge(contract.status, contract.get_status_display()),
        "lead": f"{contract.customer.name} · {contract.legal_entity.code} · {contract.currency}",
        "breadcrumbs": [("Contracts", reverse("contracts:contract-list"))],
        "buttons": [
            *panels.buttons(panels.CONTRACT_BUTTONS, contract, request.user),
            Button(
                "Who pays",
                reverse("contracts:contract-payers", args=[pk]),
                policies.can_agree_payers(contract, request.user),
            ),
            *_trace("contract", pk),
        ],
        "tabs": [_tab(request, key, part, contract, current=key == current) for key, part in shown],
        "body": panels.write(panels.CONTRACT_TABS.get(current), contract, request),
    }
    template = "contracts/contract_detail.html"
    return render(request, f"{template}#body" if wants_partial(request) else template, context)


def _tab(request: Request, key: str, part: panels.Part, row: Any, *, current: bool) -> dict[str, Any]:
    url = reverse("contracts:contract-detail", args=[row.pk]) + f"?tab={key}"
    return {
        "label": part.label,
        "url": url,
        "current": current,
        "count": (part.count(row) or None) if part.count else None,
    }


def _trace(kind: str, key: object) -> list[Button]:
    url = links.trace_of(kind, str(key))
    return [Button("Trace", url, icon="route", link=True)] if url else []


class ProjectList(ListScreen):
    """All projects."""

    permission = "contracts.view_project"
    scope: ClassVar[str | None] = "contract__legal_entity__code"
    title = "Projects"
    lead = "Where work is done. A project without a contract cannot be billed."
    template_name = "contracts/list.html"
    table_class = tables.ProjectTable
    filterset_class = filters.ProjectFilter
    empty = Empty("No project yet", "Activation of a contract opens its project.")

    def rows(self) -> "QuerySet[Any]":
        return Project.objects.select_related("contract__customer", "contract__legal_entity")


@screen(permission="contracts.view_project")
def project_detail(request: Request, pk: int) -> HttpResponse:
    """A project: its contract, tasks, milestones, references, and what billing adds about its work."""
    rows = Project.objects.select_related("contract__customer", "contract__legal_entity")
    project = find_or_404(rows, request.user, scope="contract__legal_entity__code", pk=pk)
    contract = project.contract
    references = tables.OwnReferences(queries.references_of(project), request, name="references")
    milestones = Milestone.objects.filter(line__contract=contract) if contract else Milestone.objects.none()
    context = {
        "title": f"{project.code} · {project.name}" if project.name != project.code else project.code,
        "status": badge(project.status, project.get_status_display()),
        "breadcrumbs": _way_to(project),
        "buttons": [*panels.buttons(panels.PROJECT_BUTTONS, project, request.user), *_trace("project", pk)],
        "project": project,
        "contract": contract,
        "contract_url": reverse("contracts:contract-detail", args=[contract.pk]) if contract else "",
        "facts": [
            ("Customer", contract.customer.name if contract else None),
            ("Legal entity", contract.legal_entity.code if contract else None),
            ("Runs from", day_html(project.starts_on) if project.starts_on else None),
            ("Runs until", day_html(project.ends_on) if project.ends_on else None),
        ],
        "tasks": tables.TaskTable(project.tasks.select_related("line"), request, name="tasks"),
        "milestones": tables.MilestoneTable(
            milestones.select_related("line"), request, name="milestones", today=today()
        ),
        "references": references,
        "parts": panels.written(panels.PROJECT_PARTS, project, request),
    }
    return render(request, "contracts/project_detail.html", context)


def _way_to(project: Project) -> list[tuple[str, str]]:
    way = [("Projects", reverse("contracts:project-list"))]
    if project.contract is not None:
        way.append((project.contract.number, reverse("contracts:contract-detail", args=[project.contract.pk])))
    return way


class CustomerList(ListScreen):
    """All customers a person works for."""

    permission = "contracts.view_customer"
    scope: ClassVar[str | None] = None  # a customer may buy from several legal entities: `customers_for` decides
    title = "Customers"
    lead = "Who buys, and to which group they belong."
    template_name = "contracts/list.html"
    table_class = tables.CustomerTable
    filterset_class = filters.CustomerFilter
    empty = Empty("No customer yet", "Customers arrive from the CRM.")

    def rows(self) -> "QuerySet[Any]":
        mine = scope_q(self.request.user, "contracts__legal_entity__code")
        count = Count("contracts", filter=mine, distinct=True)
        return queries.customers_for(self.request.user).select_related("parent").annotate(contract_count=count)


@screen(permission="contracts.view_customer")
def customer_detail(request: Request, pk: int) -> HttpResponse:
    """A customer: its group, its contracts, how it is billed, and open money."""
    customer = find_or_404(
        queries.customers_for(request.user).select_related("parent"), request.user, scope=None, pk=pk
    )
    contracts = queries.contracts_for(request.user).filter(customer=customer)
    seen = set(queries.customers_for(request.user).values_list("pk", flat=True))
    context = {
        "title": customer.name,
        "status": badge(customer.status, customer.get_status_display()),
        "key": customer.code,
        "breadcrumbs": [("Customers", reverse("contracts:customer-list"))],
        "buttons": panels.buttons(panels.CUSTOMER_BUTTONS, customer, request.user),
        "customer": customer,
        "family": _family(customer, seen),
        "facts": [
            ("Address", ", ".join(filter(None, [customer.street, customer.postal_code, customer.city]))),
            ("Region", customer.region),
            ("Country", customer.country),
            ("Tax number", customer.tax_id),
            ("Currency", customer.currency),
        ],
        "bill_tos": list(customer.bill_tos.select_related("legal_entity").filter(scope_q(request.user))),
        "contracts": CustomerContracts(contracts, request, name="contracts"),
        "references": tables.OwnReferences(queries.references_of(customer), request, name="references"),
        "parts": panels.written(panels.CUSTOMER_PARTS, customer, request),
    }
    return render(request, "contracts/customer_detail.html", context)


class CustomerContracts(tables.ContractTable):
    """The contracts of one customer."""

    columns = [column for column in tables.ContractTable.columns if column.name not in {"customer.name", "methods"}]


def _family(customer: Customer, seen: set[int]) -> list[dict[str, Any]]:
    """Ancestors, the customer itself and its children, with their depth; names lead only where one may look."""
    chain = _ancestors(customer)[::-1]
    tree = list(enumerate([*chain, customer]))
    tree += [(len(chain) + 1, child) for child in customer.children.order_by("name")]
    return [
        {
            "depth": depth,
            "customer": row,
            "current": row.pk == customer.pk,
            "url": reverse("contracts:customer-detail", args=[row.pk]) if row.pk in seen else "",
        }
        for depth, row in tree
    ]


def _ancestors(customer: Customer) -> list[Customer]:
    ids = queries.customer_chain(customer.pk)[1:]
    found = Customer.objects.in_bulk(ids)
    return [found[pk] for pk in ids]
