"""The close cockpit: the checklist with owners, dates and money, what was accepted, the signatures and the pack."""

from io import BytesIO
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from contracts.models import LegalEntity
from integration_hub.console import timeline
from integration_hub.console.actors import name_of
from integration_hub.console.badges import Badge
from integration_hub.console.buttons import Button
from integration_hub.console.decisions import Confirm, decide
from integration_hub.console.export import XLSX
from integration_hub.console.facts import known
from integration_hub.console.forms import DecisionForm, ReasonForm, day, posted
from integration_hub.console.http import Request, find_or_404
from integration_hub.console.screens import Empty, ListScreen, require, screen
from integration_hub.console.seen import SeenForm
from integration_hub.console.wording import amounts_html, day_html
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.money import per_currency
from integration_hub.people.scope import scoped
from integration_hub.trail import record
from integration_hub.trail.queries import timeline_of
from reconciliation import policies
from reconciliation.actions import closes
from reconciliation.close_tables import CloseFilter, CloseTable, state_of, visible_to
from reconciliation.closing import pack as packs
from reconciliation.closing import paper, standing, workbook
from reconciliation.closing.checks import BY_NAME
from reconciliation.closing.standing import Line, Standing
from reconciliation.models import ClosePack, PeriodClose
from reconciliation.policies import SEE_CLOSE

EVENTS = 50
LINE_STATES = {
    "clear": Badge("Clear", "success", "circle-check"),
    "accepted": Badge("Accepted", "info", "circle-check"),
    "open": Badge("To do", "warning", "alert-triangle"),
}


class OpenForm(SeenForm):
    """Which month of which legal entity."""

    legal_entity = forms.ChoiceField(label="Legal entity")
    month = day("A day of the month")
    cut_off_on = day("Cut-off", required=False, help_text="Day by which it is to be signed. Empty: five days after")

    def __init__(self, *args: Any, request: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = scoped(LegalEntity.objects.order_by("code"), request.user, "code")
        self.fields["legal_entity"].choices = [(row.code, f"{row.code} {row.name}") for row in mine]  # type: ignore[attr-defined]


class AcceptForm(ReasonForm):
    """A reason for exactly the findings that are on the page."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)


class CloseList(ListScreen):
    """Closes, the newest period first."""

    permission = SEE_CLOSE
    scope = "legal_entity"
    title = "Closes"
    lead = "Each month of each legal entity: what stands in the way, and who signed it."
    table_class = CloseTable
    filterset_class = CloseFilter
    template_name = "console/room_list.html"
    empty = Empty("No close is open yet", "When a month is over, one opens by itself for each legal entity with work.")

    def rows(self) -> "QuerySet[Any]":
        """Those of the person's legal entities."""
        return visible_to(self.request.user)

    def buttons(self) -> list[Button]:
        """Open one before the month is over."""
        may = policies.can_open_close(self.request.user, next(iter(self.request.user.legal_entities), ""))
        return [Button("Open a close…", reverse("reconciliation:close-open"), may, icon="plus", key="a")]


@screen(permission=SEE_CLOSE, methods=["GET", "POST"])
def close_open(request: Request) -> HttpResponse:
    """Open the close of a month."""
    first = today().replace(day=1)
    confirm = Confirm(
        title="Open a close",
        verb="Open it",
        back=reverse("reconciliation:close-list"),
        form=OpenForm(posted(request), request=request, initial={"seen": "new", "month": first}),
        consequence="Everybody sees what stands in its way. Nothing is stopped and nothing is posted.",
    )
    return decide(
        request,
        confirm,
        lambda data: closes.open_close(
            legal_entity=data["legal_entity"], month=data["month"], cut_off_on=data["cut_off_on"], by=request.user
        ),
        done=lambda close: f"{close} is open.",
        back=lambda close: reverse("reconciliation:close-detail", args=[close.pk]),
    )


def _find(request: Request, pk: int) -> Any:
    return find_or_404(visible_to(request.user), request.user, scope="legal_entity", pk=pk)


@screen(permission=SEE_CLOSE)
def close_detail(request: Request, pk: int) -> HttpResponse:
    """The cockpit: every check made anew, with its owner, date and money."""
    close = _find(request, pk)
    found, pack = standing.at(close, now()), packs.of(close)
    ready = standing.readiness(found.period)
    context = {
        "title": f"Close of {close.legal_entity}, {close.period}",
        "lead": "What stands in the way of signing the period, whose it is, and how much money is in it.",
        "status": state_of(close),
        "breadcrumbs": [("Closes", reverse("reconciliation:close-list"))],
        "buttons": _buttons(close, pack, found, request),
        "close": close,
        "pack": pack,
        "rows": [_row(line, close, pack, request) for line in found.lines],
        "clear": len(found.lines) - len(found.blockers),
        "to_do": f"{len(found.blockers)} of {len(found.lines)} to do",
        "ready": ready,
        "late": standing.late(found.period),
        "changed": packs.changed(pack.content, found) if pack else [],
        "voided": close.packs.filter(state=ClosePack.State.VOID),
        "facts": known(
            ("Period", f"{close.starts_on} to {close.ends_on}"),
            ("Cut-off", day_html(close.cut_off_on)),
            ("Opened by", name_of(close.opened_by)),
            ("First signature", _signed(pack.first_by, pack.first_at) if pack else None),
            ("Second signature", _signed(pack.second_by, pack.second_at) if pack and pack.second_at else None),
            ("SHA-256 of the pack", pack.digest if pack else None),
        ),
        "entries": timeline.entries(timeline_of("reconciliation.periodclose", close.pk, limit=EVENTS)),
    }
    return render(request, "reconciliation/close_detail.html", context)


def _signed(by: str, at: Any) -> str:
    return f"{name_of(by)}, {at:%Y-%m-%d %H:%M} UTC"


def _buttons(close: Any, pack: ClosePack | None, found: Standing, request: Request) -> list[Button]:
    def to(name: str) -> str:
        return reverse(f"reconciliation:close-{name}", args=[close.pk])

    user, take = request.user, policies.can_take_pack(request.user)
    may_sign = policies.can_sign(close, pack, len(found.blockers), user)
    if pack is None:
        return [Button("Sign…", to("sign"), may_sign, "primary", "writing-sign", key="a")]
    file = reverse("reconciliation:close-pack", args=[close.pk, pack.number])
    files = [
        Button(form.upper(), f"{file}?format={form}", take, icon="download", link=True)
        for form in ("pdf", "xlsx", "json")
    ]
    again = Button("Reopen…", to("reopen"), policies.can_reopen_close(close, pack, user), icon="arrow-back-up", key="r")
    if pack.state == ClosePack.State.SIGNED:
        return [*files, again]
    return [Button("Sign as the second…", to("sign"), may_sign, "primary", "writing-sign", key="a"), *files, again]


def _row(line: Line, close: PeriodClose, pack: ClosePack | None, request: Request) -> dict[str, Any]:
    """A check as the cockpit shows it: money only for those who may see it."""
    check, found, user = line.check, line.found, request.user
    buttons = []
    may = policies.can_accept_findings(close, pack, user)
    if check.acceptable and not found.clear and not line.accepted:
        address = reverse("reconciliation:close-accept", args=[close.pk, check.name])
        buttons.append(Button("Accept…", address, may))
    elif line.accepted:
        address = reverse("reconciliation:close-withdraw", args=[close.pk, check.name])
        buttons.append(Button("Take back…", address, may))
    return {
        "line": line,
        "state": LINE_STATES[line.state],
        "owner": check.owner.label,
        "money": per_currency(found.money, found.basis) if line.check.shows_money_to(request.user) else [],
        "overdue": not line.passes and line.due_on < today(),
        "accepted_by": name_of(line.acceptance.by) if line.acceptance else "",
        "buttons": buttons if may.allowed else [],
    }


def _check(name: str) -> str:
    if name not in BY_NAME:
        raise Http404
    return name


@screen(permission=SEE_CLOSE, methods=["GET", "POST"])
def close_accept(request: Request, pk: int, check: str) -> HttpResponse:
    """Say why the findings of a check may stand."""
    close, name = _find(request, pk), _check(check)
    line = standing.of_check(close, name, now())
    shown = line.found.money if line.check.shows_money_to(request.user) else {}
    confirm = Confirm(
        title=f"Accept: {line.check.title}",
        verb="Accept",
        back=reverse("reconciliation:close-detail", args=[pk]),
        form=AcceptForm(posted(request), initial={"version": close.version, "seen": line.found.digest}),
        facts=known(
            ("Asked", line.check.asks),
            ("Found", f"{line.found.count:,}"),
            ("Money", amounts_html(per_currency(shown, line.found.basis)) if shown else None),
            ("In words", "; ".join(line.found.words)),
        ),
        consequence="The period can be signed with exactly these findings. When they change, it has to be said again.",
        decision=policies.can_accept_findings(close, packs.of(close), request.user),
    )
    return decide(
        request,
        confirm,
        lambda data: closes.accept(
            close_id=pk, check=name, seen_version=data["version"], seen=data["seen"], reason=data["reason"],
            by=request.user,
        ),
        done=f"Accepted: {line.check.title}.",
    )  # fmt: skip


@screen(permission=SEE_CLOSE, methods=["GET", "POST"])
def close_withdraw(request: Request, pk: int, check: str) -> HttpResponse:
    """Take an acceptance back."""
    close, name = _find(request, pk), _check(check)
    return _decide(
        request, close, f"Take back: {BY_NAME[name].title}", "Take back", DecisionForm,
        "What it accepted stands in the way again.",
        policies.can_accept_findings(close, packs.of(close), request.user),
        lambda data: closes.withdraw(close_id=pk, check=name, seen_version=data["version"], by=request.user),
        "Taken back.",
    )  # fmt: skip


@screen(permission=SEE_CLOSE, methods=["GET", "POST"])
def close_sign(request: Request, pk: int) -> HttpResponse:
    """Sign, as the first or the second person."""
    close = _find(request, pk)
    found, pack = standing.at(close, now()), packs.of(close)
    consequence = (
        f"You sign what {name_of(pack.first_by)} signed, as long as the findings are the same."
        if pack is not None
        else "The whole statement is frozen under a digest. A second person has to sign the same figures."
    )
    return _decide(
        request, close, f"Sign {close}", "Sign", DecisionForm, consequence,
        policies.can_sign(close, pack, len(found.blockers), request.user),
        lambda data: closes.sign(close_id=pk, seen_version=data["version"], by=request.user),
        "Signed.",
    )  # fmt: skip


@screen(permission=SEE_CLOSE, methods=["GET", "POST"])
def close_reopen(request: Request, pk: int) -> HttpResponse:
    """Void what was signed."""
    close = _find(request, pk)
    return _decide(
        request, close, f"Reopen {close}", "Reopen", ReasonForm,
        "What was signed is void and kept. Both signatures are needed again.",
        policies.can_reopen_close(close, packs.of(close), request.user),
        lambda data: closes.reopen(
            close_id=pk, seen_version=data["version"], reason=data["reason"], by=request.user
        ),
        "Reopened.", tone="danger",
    )  # fmt: skip


def _decide(
    request: Request, close: Any, title: str, verb: str, form: type[DecisionForm], consequence: str, decision: Any,
    act: Any, done: str, **more: Any,
) -> HttpResponse:  # fmt: skip
    confirm = Confirm(
        title=title,
        verb=verb,
        back=reverse("reconciliation:close-detail", args=[close.pk]),
        form=form(posted(request), initial={"version": close.version}),
        facts=[("Legal entity", close.legal_entity), ("Period", close.period)],
        consequence=consequence,
        decision=decision,
        **more,
    )
    return decide(request, confirm, act, done=done)


# -- the pack ------------------------------------------------------------------------------------------------------


@screen(permission=SEE_CLOSE)
def close_pack(request: Request, pk: int, number: int) -> HttpResponse:
    """A pack as a file: `?format=json`, xlsx or pdf. Taking it is noted in the trail."""
    close = _find(request, pk)
    pack = find_or_404(ClosePack.objects.filter(close_id=close.pk), request.user, scope=None, number=number)
    require(request.user, policies.SEE_COSTS)
    form = request.GET.get("format", "json")
    if form not in ("json", "xlsx", "pdf"):
        raise Http404
    response = _FORMS[form](pack)
    name = f"close-{close.legal_entity}-{close.period}-{pack.number}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    record.event(
        "reconciliation.close.exported", by=request.user, object_type="reconciliation.periodclose", object_id=close.pk,
        label=str(close), legal_entity=close.legal_entity, pack=pack.number, format=form, digest=pack.digest,
    )  # fmt: skip
    return response


def _json(pack: ClosePack) -> HttpResponse:
    return JsonResponse(packs.exported(pack), json_dumps_params={"indent": 1, "sort_keys": True, "ensure_ascii": False})


def _xlsx(pack: ClosePack) -> HttpResponse:
    file = BytesIO()
    workbook.write(file, pack)
    return HttpResponse(file.getvalue(), content_type=XLSX)


def _pdf(pack: ClosePack) -> HttpResponse:
    return HttpResponse(paper.set_pack(pack), content_type="application/pdf")


_FORMS = {"json": _json, "xlsx": _xlsx, "pdf": _pdf}
