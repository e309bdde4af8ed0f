"""What billing puts on the pages of contracts, projects and customers."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from billing import ahead, memos, outlooks, policies, queries, retained, sheets, tables, withheld
from billing.actions import recognition, unserved
from billing.engine.schedule import month_start
from billing.models import Candidate, CreditReason, Hold, Invoice, Piece, Recognition, RevenueLine, ScheduleItem
from billing.tables.words import half_open
from billing.workflows import agreements
from contracts import pictures
from contracts.models import Amendment, Cap, CapMonth, Contract, Customer, Method, Project
from contracts.panels import (
    CONTRACT_BUTTONS,
    CONTRACT_PARTS,
    CONTRACT_STORY,
    CONTRACT_TABS,
    CUSTOMER_BUTTONS,
    CUSTOMER_PARTS,
    PROJECT_BUTTONS,
    PROJECT_PARTS,
    Part,
)
from integration_hub.console import charts
from integration_hub.console.buttons import Button
from integration_hub.console.http import Request
from integration_hub.console.wording import money_html
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import ZERO, show
from integration_hub.people.models import User
from integration_hub.processes.models import Process
from integration_hub.processes.queries import of_key

SHEETS = 20
"""Of a project's sheets, as many as its page shows."""
SHOWN: tuple[tuple[str, str], ...] = (
    ("posted", "success"),
    ("reserved", "progress"),
    ("billable", "info"),
    ("held", "warning"),
    ("over_cap", "warning"),
    ("blocked", "danger"),
)


def contract_money(contract: Contract, request: Request) -> dict[str, Any]:
    """The overview's figures."""
    money = queries.money_of(contract)
    states = {state: money.states.get(state, queries.Total()) for state in Piece.State.values}
    ready = queries.total([states["billable"], states["postponed"]])
    shown = (
        ("In candidates", states["reserved"], ["reserved"], ""),
        ("Ready to bill", ready, ["billable", "postponed"], ""),
        ("Held", states["held"], ["held"], "warning"),
        ("Blocked", queries.total([states["blocked"], states["over_cap"]]), ["blocked", "over_cap"], "danger"),
    )
    return {
        **_figures(contract, money),
        "tiles": [_tile(contract, label, found, names, tone) for label, found, names, tone in shown],
        "chart": work_chart(states, contract.currency),
        "standings": tables.standing_rows(sheets.standings(Piece.objects.filter(contract=contract, is_current=True))),
    }


def _figures(contract: Contract, money: queries.ContractMoney) -> dict[str, Any]:
    """What was agreed, invoiced and paid, each with the words under it."""
    currency = money.currency
    time = "time and materials" if money.up_to is None else f"time up to {show(money.up_to, currency)}"
    words = time if money.has_time and not money.agreed else f"plus {time}" if money.has_time else "fees and milestones"
    left = f", {show(money.open, currency)} open" if money.open else ""
    return {
        "agreed": money_html(money.agreed, currency) if money.agreed or not money.has_time else "By time",
        "agreed_words": words,
        "invoiced": money_html(money.net, currency),
        "invoiced_words": f"{money.invoices} {'invoice' if money.invoices == 1 else 'invoices'}",
        "invoices_url": f"{reverse('billing:invoice-list')}?{urlencode({'contract': contract.number})}",
        "paid": money_html(money.paid, currency),
        "paid_words": f"of {show(money.gross, currency)}{left}" if money.invoices else "",
    }


def _tile(contract: Contract, label: str, found: queries.Total, states: list[str], tone: str) -> dict[str, Any]:
    return {
        "label": label,
        "value": money_html(found.money.get(contract.currency, ZERO), contract.currency),
        "detail": tables.sum_words(found) if found.count else "",
        "url": tables.work_list_url(contract=contract.number, state=states),
        "tone": tone if found.count else "",
    }


def work_chart(states: dict[str, queries.Total], currency: str) -> Any:
    """Where work stands in one currency, as one bar in parts; None when there is no money in it."""
    labels = dict(Piece.State.choices)
    values = [(state, tone, states[state].money.get(currency, ZERO)) for state, tone in SHOWN if state in states]
    bars = [
        charts.Bar(labels[state], value, money_html(value, currency), tone)  # type: ignore[arg-type]  # tones above
        for state, tone, value in values
        if value
    ]
    return charts.stacked(bars, "Where the work stands") if bars else None


def contract_limits(contract: Contract, request: Request) -> dict[str, Any] | None:
    """Each limit with its balance and when it will be reached; the months of monthly ones, the latest first."""
    ahead = outlooks.of_contract(contract, today=today())
    if not ahead:
        return None
    months = CapMonth.objects.filter(cap__contract=contract).select_related("cap__line")
    return {
        "limits": [_limit(row) for row in ahead],
        "months": tables.LimitMonths(months, request, name="months") if any(map(_monthly, ahead)) else None,
    }


def _monthly(row: outlooks.Ahead) -> bool:
    return row.cap.period == Cap.Period.MONTH


def _limit(row: outlooks.Ahead) -> dict[str, Any]:
    """The picture of a limit; of a monthly one in the current month, whether or not anything was billed of it."""
    if not _monthly(row):
        return pictures.cap(row.cap, words=row.words)
    start = month_start(today())
    month = next((one for one in row.cap.months.all() if one.month == start), None)
    return pictures.cap(
        row.cap, month=month or CapMonth(cap=row.cap, month=start, limit=row.cap.limit), words=row.words
    )


def contract_schedule(contract: Contract, request: Request) -> dict[str, Any]:
    """What falls due, and what will be earned."""
    schedule = ScheduleItem.objects.filter(line__contract=contract).select_related("line")
    revenue = RevenueLine.objects.filter(plan__line__contract=contract, plan__is_current=True)
    recognised = Recognition.objects.filter(obligation__contract=contract).select_related("obligation")
    return {
        "unserved": [_unserved(row, contract, request.user) for row in unserved.of_contract(contract)],
        "recognised": tables.RecognitionTable(recognised, request, name="recognised"),
        "position": recognition.position_of(contract),
        "currency": contract.currency,
        "schedule": tables.ScheduleTable(schedule, request, name="schedule"),
        "revenue": tables.RevenueTable(revenue.select_related("plan__line", "milestone"), request, name="revenue"),
    }


def _unserved(row: unserved.Unserved, contract: Contract, user: User) -> dict[str, Any]:
    """A fee billed beyond the end, with the way to its credit for those who may ask for one."""
    invoice = row.line.invoice
    what = {f"pick_{row.line.number}": "on", f"line_{row.line.number}": row.to_credit}
    asked = urlencode({"how": "lines", **what, "reason": CreditReason.TERMINATED.value})
    may = bool(row.to_credit) and policies.can_credit(invoice, user).allowed
    return {
        "period": half_open(row.item),
        "invoice": invoice.number,
        "invoice_url": reverse("billing:invoice-detail", args=[invoice.pk]),
        "unserved": money_html(row.unserved, contract.currency),
        "to_credit": money_html(row.to_credit, contract.currency),
        "credit_url": f"{reverse('billing:invoice-credit-confirm', args=[invoice.pk])}?{asked}" if may else "",
    }


def contract_billing(contract: Contract, request: Request) -> dict[str, Any]:
    """Candidates and invoices of the contract."""
    candidates = Candidate.objects.filter(contract=contract).exclude(status="dissolved")
    invoices = queries.invoices_for(request.user).filter(contract=contract)
    return {
        "candidates": tables.ContractCandidates(
            candidates.select_related(*queries.CANDIDATE_PARTS), request, name="candidates"
        ),
        "invoices": tables.ContractInvoices(invoices, request, name="invoices"),
        "memos": tables.CreditMemoTable(
            memos.with_invoices(memos.every().filter(memos.of_contract(contract))), request, name="memos"
        ),
    }


def contract_holds(contract: Contract, request: Request) -> dict[str, Any]:
    """Holds on the contract and on everything under it."""
    from billing.views.holds import OPEN_FIRST

    rows = queries.holds_for(request.user).filter(contract=contract).annotate(rank=OPEN_FIRST)
    return {"table": ContractHolds(rows, request, name="holds")}


class ContractHolds(tables.HoldTable):
    """Holds on the page of their contract: decided on their own page."""

    has_buttons = False
    columns = [column for column in tables.HoldTable.columns if column.name != "contract.number"]

    def row_buttons(self, row: Any) -> list[Button]:
        return []


def open_holds(contract: Contract) -> int:
    """How many holds are open on a contract."""
    return Hold.objects.filter(contract=contract, status="open").count()


def contract_buttons(contract: Contract, user: User) -> Iterable[Button]:
    """Place a hold; start again what was undone."""
    undone = of_key(agreements.NAME, contract.number).first()
    if undone is not None and undone.state == Process.State.UNDONE:
        url = reverse("billing:activation-restart", args=[contract.pk])
        allowed = policies.can_restart_activation(contract, user)
        yield Button("Start activation again", url, allowed, "primary", "rotate-clockwise")
    for row in _stranded(contract):
        url = reverse("billing:amendment-carry", args=[row.pk])
        allowed = policies.can_carry_again(row, user)
        yield Button(f"Carry amendment {row.number} again", url, allowed, "primary", "rotate-clockwise")
    for row in contract.amendments.filter(status="draft").order_by("number"):
        url = reverse("billing:amendment-simulation", args=[row.pk])
        yield Button(f"What amendment {row.number} would bring", url, icon="eye", link=True)
    for line in contract.lines.filter(method=Method.RETAINER_PREPAID).select_related("contract__legal_entity"):
        url = reverse("billing:retainer-top-up", args=[line.pk])
        yield Button(f"Top up {line.name}", url, policies.can_top_up(line, user), icon="plus")
    yield from ahead.buttons(contract, user)
    yield from withheld.buttons(contract, user)
    yield _place("contract", contract.pk, user, contract.legal_entity.code)


def _stranded(contract: Contract) -> list[Amendment]:
    """Amendments in force here that did not reach every system."""
    waiting = contract.amendments.filter(status="applied", propagated_at__isnull=True).select_related("contract")
    found = []
    for row in waiting:
        last = of_key("contract.amendment", f"{contract.number}/{row.number}").first()
        if last is not None and last.state == Process.State.UNDONE:
            found.append(row)
    return found


def _place(scope: str, target: int, user: User, entity: str) -> Button:
    url = f"{reverse('billing:hold-place')}?scope={scope}&target={target}"
    return Button("Place a hold", url, policies.can_place_hold(user, entity, scope=scope), icon="hand-stop")


def project_buttons(project: Project, user: User) -> Iterable[Button]:
    """Place a hold on a project."""
    contract = project.contract
    yield _place("project", project.pk, user, contract.legal_entity.code if contract else "")


def customer_buttons(customer: Customer, user: User) -> Iterable[Button]:
    """Place a hold on a customer."""
    yield _place("customer", customer.pk, user, "")


def project_work(project: Project, request: Request) -> dict[str, Any]:
    """Work of the project by state, hours and money, and how far its billing is: in all, and by person and week."""
    sums = queries.work_of_project(project)
    pieces = Piece.objects.filter(event__project=project, is_current=True)
    by_week = sheets.sheets(pieces)
    labels = dict(Piece.State.choices)
    url = tables.work_list_url(project=project.code)
    currencies = sorted({currency for sum_ in sums.values() for currency in sum_.money})
    return {
        "rows": [(state, labels[state], sums[state], f"{url}&state={state}") for state in labels if state in sums],
        "total": queries.total(sums.values()),
        "charts": [(currency, chart) for currency in currencies if (chart := work_chart(sums, currency))],
        "work_url": url,
        "standings": tables.standing_rows(sheets.standings(pieces)),
        "sheets": tables.sheet_rows(by_week[:SHEETS], project=project.code),
        "sheets_in_all": len(by_week),
    }


def customer_money(customer: Customer, request: Request) -> dict[str, Any] | None:
    """What the customer owes."""
    if not request.user.has_perm("billing.view_invoice"):
        return None
    url = f"{reverse('billing:invoice-list')}?{urlencode({'customer': customer.code})}"
    return {"open": queries.open_of_customer(customer, request.user, today=today()), "url": url}


def story(contract: Contract) -> Iterable[tuple[str, object]]:
    """Billing's objects on the contract's timeline."""
    for kind, rows in (
        ("billing.hold", Hold.objects.filter(contract=contract)),
        ("billing.candidate", Candidate.objects.filter(contract=contract)),
        ("billing.invoice", Invoice.objects.filter(contract=contract)),
    ):
        yield from ((kind, pk) for pk in rows.values_list("pk", flat=True))


def register() -> None:
    """Fill the registries of contracts."""
    money = Part("billing/contract_money.html", contract_money, weight=0, permission="billing.view_piece")
    CONTRACT_PARTS.register("billing.money", money)
    CONTRACT_PARTS.register("billing.limits", Part("billing/contract_limits.html", contract_limits, weight=10))
    retainers = Part("billing/contract_retainers.html", retained.contract_retainers, weight=20)
    CONTRACT_PARTS.register("billing.retainers", retainers)
    retention = Part("billing/contract_retention.html", withheld.contract_retention, weight=21)
    CONTRACT_PARTS.register("billing.retention", retention)
    deposits = Part("billing/contract_deposits.html", ahead.contract_deposits, weight=22)
    CONTRACT_PARTS.register("billing.deposits", deposits)
    CONTRACT_TABS.register("schedule", Part("billing/contract_schedule.html", contract_schedule, "Schedule", 50))
    CONTRACT_TABS.register(
        "billing",
        Part("billing/contract_billing.html", contract_billing, "Billing", 55, "billing.view_candidate"),
    )
    CONTRACT_TABS.register(
        "holds", Part("billing/contract_holds.html", contract_holds, "Holds", 60, "billing.view_hold", open_holds)
    )
    CONTRACT_BUTTONS.register("billing", contract_buttons)
    CONTRACT_STORY.register("billing", story)
    PROJECT_PARTS.register(
        "billing.work", Part("billing/project_work.html", project_work, permission="billing.view_piece")
    )
    PROJECT_BUTTONS.register("billing", project_buttons)
    CUSTOMER_PARTS.register("billing.money", Part("billing/customer_money.html", customer_money))
    CUSTOMER_BUTTONS.register("billing", customer_buttons)
