"""How far a line is: recorded on a page of its own, decided on where it fell, shown with the contract's projects."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.urls import reverse

from contracts import policies
from contracts.actions import progress
from contracts.forms import ProgressForm
from contracts.models import Contract, ContractLine, Method, ProgressMeasure
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import NoteForm, ReasonForm, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import screen
from integration_hub.console.wording import money_html
from integration_hub.kernel.clock import today

SCOPE = "line__contract__legal_entity__code"


def measures_of(contract: Contract) -> "QuerySet[ProgressMeasure]":
    """What was measured of the lines of a contract."""
    return ProgressMeasure.objects.filter(line__contract=contract).select_related("line__contract", "step")


def measured_lines(contract: Contract) -> "QuerySet[ContractLine]":
    """Its lines that are billed by progress."""
    rows = contract.lines.filter(method=Method.PROGRESS).select_related("contract__legal_entity")
    return rows.order_by("number")


def tab_of(contract: Contract) -> str:
    """The address of the tab that shows progress."""
    return reverse("contracts:contract-detail", args=[contract.pk]) + "?tab=projects"


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def record(request: Request, pk: int) -> HttpResponse:
    """Record how far a line is."""
    rows = ContractLine.objects.select_related("contract__legal_entity")
    line = find_or_404(rows, request.user, scope="contract__legal_entity__code", pk=pk)
    last = progress.standing(line)
    confirm = Confirm(
        title=f"Progress of {line.contract.number}, {line}",
        verb="Record",
        form=ProgressForm(posted(request), initial={"as_of": today(), "measured_by": request.user.get_full_name()}),
        back=tab_of(line.contract),
        facts=[
            ("Price", money_html(line.amount, line.contract.currency)),
            ("Measured last", str(last) if last else "Nothing yet"),
            ("Billed by it", money_html(progress.billed(line), line.contract.currency)),
        ],
        consequence="What is new of the price is billed by the next run, as of that day. If it is less than before, "
        "nothing changes until a second person confirms it.",
        decision=policies.can_measure(line, request.user),
    )

    def act(data: Any) -> ProgressMeasure:
        return progress.measure(line_id=pk, said=progress.MeasureIn(**data), by=request.user)

    return decide(request, confirm, act, done="The progress is recorded.", back=lambda row: tab_of(row.line.contract))


def _found(request: Request, pk: int) -> ProgressMeasure:
    rows = ProgressMeasure.objects.select_related("line__contract__legal_entity")
    return find_or_404(rows, request.user, scope=SCOPE, pk=pk)


def _facts(row: ProgressMeasure) -> list[tuple[str, Any]]:
    line, last = row.line, progress.standing(row.line)
    less = progress.billed(line) - progress.earned(line, row.percent)
    return [
        ("Line", f"{line.contract.number}, {line}"),
        ("Measured", str(row)),
        ("By", row.measured_by),
        ("Proof", row.evidence),
        ("Known before", str(last) if last else "Nothing"),
        ("Recorded by", row.recorded_by),
        ("Comes off the bill", money_html(less, line.contract.currency)),
    ]


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def confirm(request: Request, pk: int) -> HttpResponse:
    """Confirm that progress fell."""
    row = _found(request, pk)
    asked = Confirm(
        title=f"Confirm that progress fell to {row}?",
        verb="Confirm",
        form=NoteForm(posted(request), initial={"version": row.version}),
        back=tab_of(row.line.contract),
        facts=_facts(row),
        consequence="The newest steps are taken back whole: what is posted of them is credited, and what remains is "
        "billed anew.",
        decision=policies.can_decide_progress(row, request.user),
        tone="danger",
    )

    def act(data: Any) -> ProgressMeasure:
        return progress.confirm(measure_id=pk, by=request.user, seen_version=data["version"], note=data["note"])

    return decide(request, asked, act, done="The measure is in force.")


@screen(permission="contracts.view_contract", methods=["GET", "POST"])
def decline(request: Request, pk: int) -> HttpResponse:
    """Decline that progress fell."""
    row = _found(request, pk)
    asked = Confirm(
        title=f"Decline that progress fell to {row}?",
        verb="Decline",
        form=ReasonForm(posted(request), initial={"version": row.version}),
        back=tab_of(row.line.contract),
        facts=_facts(row),
        consequence="What was measured before stands.",
        decision=policies.can_decline_progress(row, request.user),
    )

    def act(data: Any) -> ProgressMeasure:
        return progress.decline(measure_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"])

    return decide(request, asked, act, done="What was measured before stands.")
