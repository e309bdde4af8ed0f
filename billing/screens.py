"""What billing puts into the console: menu, words of status, links, sentences of the timeline."""

from decimal import Decimal
from typing import Any

from billing import panels, parts
from billing.actions import late
from billing.models import Candidate, LateChange
from billing.views import late as views
from integration_hub.cases.fixes import FIXES
from integration_hub.console import badges, links, menu, timeline, wording
from integration_hub.people.models import User
from integration_hub.people.scope import scoped


def _holds_waiting(user: User) -> int:
    return panels.releasable(user).count() if user.has_perm("billing.release_hold") else 0


def _candidates_waiting(user: User) -> int:
    return panels.to_approve(user).count() if user.has_perm("billing.approve_candidate") else 0


def _changes_waiting(user: User) -> int:
    if not user.has_perm("billing.decide_latechange"):
        return 0
    return scoped(LateChange.objects.filter(status="open"), user).count()


def register() -> None:
    """Fill the console's registries."""
    item = menu.MenuItem
    for entry in (
        item("Billing", "Billable work", "billing:work-list", "clock-hour-4", "billing.view_piece", 10, key="w"),
        item("Billing", "Holds", "billing:hold-list", "hand-stop", "billing.view_hold", 20, _holds_waiting, "o"),
        item("Billing", "Late changes", "billing:latechange-list", "replace", "billing.view_latechange", 25,
             _changes_waiting),
        item("Billing", "Write-downs", "billing:writedown-list", "arrow-down", "billing.view_writedown", 27),
        item("Billing", "Billing runs", "billing:run-list", "player-play", "billing.view_billingrun", 30, key="r"),
        item("Billing", "Candidates", "billing:candidate-list", "file-invoice", "billing.view_candidate", 40,
             _candidates_waiting, "d"),
        item("Billing", "Delegations", "billing:delegation-list", "user-check", "billing.view_delegation", 70),
        item("Billing", "Revenue journals", "billing:revenue-list", "book", "billing.view_revenueposting", 60),
        item("Billing", "Invoices", "billing:invoice-list", "receipt", "billing.view_invoice", 50, key="i"),
        item("Cash", "Payments", "billing:payment-list", "cash", "billing.view_payment", 10, key="y"),
        item("Cash", "Credit memos", "billing:creditmemo-list", "receipt-refund", "billing.view_invoice", 20, key="m"),
    ):  # fmt: skip
        menu.add(entry)
    badges.words("danger", "ban", "blocked")
    badges.words("warning", "alert-triangle", "over_cap", "needs_attention")
    badges.words("warning", "arrow-back-up", "returned")
    badges.words("progress", "file-invoice", "reserved")
    badges.words("info", "circle-dot", "billable")
    badges.words("neutral", "minus", "included", "non_billable", "dissolved", "corrected")
    badges.words("warning", "arrow-down", "reversing")
    badges.words("info", "calendar", "postponed")
    badges.words("progress", "circle-dot", "partially_billed")
    badges.words("progress", "loader", "building")
    badges.words("success", "circle-check", "released", "quoted", "committed")
    badges.words("info", "circle-dot", "part_paid", "estimated")
    for kind, name in (("billableevent", "work"), ("billingrun", "run"), ("writedown", "writedown")):
        links.to(f"billing.{kind}", f"billing:{name}-detail")
    for action, icon, sentence, tone in _SENTENCES:
        timeline.tell(action, icon, sentence, tone)  # type: ignore[arg-type]  # tones of the table below
    for code in late.CODES:
        FIXES.register(code, views.fix)
    panels.register()
    parts.register()


def _checked(event: Any) -> str:
    """What the checks said."""
    status = dict(Candidate.Status.choices).get(event.data.get("status", ""), "").lower()
    found = ", ".join([*event.data.get("stops", ()), *event.data.get("warnings", ())])
    return f"checked {event.object_label}: {status}{f' ({found})' if found else ''}"


def _approved(event: Any) -> str:
    """An approval, and in whose stead it was given."""
    stead = f" for {event.data['stead']}" if event.data.get("stead") else ""
    return f"approved {event.object_label}{stead} ({event.data.get('approvals')} of {event.data.get('needed')})"


def _paid(event: Any) -> str:
    """A payment with its amount as money is written."""
    amount = wording.money(Decimal(str(event.data.get("amount", "0"))), str(event.data.get("currency", "")))
    return f"reported payment {event.object_label} of {amount}"


def _exported(event: Any) -> str:
    """Which file of a candidate was taken."""
    return f"took {event.data.get('file', 'a file')} of {event.object_label}"


_SENTENCES = (
    ("billing.hold.placed", "hand-stop", "placed a hold: {label}", "warning"),
    ("billing.hold.released", "lock-open", "released the hold: {label}", "success"),
    ("billing.run.started", "player-play", "started the run {label}", "progress"),
    ("billing.run.finished", "checks", "finished the run {label}", "success"),
    ("billing.candidate.built", "file-invoice", "built {label} from {pieces} pieces of work", "progress"),
    ("billing.candidate.asked", "receipt-refund", "asked for the credit {label}", "progress"),
    ("billing.candidate.reprinted", "replace", "printed the lines of {label} anew", "info"),
    ("billing.candidate.redated", "calendar", "dated {label} from {before} into the next period, {after}", "warning"),
    ("billing.candidate.checked", "list-check", _checked, "neutral"),
    ("billing.candidate.approved", "user-check", _approved, "success"),
    ("billing.candidate.returned", "arrow-back-up", "returned {label}", "warning"),
    ("billing.candidate.exported", "download", _exported, "neutral"),
    ("billing.candidate.paper_asked", "file-invoice", "had {entries} entries of {label} set as PDF", "info"),
    ("billing.candidate.posting", "send", "sent {label} to the ERP", "progress"),
    ("billing.candidate.rejected", "circle-x", "refused {label}", "danger"),
    ("billing.bulk_approval.decided", "checks", "approved many candidates in one act, {label}", "success"),
    ("billing.bulk_approval.finished", "checks", "went through {label}", "neutral"),
    ("billing.candidate.dissolved", "arrows-split", "dissolved {label}", "neutral"),
    ("billing.late_change.asked", "replace", "stated billed work otherwise: {label}", "warning"),
    ("billing.late_change.accepted", "circle-check", "accepted the change of {label}", "success"),
    ("billing.late_change.refused", "circle-x", "refused the change of {label}", "info"),
    ("billing.write_down.proposed", "arrow-down", "proposed {label} on {contract}", "warning"),
    ("billing.write_down.approved", "user-check", "approved {label}", "success"),
    ("billing.write_down.refused", "circle-x", "refused {label}", "neutral"),
    ("billing.write_down.withdrawn", "arrow-back-up", "took {label} back", "neutral"),
    ("billing.write_down.postponed", "calendar", "put work of {contract} off: {label}", "info"),
    ("billing.write_down.returned", "arrow-back-up", "ended {label}", "info"),
    ("billing.write_down.reversal_proposed", "arrow-back-up", "proposed to reverse {label}", "warning"),
    ("billing.write_down.reversal_approved", "user-check", "approved the reversal of {label}", "success"),
    ("billing.write_down.reversal_refused", "circle-x", "kept {label}", "neutral"),
    ("billing.write_down.reversed", "arrow-back-up", "reversed {label}", "info"),
    ("billing.delegation.given", "user-check", "lent the right to approve: {label}", "info"),
    ("billing.delegation.ended", "ban", "ended the delegation {label}", "neutral"),
    ("billing.tax.quoted", "calculator", "quoted the tax of {label}", "info"),
    ("billing.tax.committed", "calculator", "committed the tax of {label}", "success"),
    ("billing.invoice.posted", "receipt", "confirmed invoice {label}", "success"),
    ("billing.invoice.credit_asked", "receipt-refund", "asked for the credit {candidate} over {label}", "progress"),
    ("billing.invoice.settled", "cash", "settled invoice {label}", "success"),
    ("billing.payment.received", "cash", _paid, "success"),
    ("billing.payment.reversed", "arrow-back-up", "reversed payment {label}", "warning"),
    ("billing.credit_memo.posted", "receipt-refund", "confirmed credit memo {label}", "success"),
    ("billing.credit_memo.received", "receipt-refund", "reported credit memo {label}", "info"),
    ("billing.schedule.made", "calendar", "made the billing schedule of {label}", "info"),
    ("billing.retainer.topped_up", "coins", "had the retainer {label} topped up", "info"),
    ("billing.deposit.asked", "coins", "asked for the deposit {label}", "progress"),
    ("billing.deposit.taken_off", "coins", "changed what {label} takes off deposits", "info"),
    ("billing.retention.release_asked", "coins", "asked for the release of retention {label}", "progress"),
    ("billing.schedule.withdrawn", "calendar", "withdrew the billing schedule of {label}", "neutral"),
    ("billing.revenue.planned", "trending-up", "planned the revenue of {label}", "info"),
    ("billing.revenue.recognised", "trending-up", "recognised the revenue of {label} for {period}", "success"),
    ("billing.revenue_journal.planned", "book", "sent the revenue journal {label}", "progress"),
    ("billing.revenue_journal.posted", "circle-check", "posted the revenue journal {label}", "success"),
    ("billing.revenue_journal.rejected", "ban", "refused the revenue journal {label}", "danger"),
    ("billing.revenue_journal.withdrawn", "arrow-back-up", "withdrew the revenue journal {label}", "neutral"),
    ("billing.revenue.withdrawn", "trending-up", "withdrew the revenue plan of {label}", "neutral"),
    ("billing.work.adopted", "link", "took over delivered work for {label}", "info"),
    ("billing.work.decided", "scale", "decided the work of {label} anew", "neutral"),
    ("billing.work.recorded", "clock-hour-4", "recorded delivered work", "neutral"),
    ("contracts.contract.activation_restarted", "rotate-clockwise", "started the activation of {label} again", "info"),
    ("contracts.amendment.carried_again", "rotate-clockwise", "carried amendment {label} again", "info"),
)
