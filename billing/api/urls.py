"""Addresses below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from billing.api import views
from billing.api.bulk import BulkApprovals
from billing.api.candidates import Candidates
from billing.api.delegations import Delegations
from billing.api.deposits import Deposits
from billing.api.holds import Holds
from billing.api.late import LateChanges
from billing.api.retainers import Retainers
from billing.api.retention import Retentions
from billing.api.revenue import Recognitions, RevenuePostings
from billing.api.sheets import BillingStatus
from billing.api.simulations import Amendments
from billing.api.write_downs import WriteDowns

router = SimpleRouter()
router.register("billable-events", views.Events, "billable-event")
router.register("pieces", views.Pieces, "piece")
router.register("amendments", Amendments, "amendment")
router.register("holds", Holds, "hold")
router.register("billing-runs", views.Runs, "billing-run")
router.register("bulk-approvals", BulkApprovals, "bulk-approval")
router.register("candidates", Candidates, "candidate")
router.register("delegations", Delegations, "delegation")
router.register("invoices", views.Invoices, "invoice")
router.register("payments", views.Payments, "payment")
router.register("recognised-revenue", Recognitions, "recognised-revenue")
router.register("late-changes", LateChanges, "late-change")
router.register("revenue-postings", RevenuePostings, "revenue-posting")
router.register("retainers", Retainers, "retainer")
router.register("deposits", Deposits, "deposit")
router.register("retentions", Retentions, "retention")
router.register("write-downs", WriteDowns, "write-down")
router.register("credit-memos", views.CreditMemos, "credit-memo")

urlpatterns = [path("billing-status/", BillingStatus.as_view(), name="billing-status"), *router.urls]
