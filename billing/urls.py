"""Addresses of billing's screens."""

from django.urls import path

from billing.views import (
    bulk,
    candidates,
    crediting,
    deciding,
    delegations,
    holds,
    invoices,
    late,
    papers,
    restart,
    retaining,
    retention,
    revenue,
    runs,
    simulating,
    work,
)

app_name = "billing"

urlpatterns = [
    path("work/", work.WorkList.as_view(), name="work-list"),
    path("work/<int:pk>/", work.work_detail, name="work-detail"),
    path("work/<int:pk>/waive/", work.waive, name="work-waive"),
    path("late-changes/", late.LateChangeList.as_view(), name="latechange-list"),
    path("late-changes/<int:pk>/", late.detail, name="latechange-detail"),
    path("late-changes/<int:pk>/accept/", late.accept, name="latechange-accept"),
    path("late-changes/<int:pk>/refuse/", late.refuse, name="latechange-refuse"),
    path("holds/", holds.HoldList.as_view(), name="hold-list"),
    path("holds/place/", holds.hold_place, name="hold-place"),
    path("holds/<int:pk>/", holds.hold_detail, name="hold-detail"),
    path("holds/<int:pk>/release/", holds.hold_release, name="hold-release"),
    path("runs/", runs.RunList.as_view(), name="run-list"),
    path("runs/start/", runs.run_start, name="run-start"),
    path("runs/<int:pk>/", runs.run_detail, name="run-detail"),
    path("runs/<int:pk>/stop/", runs.run_stop, name="run-stop"),
    path("candidates/", candidates.CandidateList.as_view(), name="candidate-list"),
    path("candidates/approve/", bulk.choose, name="bulk-choose"),
    path("bulk-approvals/<int:pk>/", bulk.detail, name="bulk-detail"),
    path("bulk-approvals/<int:pk>/approve/", bulk.approve, name="bulk-decide"),
    path("bulk-approvals/<int:pk>/candidates/", bulk.ItemList.as_view(), name="bulk-items"),
    path("candidates/<int:pk>/", candidates.candidate_detail, name="candidate-detail"),
    path("candidates/<int:pk>/approve/", deciding.approve, name="candidate-approve"),
    path("candidates/<int:pk>/return/", deciding.send_back, name="candidate-return"),
    path("candidates/<int:pk>/post/", deciding.post, name="candidate-post"),
    path("candidates/<int:pk>/dissolve/", deciding.dissolve, name="candidate-dissolve"),
    path("candidates/<int:pk>/check/", deciding.check, name="candidate-check"),
    path("candidates/<int:pk>/entries/", papers.EntryList.as_view(), name="candidate-entries"),
    *(
        path(f"candidates/<int:pk>/{kind}/{step}", view, {"kind": kind}, name=f"candidate-{kind}{name}")
        for kind in ("document", "backup")
        for step, view, name in (
            ("", papers.paper, ""),
            ("making/", papers.making, "-making"),
            ("order/", papers.order, "-order"),
        )
    ),
    path("invoices/", invoices.InvoiceList.as_view(), name="invoice-list"),
    path("invoices/<int:pk>/", invoices.invoice_detail, name="invoice-detail"),
    path("invoices/<int:pk>/credit/", crediting.choose, name="invoice-credit"),
    path("invoices/<int:pk>/credit/confirm/", crediting.confirm, name="invoice-credit-confirm"),
    path("delegations/", delegations.DelegationList.as_view(), name="delegation-list"),
    path("delegations/give/", delegations.give, name="delegation-give"),
    path("delegations/<int:pk>/end/", delegations.end, name="delegation-end"),
    path("payments/", invoices.PaymentList.as_view(), name="payment-list"),
    path("credit-memos/", invoices.CreditMemoList.as_view(), name="creditmemo-list"),
    path("revenue/", revenue.RevenuePostingList.as_view(), name="revenue-list"),
    path("revenue/post/", revenue.post, name="revenue-post"),
    path("retainers/<int:pk>/top-up/", retaining.top_up, name="retainer-top-up"),
    path("retention/<int:pk>/release/", retention.release, name="retention-release"),
    path("amendments/<int:pk>/carry/", restart.amendment_carry, name="amendment-carry"),
    path("amendments/<int:pk>/simulation/", simulating.amendment_simulation, name="amendment-simulation"),
    path("activation/<int:pk>/restart/", restart.activation_restart, name="activation-restart"),
]
