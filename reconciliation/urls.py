"""Addresses of the tie-out and of reports."""

from django.urls import path, re_path

from reconciliation import proof_views, report_views, views
from reconciliation.reports import MEASURES

app_name = "reconciliation"

urlpatterns = [
    path("tie-out/", views.tieout_latest, name="tieout-latest"),
    path("tie-out/run/", views.tieout_run, name="tieout-run"),
    path("tie-out/history/", views.TieOutList.as_view(), name="tieout-list"),
    path("invoice-proofs/verify_invoice.py", proof_views.verifier, name="proof-verifier"),
    path("invoice-proofs/<int:pk>/", proof_views.proof, name="invoice-proof"),
    path("reports/", report_views.report_list, name="report-list"),
    re_path(rf"^reports/(?P<slug>{'|'.join(MEASURES)})/$", report_views.report, name="report"),
    path("tie-out/<int:pk>/", views.tieout_detail, name="tieout-detail"),
]
