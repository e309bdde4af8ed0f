"""Write-downs, write-offs and postponements: the list, one with its effect, propose, approve, take back."""

from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from billing import policies, set_aside, simulated, simulation
from billing.actions import write_down_approvals as approvals
from billing.actions import write_downs
from billing.filters import WriteDownFilter
from billing.forms import PostponeForm, ProposeForm, SeenWriteDownForm
from billing.models import Piece, WriteDown
from billing.set_aside import OpenWork
from billing.tables.write_downs import WriteDownPartTable, WriteDownTable
from contracts.models import Contract
from integration_hub.console import timeline
from integration_hub.console.badges import badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm, ReasonForm, posted
from integration_hub.console.http import Request, find_or_404, selection
from integration_hub.console.screens import Empty, ListScreen, screen
from integration_hub.console.wording import ago_html, day_html, hours, money_html, number
from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.kernel.money import ZERO
from integration_hub.people.scope import scoped
from integration_hub.trail.queries import timeline_of

VIEW = "billing.view_writedown"
PARTS = ("contract", "legal_entity", "proposed_by", "reversal_by")


class WriteDownList(ListScreen):
    """What is set aside before it is billed."""

    permission = VIEW
    scope: ClassVar[str | None] = "legal_entity__code"
    title = "Write-downs"
    lead = "Work that is billed for less, not at all, or later: who proposed it, why, and who approved it."
    template_name = "contracts/list.html"
    table_class = WriteDownTable
    filterset_class = WriteDownFilter
    empty = Empty("Nothing is written down", "Choose work in its list, or open one, to propose it.")

    def rows(self) -> "QuerySet[Any]":
        return WriteDown.objects.select_related(*PARTS)


def _find(request: Request, pk: int) -> WriteDown:
    return find_or_404(WriteDown.objects.select_related(*PARTS), request.user, pk=pk)


@screen(permission=VIEW)
def detail(request: Request, pk: int) -> HttpResponse:
    """One of them: the works, what its approval would bring, who has approved and who is missing."""
    row = _find(request, pk)
    parts = row.parts.select_related("event__resource", "write_down")
    context = {
        "title": str(row),
        "lead": write_downs.summary(row),
        "status": badge(row.status, row.get_status_display()),
        "breadcrumbs": [("Write-downs", reverse("billing:writedown-list"))],
        "buttons": _buttons(row, request),
        "facts": _facts(row),
        "approvals": row.approvals.select_related("by"),
        "missing": _missing(row),
        "table": WriteDownPartTable(parts, request, name="parts"),
        "entries": timeline.entries(timeline_of("billing.writedown", row.pk, limit=50)),
        "contract_url": reverse("contracts:contract-detail", args=[row.contract_id]),
    }
    if row.status in (WriteDown.Status.PROPOSED, WriteDown.Status.REVERSING):
        context["simulation"] = simulated.panel(lambda: simulation.of_write_down(row))
    return render(request, "billing/write_down_detail.html", context)


def _missing(row: WriteDown) -> list[str]:
    """Who still has to approve, seat by seat."""
    if row.status not in (WriteDown.Status.PROPOSED, WriteDown.Status.REVERSING):
        return []
    if not (known_there := policies.knows_write_downs(row.legal_entity.code)):
        return [known_there.reason]
    seats = approvals.standing(row).missing
    return [", ".join(sorted(seat)).replace("_", " ") or "anybody who may approve" for seat in seats]


def _facts(row: WriteDown) -> list[tuple[str, Any]]:
    share = number((row.amount / row.unbilled * 100).quantize(Decimal("0.01")))
    return known(
        ("Set aside, net", money_html(row.amount, row.currency)),
        ("Unbilled of the contract then", money_html(row.unbilled, row.currency)),
        ("Share of it", f"{share} %"),
        ("Contract", str(row.contract)),
        ("Reason", row.get_reason_display()),
        ("Whose doing", row.fault),
        ("Why", row.note),
        ("Until", day_html(row.until) if row.until else None),
        ("Proposed by", row.proposed_by.label),
        ("Proposed", ago_html(row.created_at)),
        ("In force", ago_html(row.decided_at) if row.decided_at else None),
        ("Written off now", _written(row)),
        ("Reversal proposed by", row.reversal_by.label if row.reversal_by else None),
        ("Ended because", row.ended_because),
    )


def _written(row: WriteDown) -> Any:
    """What is written off of its works by now, where it counts."""
    if row.status not in WriteDown.COUNTED or row.kind == WriteDown.Kind.POSTPONEMENT:
        return None
    return money_html(sum(set_aside.in_force(row).values(), ZERO), row.currency)


def _buttons(row: WriteDown, request: Request) -> list[Button]:
    user = request.user

    def at(name: str) -> str:
        return reverse(f"billing:writedown-{name}", args=[row.pk])

    if row.status == WriteDown.Status.PROPOSED:
        return [
            Button(
                "Approve…", at("approve"), policies.can_approve_write_down(row, user), "primary", "circle-check", "a"
            ),
            Button("Drop…", at("drop"), policies.can_drop_write_down(row, user), icon="circle-x", key="r"),
        ]
    if row.status == WriteDown.Status.REVERSING:
        return [
            Button("Approve the reversal…", at("approve"), policies.can_approve_write_down(row, user), "primary",
                   "circle-check", "a"),
            Button("Keep it…", at("keep"), policies.can_refuse_reversal(row, user), icon="circle-x", key="r"),
        ]  # fmt: skip
    if row.status != WriteDown.Status.IN_FORCE:
        return []
    if row.kind == WriteDown.Kind.POSTPONEMENT:
        return [Button("Fetch it back…", at("return"), policies.can_bring_back(row, user), icon="arrow-back-up")]
    return [Button("Reverse…", at("reverse"), policies.can_reverse_write_down(row, user), icon="arrow-back-up")]


# -- proposing -----------------------------------------------------------------------------------------------------


@screen(permission=VIEW, methods=["POST"])
def choose(request: Request) -> HttpResponse:
    """Freeze the ticked work and go to the question."""
    chosen = [str(pk) for pk, _ in selection(request.POST.getlist("selected"))]
    if not chosen:
        return HttpResponseRedirect(reverse("billing:work-list"))
    query = urlencode({"works": ",".join(chosen[:300])})
    return HttpResponseRedirect(f"{reverse('billing:writedown-propose')}?{query}")


def _frozen(request: Request) -> tuple[Contract | None, dict[str, OpenWork], str, Decision]:
    """The works that were chosen, by what the form or the address names: of one contract, in the person's scope."""
    named = request.POST.get("works") or request.GET.get("works", "")
    ids = [int(one) for one in named.split(",") if one.isdecimal()]
    rows = scoped(Piece.objects.filter(pk__in=ids).select_related("contract__legal_entity", "event"), request.user)
    contracts = {row.contract for row in rows}
    contract = next(iter(contracts)) if len(contracts) == 1 else None
    if contract is None:
        words = "These are of several contracts: choose work of one." if contracts else "None of this work is there."
        return None, {}, named, deny(words)
    found = set_aside.open_works(contract, {row.event.work_key for row in rows})
    if not found:
        return contract, {}, named, deny("Nothing of this work is open and has a price.")
    return contract, found, named, policies.can_propose_write_down(request.user, contract.legal_entity.code)


def _known(contract: Contract | None) -> Decision:
    return policies.knows_write_downs(contract.legal_entity.code) if contract else ALLOW


def _chosen(contract: Contract | None, found: dict[str, OpenWork]) -> list[tuple[str, Any]]:
    if contract is None:
        return []
    minutes = sum((one.minutes or ZERO for one in found.values()), ZERO)
    return known(
        ("Contract", str(contract)),
        ("Works", number(Decimal(len(found)))),
        ("Hours", hours(minutes / 60) if minutes else None),
        ("Open, net", money_html(_value(found), contract.currency)),
    )


def _value(found: dict[str, OpenWork]) -> Decimal:
    return sum((one.value for one in found.values()), ZERO)


@screen(permission=VIEW, methods=["GET", "POST"])
def propose(request: Request) -> HttpResponse:
    """Say how much of the chosen work is not billed, and why; others approve it."""
    contract, found, named, allowed = _frozen(request)
    initial = {"works": named, "seen": _value(found)}
    confirm = Confirm(
        title="Write this work down?",
        verb="Propose it",
        form=ProposeForm(posted(request), initial=initial, open_now=_value(found), several=len(found) != 1),
        back=reverse("billing:work-list"),
        facts=_chosen(contract, found),
        consequence="Nothing moves before others approve it. The next page shows them and you what it brings.",
        decision=allowed and _known(contract),
    )
    return decide(
        request,
        confirm,
        lambda data: write_downs.propose(
            contract_id=contract.pk if contract else 0, works=data["by_work"](found), total=data["total"],
            reason=data["reason"], note=data["note"], by=request.user,
        ),
        done=lambda row: f"{row} is proposed: others approve it.",
        back=lambda row: reverse("billing:writedown-detail", args=[row.pk]),
    )  # fmt: skip


@screen(permission=VIEW, methods=["GET", "POST"])
def postpone(request: Request) -> HttpResponse:
    """Put the chosen work off until a day."""
    contract, found, named, allowed = _frozen(request)
    confirm = Confirm(
        title="Bill this work later?",
        verb="Postpone it",
        form=PostponeForm(posted(request), initial={"works": named, "seen": _value(found)}, open_now=_value(found)),
        back=reverse("billing:work-list"),
        facts=_chosen(contract, found),
        consequence="It leaves its candidate, takes no room under a limit, and comes back by itself on that day.",
        decision=allowed,
    )
    return decide(
        request,
        confirm,
        lambda data: write_downs.postpone(
            contract_id=contract.pk if contract else 0, works={key: write_downs.Wanted() for key in found},
            until=data["until"], note=data["note"], by=request.user,
        ),
        done="The work is postponed.",
        back=lambda row: reverse("billing:writedown-detail", args=[row.pk]),
    )  # fmt: skip


# -- deciding --------------------------------------------------------------------------------------------------------


@screen(permission=VIEW, methods=["GET", "POST"])
def approve(request: Request, pk: int) -> HttpResponse:
    """Approve a proposal, or a reversal, with its effect in sight."""
    row = _find(request, pk)
    reversal = approvals.is_reversal(row)
    form = SeenWriteDownForm(posted(request), initial={"version": row.version, "hash": row.content_hash})
    shown = request.method == "GET" and policies.can_approve_write_down(row, request.user)
    confirm = Confirm(
        title="Approve the reversal?" if reversal else f"Approve this {row.get_kind_display().lower()}?",
        verb="Approve it",
        form=form,
        back=reverse("billing:writedown-detail", args=[pk]),
        facts=_facts(row),
        details=simulated.panel(lambda: simulation.of_write_down(row)) if shown else None,
        consequence="With the last person needed the work can be billed again."
        if reversal
        else "With the last person needed it takes effect: the work leaves its candidate and is not billed.",
        decision=policies.can_approve_write_down(row, request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: approvals.approve(
            write_down_id=pk, by=request.user, seen_version=data["version"], seen_hash=data["hash"]
        ),
        done=lambda now: f"Approved. {now} is {now.get_status_display().lower()}.",
    )


@screen(permission=VIEW, methods=["GET", "POST"])
def drop(request: Request, pk: int) -> HttpResponse:
    """Refuse a proposal, or take one's own back."""
    row = _find(request, pk)
    confirm = _reasoned(request, row, "Drop this proposal?", "Drop it", policies.can_drop_write_down(row, request.user))
    return decide(
        request,
        confirm,
        lambda data: write_downs.drop(
            write_down_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        ),
        done="It is dropped: the work is billed as it was.",
    )


@screen(permission=VIEW, methods=["GET", "POST"])
def reverse_it(request: Request, pk: int) -> HttpResponse:
    """Propose to bill it after all."""
    row = _find(request, pk)
    allowed = policies.can_reverse_write_down(row, request.user)
    confirm = _reasoned(request, row, "Bill this work after all?", "Propose the reversal", allowed)
    return decide(
        request,
        confirm,
        lambda data: approvals.ask_reversal(
            write_down_id=pk, by=request.user, seen_version=data["version"], reason=data["reason"]
        ),
        done="The reversal is proposed: others approve it.",
    )


@screen(permission=VIEW, methods=["GET", "POST"])
def keep(request: Request, pk: int) -> HttpResponse:
    """Refuse the reversal."""
    row = _find(request, pk)
    confirm = _plain(request, row, "Keep it written off?", "Keep it", policies.can_refuse_reversal(row, request.user))
    return decide(
        request,
        confirm,
        lambda data: approvals.refuse_reversal(write_down_id=pk, by=request.user, seen_version=data["version"]),
        done="It stays written off.",
    )


@screen(permission=VIEW, methods=["GET", "POST"])
def bring_back(request: Request, pk: int) -> HttpResponse:
    """Fetch postponed work back."""
    row = _find(request, pk)
    confirm = _plain(
        request, row, "Bill it now after all?", "Fetch it back", policies.can_bring_back(row, request.user)
    )
    return decide(
        request,
        confirm,
        lambda data: write_downs.bring_back(write_down_id=pk, by=request.user, seen_version=data["version"]),
        done="The work is back: the next run takes it.",
    )


def _reasoned(request: Request, row: WriteDown, title: str, verb: str, allowed: Decision) -> Confirm:
    form = ReasonForm(posted(request), initial={"version": row.version})
    back = reverse("billing:writedown-detail", args=[row.pk])
    return Confirm(title=title, verb=verb, form=form, back=back, facts=_facts(row), decision=allowed)


def _plain(request: Request, row: WriteDown, title: str, verb: str, allowed: Decision) -> Confirm:
    form = DecisionForm(posted(request), initial={"version": row.version})
    back = reverse("billing:writedown-detail", args=[row.pk])
    return Confirm(title=title, verb=verb, form=form, back=back, facts=_facts(row), decision=allowed)


def ways_for_work(pieces: list[Piece], user: Any) -> list[Button]:
    """On the page of one work: what of it can be set aside."""
    chosen = [
        row for row in pieces if row.is_current and row.contract_id and row.state in set_aside.OPEN and row.amount
    ]
    if not chosen:
        return []
    entity = chosen[0].legal_entity.code if chosen[0].legal_entity else ""
    allowed = policies.can_propose_write_down(user, entity)
    query = urlencode({"works": ",".join(str(row.pk) for row in chosen)})
    return [
        Button("Write down…", f"{reverse('billing:writedown-propose')}?{query}", allowed, icon="arrow-down"),
        Button("Postpone…", f"{reverse('billing:writedown-postpone')}?{query}", allowed, icon="calendar"),
    ]


def for_ticked(user: Any) -> list[Button]:
    """What is done with the ticked work of its list."""
    if not user.has_perm("billing.propose_writedown"):
        return []
    return [Button("Write down…", reverse("billing:writedown-choose"), ALLOW, icon="arrow-down")]
