"""Approving many candidates in one act: choose in the list, see what was frozen, approve, see what became of each."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import cached_property

from billing import tables
from billing.actions import approvals, bulk
from billing.forms import BulkApproveForm
from billing.models import BulkApproval, BulkItem
from billing.queries import CANDIDATE_PARTS
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.forms import posted
from integration_hub.console.http import Request, selection, wants_partial
from integration_hub.console.progress import Progress
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import amounts_html, when_html
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.kernel.money import Money, added
from integration_hub.people.models import User
from integration_hub.people.scope import scoped

SEE = "billing.view_candidate"
WAITING = BulkItem.Outcome.WAITING


@screen(permission=SEE, methods=["POST"])
def choose(request: Request) -> HttpResponse:
    """Freeze the ticked candidates and go to the page that approves them."""
    chosen = selection(request.POST.getlist("selected"))
    if not chosen:
        return HttpResponseRedirect(reverse("billing:candidate-list"))
    seen = [(pk, version, None) for pk, version in chosen[: bulk.MOST]]
    frozen = bulk.freeze(by=request.user, seen=seen, told="Ticked in the list of candidates")
    return HttpResponseRedirect(reverse("billing:bulk-detail", args=[frozen.pk]))


def _find(pk: int) -> BulkApproval:
    return get_object_or_404(BulkApproval.objects.select_related("by", "delegation__giver"), pk=pk)


def _items(row: BulkApproval, user: User) -> "QuerySet[BulkItem]":
    parts = [f"candidate__{name}" for name in CANDIDATE_PARTS]
    return scoped(row.items.select_related("bulk", *parts), user, "candidate__legal_entity__code")


@screen(permission=SEE)
def detail(request: Request, pk: int) -> HttpResponse:
    """What is frozen and will be tried, or how far it is and what became of each."""
    row = _find(pk)
    items = _items(row, request.user)
    waiting = list(items.filter(outcome=WAITING)) if not row.decided_at else []
    going = row.decided_at is not None and row.finished_at is None
    url = reverse("billing:bulk-decide", args=[pk])
    context = {
        "title": str(row),
        "lead": f"{row.told}, {row.by.label}.",
        "breadcrumbs": [("Invoice candidates", reverse("billing:candidate-list"))],
        "buttons": [
            *([Button("Approve them…", url, _may_decide(row, request.user, waiting), "primary", "checks")]
              if not row.decided_at else []),
            Button("List to download", reverse("billing:bulk-items", args=[pk]), icon="download", link=True),
        ],
        "row": row,
        "going": going,
        "progress": _progress(row, going) if row.decided_at else None,
        "ready": _money(waiting),
        "ready_count": len(waiting),
        "refused_count": items.filter(outcome=BulkItem.Outcome.LEFT_OUT).count(),
        "facts": _facts(row),
        "table": tables.BulkItemTable(items, request, name="items"),
    }  # fmt: skip
    template = "billing/bulk_approval.html"
    return render(request, f"{template}#live" if wants_partial(request) else template, context)


def _may_decide(row: BulkApproval, user: User, waiting: list[BulkItem]) -> Decision:
    if row.by_id != user.pk:
        return deny("Only who chose these candidates approves them.")
    if not waiting:
        return deny("None of them can be approved by you.")
    return ALLOW


def _money(items: list[BulkItem]) -> list[Money]:
    return added([Money(Decimal(one.content["gross"]), one.content["currency"], "gross") for one in items])


def _progress(row: BulkApproval, going: bool) -> Progress:
    counts = dict(row.items.order_by().values_list("outcome").annotate(Count("pk")))
    total = sum(counts.values())
    return Progress(
        id="progress",
        noun="candidates gone through",
        done=total - counts.get(WAITING, 0),
        total=total,
        running=going,
        counts=(
            ("Approved", counts.get("approved", 0), "success"),
            ("Counted, more people needed", counts.get("counted", 0), ""),
            ("Left out", counts.get("left_out", 0), "warning" if counts.get("left_out") else ""),
        ),
        started_at=row.decided_at,
        finished_at=row.finished_at,
    )


def _facts(row: BulkApproval) -> list[tuple[str, Any]]:
    return [
        ("Chosen", when_html(row.created_at)),
        ("By", row.by.label),
        ("In the stead of", row.delegation.giver.label if row.delegation else None),
        ("Approved", when_html(row.decided_at) if row.decided_at else None),
        ("Finished", when_html(row.finished_at) if row.finished_at else None),
    ]


@screen(permission=SEE, methods=["GET", "POST"])
def approve(request: Request, pk: int) -> HttpResponse:
    """Approve what was frozen."""
    row = _find(pk)
    items = _items(row, request.user)
    ready = list(items.filter(outcome=WAITING))
    own, lent = request.user.has_perm("billing.approve_candidate"), list(approvals.held(request.user))
    confirm = Confirm(
        title=f"Approve {len(ready)} candidates?",
        verb=f"Approve {len(ready)}",
        form=BulkApproveForm(posted(request), own=own, lent=lent),
        back=reverse("billing:bulk-detail", args=[pk]),
        facts=[
            ("Gross", amounts_html(_money(ready))),
            ("Left out", items.filter(outcome=BulkItem.Outcome.LEFT_OUT).count()),
        ],
        consequence="Your approval counts for exactly the figures that were frozen. What moves before its turn comes "
        "is left out too, with the reason; it stops none of the others.",
        decision=_may_decide(row, request.user, ready),
    )
    return decide(
        request,
        confirm,
        lambda data: bulk.decide(bulk_id=pk, by=request.user, delegation_id=data.get("delegation")),
        done="They are being approved, one by one.",
    )


class ItemList(ListScreen):
    """The candidates of one bulk approval, to be downloaded with what became of each."""

    permission = SEE
    scope: ClassVar[str | None] = "candidate__legal_entity__code"
    table_class = tables.BulkItemTable
    template_name = "console/list.html"
    empty = Empty("Nothing was chosen", "Tick candidates in their list.")

    @cached_property
    def bulk(self) -> BulkApproval:
        """The bulk approval in the address."""
        return _find(int(self.kwargs["pk"]))

    @property
    def title(self) -> str:  # type: ignore[override]  # it names the act
        """Which act."""
        return f"Candidates of {str(self.bulk).lower()}"

    def rows(self) -> "QuerySet[Any]":
        return BulkItem.objects.filter(bulk=self.bulk).select_related(
            "bulk", *(f"candidate__{name}" for name in CANDIDATE_PARTS)
        )

    def breadcrumbs(self) -> list[tuple[str, str]]:
        """Candidates, then this act."""
        return [
            ("Invoice candidates", reverse("billing:candidate-list")),
            (str(self.bulk), reverse("billing:bulk-detail", args=[self.bulk.pk])),
        ]


def for_ticked(user: User) -> list[Button]:
    """What is done with the ticked candidates of their list, by those with an own or a lent right to approve."""
    if not user.has_perm("billing.approve_candidate") and not approvals.held(user).exists():
        return []
    return [Button("Approve…", reverse("billing:bulk-choose"), icon="checks")]
