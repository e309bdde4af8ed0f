"""Addresses of the tie-out."""

from django.urls import path

from reconciliation import proof_views, views

app_name = "reconciliation"

urlpatterns = [
    path("tie-out/", views.tieout_latest, name="tieout-latest"),
    path("tie-out/run/", views.tieout_run, name="tieout-run"),
    path("tie-out/history/", views.TieOutList.as_view(), name="tieout-list"),
    path("invoice-proofs/verify_invoice.py", proof_views.verifier, name="proof-verifier"),
    path("invoice-proofs/<int:pk>/", proof_views.proof, name="invoice-proof"),
    path("tie-out/<int:pk>/", views.tieout_detail, name="tieout-detail"),
]
