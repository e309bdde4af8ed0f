"""Billing on the home of each role: what waits, since when, and the money in it."""

from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum
from django.urls import reverse

from billing import late_words, queries, tables
from billing.models import Approval, Candidate, Hold, Invoice, LateChange, Piece
from billing.naming import code_words
from billing.policies import SYSTEM_ONLY
from integration_hub.console.badges import Badge, badge
from integration_hub.console.home import PANELS, Panel, Waiting, WaitingRow
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import ZERO, Money, per_currency
from integration_hub.people.models import Role, User
from integration_hub.people.scope import scoped

TOP = 5
LIVE = Q(approvals__verdict="approved", approvals__lapsed_at__isnull=True)


# -- what waits -------------------------------------------------------------------------------------------------------


def to_approve(user: User) -> "QuerySet[Candidate]":
    """Ready candidates that this person may still approve."""
    mine = Approval.objects.filter(
        candidate=OuterRef("pk"), by=user, verdict="approved", lapsed_at__isnull=True,
        content_hash=OuterRef("content_hash"),
    )  # fmt: skip
    return queries.candidates_for(user).filter(status="ready").exclude(prepared_by=user).exclude(Exists(mine))


def releasable(user: User) -> "QuerySet[Hold]":
    """Open holds that this person may release."""
    rows = queries.holds_for(user).filter(status="open")
    return rows.exclude(code__in=SYSTEM_ONLY).exclude(placed_by_user=user)


def _candidates(rows: "QuerySet[Candidate]", url: str, *, second: bool = False) -> Waiting:
    """A queue of candidates, the largest first."""
    sums = list(
        rows.order_by()
        .select_related(None)
        .values("currency")
        .annotate(count=Count("pk"), money=Sum("gross"), oldest=Min("created_at"))
        .order_by("currency")
    )
    top = rows.annotate(given=Count("approvals", filter=LIVE)) if second else rows
    return Waiting(
        count=sum(row["count"] for row in sums),
        oldest=min((row["oldest"] for row in sums), default=None),
        money=[Money(row["money"], row["currency"], "gross") for row in sums],
        url=url,
        rows=[_candidate_row(row) for row in top.order_by("-gross", "pk")[:TOP]] if sums else [],
    )


def _candidate_row(row: Any) -> WaitingRow:
    shown: object = ""
    if row.codes:
        shown = Badge(code_words(row.codes[0]), "warning", "alert-triangle")
    elif getattr(row, "given", 0):
        shown = Badge("Second signature", "info", "user-check")
    detail = f"{row.number} · {row.contract.number}"
    if row.status in {"returned", "rejected"} and row.returned_reason:
        detail = f"{row.number} · {row.returned_reason}"
    return WaitingRow(
        title=row.bill_to.customer.name,
        detail=detail,
        money=Money(row.gross, row.currency, "gross"),
        url=reverse("billing:candidate-detail", args=[row.pk]),
        when=row.created_at,
        badge=shown,
    )


def group_url(group: str) -> str:
    """The list of candidates, one group."""
    return f"{reverse('billing:candidate-list')}?group={group}"


def approvals(user: User) -> Waiting:
    """Candidates to approve."""
    return _candidates(to_approve(user), group_url("ready"), second=True)


def postings(user: User) -> Waiting:
    """Approved and not sent yet."""
    return _candidates(queries.candidates_for(user).filter(status="approved"), group_url("approved"))


def attention(user: User) -> Waiting:
    """Stopped by a check."""
    return _candidates(queries.candidates_for(user).filter(status="needs_attention"), group_url("attention"))


def returned(user: User) -> Waiting:
    """Sent back by an approver."""
    url = f"{reverse('billing:candidate-list')}?status=returned"
    return _candidates(queries.candidates_for(user).filter(status="returned"), url)


def rejected(user: User) -> Waiting:
    """Refused by the ERP."""
    return _candidates(queries.candidates_for(user).filter(status="rejected"), group_url("rejected"))


def waiting_for_approval(user: User) -> Waiting:
    """Ready and with the approvers."""
    return _candidates(queries.candidates_for(user).filter(status="ready"), group_url("ready"))


def on_the_way(user: User) -> Waiting:
    """Sent and not confirmed yet."""
    return _candidates(queries.candidates_for(user).filter(status="posting"), group_url("posting"))


# -- holds ------------------------------------------------------------------------------------------------------------


def _holds(rows: "QuerySet[Hold]", url: str) -> Waiting:
    """A queue of holds with the work they keep back; the one to be looked at soonest first."""
    found = list(rows.order_by("review_on", "pk")[: TOP + 1])
    facts = rows.aggregate(count=Count("pk"), oldest=Min("placed_at"))
    held = queries.current_pieces().filter(state="held", contract__in=rows.values("contract"))
    return Waiting(
        count=facts["count"],
        oldest=facts["oldest"],
        money=per_currency(queries.total(queries.by_state(held).values()).money, "net") if found else [],
        url=url,
        rows=[_hold_row(row) for row in found[:TOP]],
    )


def _hold_row(row: Hold) -> WaitingRow:
    late = row.review_on <= today()
    return WaitingRow(
        title=row.get_code_display(),
        detail=f"{row.target_label or row.target_id} · {row.placed_by}",
        url=reverse("billing:hold-detail", args=[row.pk]),
        when=row.placed_at,
        badge=Badge("Review due", "warning", "calendar-due") if late else badge("held", row.get_effect_display()),
    )


OPEN_HOLDS = "?status=open"


def holds_to_release(user: User) -> Waiting:
    """Open holds this person may release."""
    return _holds(releasable(user), reverse("billing:hold-list") + OPEN_HOLDS)


def holds_to_review(user: User) -> Waiting:
    """Open holds whose day to look at them has come, or that belong to the role."""
    rows = queries.holds_for(user).filter(status="open", owner_role="pmo")
    return _holds(rows, reverse("billing:hold-list") + OPEN_HOLDS)


def changes_to_decide(user: User) -> Waiting:
    """Changes of billed work that nobody decided about."""
    rows = scoped(LateChange.objects.filter(status="open"), user)
    sums = list(
        rows.order_by()
        .values("currency")
        .annotate(count=Count("pk"), money=Sum("billed"), oldest=Min("created_at"))
        .order_by("currency")
    )
    top = rows.select_related("event__resource", "contract").order_by("-billed", "pk")[:TOP]
    return Waiting(
        count=sum(row["count"] for row in sums),
        oldest=min((row["oldest"] for row in sums), default=None),
        money=[Money(row["money"], row["currency"], "net") for row in sums],
        url=reverse("billing:latechange-list"),
        rows=[_change_row(row) for row in top] if sums else [],
    )


def _change_row(row: LateChange) -> WaitingRow:
    return WaitingRow(
        title=tables.work_of(row),
        detail=f"{row.contract.number if row.contract else 'No contract'} · {late_words.in_short(row)}",
        money=Money(row.billed, row.currency, "net"),
        url=reverse("billing:latechange-detail", args=[row.pk]),
        when=row.created_at,
    )


# -- work -------------------------------------------------------------------------------------------------------------


def _work(sums: "dict[str, queries.Total]", rows: list[WaitingRow], url: str, oldest: Any = None) -> Waiting:
    whole = queries.total(sums.values())
    return Waiting(count=whole.count, oldest=oldest, money=per_currency(whole.money, "net"), url=url, rows=rows)


def blocked(user: User) -> Waiting:
    """Work that cannot be billed, by the code that says why; what only waits for its approver is another queue."""
    rows = queries.pieces_for(user).filter(state__in=["blocked", "over_cap"]).exclude(codes__contains=["NOT_APPROVED"])
    sums = queries.by_code(rows)
    ordered = sorted(sums.items(), key=lambda item: (-max(item[1].money.values(), default=0), item[0] or ""))
    top = [
        WaitingRow(
            title=code_words(code) if code else "No code",
            detail=tables.sum_words(sum_),
            money=_largest(sum_),
            url=tables.work_list_url(code=code, state=["blocked", "over_cap"]),
        )
        for code, sum_ in ordered[:TOP]
    ]
    return _work(sums, top, tables.work_list_url(state=["blocked", "over_cap"]))


def _largest(sum_: queries.Total) -> Money | None:
    """The only amount, or the largest; the others are on the list."""
    if not sum_.money:
        return None
    currency, amount = max(sum_.money.items(), key=lambda item: item[1])
    return Money(amount, currency, "net")


def unapproved(user: User) -> Waiting:
    """Time and expenses that wait for their approver, by project."""
    rows = queries.pieces_for(user).filter(state="blocked", codes__contains=["NOT_APPROVED"])
    return _by_project(rows, approval=["draft", "submitted"])


def held(user: User) -> Waiting:
    """Work that a hold keeps back, by project."""
    return _by_project(queries.pieces_for(user).filter(state="held"), state="held")


def _by_project(rows: "QuerySet[Piece]", **filters: Any) -> Waiting:
    found = (
        rows.order_by()
        .select_related(None)
        .values("event__project", "currency", code=F("event__project__code"), name=F("event__project__name"))
        .annotate(count=Count("pk"), minutes=Sum("minutes"), money=Sum("amount"), oldest=Min("event__recorded_at"))
        .order_by("-money")
    )
    groups = list(found)
    top = [
        WaitingRow(
            title=row["name"] or "Without a project",
            detail=tables.sum_words(queries.Total(row["count"], (row["minutes"] or ZERO) / queries.MINUTES)),
            money=Money(row["money"], row["currency"], "net") if row["money"] is not None and row["currency"] else None,
            url=tables.work_list_url(project=row["code"], **filters),
            when=row["oldest"],
        )
        for row in groups[:TOP]
    ]
    oldest = min((row["oldest"] for row in groups), default=None)
    return _work(queries.by_state(rows), top, tables.work_list_url(**filters), oldest)


def recent_postings(user: User) -> Waiting:
    """The newest invoices."""
    rows = queries.invoices_for(user)
    sums = list(
        rows.order_by()
        .select_related(None)
        .values("currency")
        .annotate(count=Count("pk"), money=Sum("gross"))
        .order_by("currency")
    )
    return Waiting(
        count=sum(row["count"] for row in sums),
        money=[Money(row["money"], row["currency"], "gross") for row in sums],
        url=reverse("billing:invoice-list"),
        rows=[_invoice_row(row) for row in rows.order_by("-posted_at", "-pk")[:TOP]],
    )


def _invoice_row(row: Invoice) -> WaitingRow:
    return WaitingRow(
        title=f"{row.number} · {row.bill_to.customer.name}",
        detail=row.contract.number,
        money=Money(row.gross, row.currency, "gross"),
        url=reverse("billing:invoice-detail", args=[row.pk]),
        when=row.posted_at,
        badge=tables.invoice_badge(row),
    )


# -- registration -----------------------------------------------------------------------------------------------------


def register() -> None:
    """Fill the registry of home panels."""
    finance, analyst = frozenset({Role.FINANCE}), frozenset({Role.BILLING_ANALYST})
    pmo, lead, auditor = frozenset({Role.PMO}), frozenset({Role.DELIVERY_LEAD}), frozenset({Role.AUDITOR})
    panels: tuple[tuple[str, Panel], ...] = (
        ("approve", Panel("Candidates to approve", approvals, finance, weight=10, icon="file-invoice",
                          permission="billing.approve_candidate", empty="Nothing waits for your approval.")),
        ("post", Panel("Approved, not posted", postings, finance, weight=20, icon="send",
                       permission="billing.post_candidate", empty="Everything approved is posted.")),
        ("release", Panel("Holds I may release", holds_to_release, finance, weight=30, icon="hand-stop",
                          permission="billing.release_hold", empty="No hold waits for you.")),
        ("posting", Panel("On the way to the ERP", on_the_way, finance, "others", 40, "billing.view_candidate",
                          "loader", "Nothing is under way.")),
        ("attention", Panel("Candidates that need attention", attention, analyst | finance, weight=35,
                            permission="billing.view_candidate", icon="alert-triangle", empty="Every one is clean.")),
        ("changes", Panel("Changes of billed work", changes_to_decide, analyst | finance, weight=37,
                          permission="billing.decide_latechange", icon="replace",
                          empty="What is billed is what the sources say.")),
        ("returned", Panel("Returned to me", returned, analyst, weight=20, permission="billing.view_candidate",
                           icon="arrow-back-up", empty="Nothing came back.")),
        ("rejected", Panel("Rejected by the ERP", rejected, analyst | finance, weight=36,
                           permission="billing.view_candidate", icon="circle-x", empty="The ERP took everything.")),
        ("ready", Panel("Waiting for approval", waiting_for_approval, analyst, "others", 50,
                        "billing.view_candidate", "user-check", "No candidate waits for an approver.")),
        ("review", Panel("Holds under review", holds_to_review, pmo, weight=10, permission="billing.view_hold",
                         icon="hand-stop", empty="No hold is open.")),
        ("blocked", Panel("Blocked work by reason", blocked, pmo, weight=20, permission="billing.view_piece",
                          icon="ban", empty="All delivered work can be billed.")),
        ("unapproved", Panel("Time not approved", unapproved, lead, weight=10, permission="billing.view_piece",
                             icon="clock", empty="All time is approved.")),
        ("held", Panel("Held work", held, lead, "others", 20, "billing.view_piece", "hand-stop", "Nothing is held.")),
        ("postings", Panel("Recent postings", recent_postings, auditor, "done", 10, "billing.view_invoice",
                           "receipt", "Nothing has been posted yet.")),
    )  # fmt: skip
    for name, panel in panels:
        PANELS.register(f"billing.{name}", panel)
