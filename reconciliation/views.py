"""The tie-out: both sides of every arrow, what does not agree, what is held up, and the history as evidence."""

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from integration_hub.cases.models import Case
from integration_hub.console.actors import name_of
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.seen import SeenForm
from integration_hub.people.scope import scoped
from integration_hub.work.models import Item
from reconciliation import policies, queries
from reconciliation.actions import tieouts
from reconciliation.filters import TieOutFilter
from reconciliation.models import TieOut
from reconciliation.tables import TieOutTable, verdict

SEE = "reconciliation.view_tieout"


class TieOutList(ListScreen):
    """Statements, newest first."""

    permission = SEE
    scope = None  # a statement covers every legal entity; its arrows are shown by scope
    title = "Tie-outs"
    lead = "Every comparison ever made, kept as evidence."
    table_class = TieOutTable
    filterset_class = TieOutFilter
    template_name = "console/room_list.html"
    empty = Empty("No tie-out has been run yet", "One runs every day by itself.")

    def rows(self) -> "QuerySet[TieOut]":
        """All statements."""
        return queries.visible_to(self.request.user)

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Below the newest one."""
        return [("Tie-out", reverse("reconciliation:tieout-latest"))]


@screen(permission=SEE)
def tieout_latest(request: Request) -> HttpResponse:
    """The newest statement."""
    return _page(request, queries.latest(request.user))


@screen(permission=SEE)
def tieout_detail(request: Request, pk: int) -> HttpResponse:
    """One statement."""
    found = find_or_404(queries.visible_to(request.user), request.user, scope=None, pk=pk)
    return _page(request, found)


def _page(request: Request, tie_out: TieOut | None) -> HttpResponse:
    waiting = Item.objects.filter(lane__key=tieouts.LANE, state=Item.State.READY).exists()
    context = {
        "title": "Tie-out",
        "lead": "Do all systems agree? Both sides of every comparison are counted from different rows.",
        "buttons": [
            Button("Run now…", reverse("reconciliation:tieout-run"), policies.can_run(request.user), tone="primary",
                   icon="scale", key="a"),
            Button("History", reverse("reconciliation:tieout-list"), icon="history", link=True),
        ],
        "waiting": waiting,
        "tie_out": tie_out,
    }  # fmt: skip
    if tie_out is not None:
        user = request.user
        open_cases = Case.objects.filter(code=tieouts.CODE, root_cause__startswith=tieouts.ROOT)
        context |= {
            "status": verdict(tie_out),
            "run_by": name_of(tie_out.started_by),
            "parts": queries.parts(tie_out, user),
            "cases": queries.held(tie_out, user, "cases"),
            "holds": queries.held(tie_out, user, "holds"),
            "figures": queries.figures(tie_out, user),
            "records": tie_out.totals.get("records", {}),
            "silent": {
                system: f"did not answer, so what compares with it is left out. {why}"
                for system, why in tie_out.totals.get("silent", {}).items()
            },
            "open_cases": scoped(open_cases.filter(status__in=Case.OPEN_STATES), user, "legal_entity"),
        }
    return render(request, "reconciliation/tieout.html", context)


@screen(permission=SEE, methods=["GET", "POST"])
def tieout_run(request: Request) -> HttpResponse:
    """Have all arrows compared now."""
    last = queries.latest(request.user)
    confirm = Confirm(
        title="Run a tie-out",
        verb="Run it",
        back=reverse("reconciliation:tieout-latest"),
        form=SeenForm(request.POST or None, initial={"seen": str(last.pk if last else 0)}),
        consequence="The ERP is asked for its own books; arrows that do not agree become exceptions.",
        decision=policies.can_run(request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: tieouts.request(request.user),
        done=lambda item: "It is being compared." if item is not None else "One is on its way already.",
    )
