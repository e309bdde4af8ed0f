"""Addresses of the tie-out and of reports."""

from django.urls import path, re_path

from reconciliation import break_views, close_views, pair_views, proof_views, report_views, views
from reconciliation.reports import MEASURES

app_name = "reconciliation"

urlpatterns = [
    path("tie-out/", views.tieout_latest, name="tieout-latest"),
    path("tie-out/run/", views.tieout_run, name="tieout-run"),
    path("tie-out/history/", views.TieOutList.as_view(), name="tieout-list"),
    path("invoice-proofs/verify_invoice.py", proof_views.verifier, name="proof-verifier"),
    path("invoice-proofs/<int:pk>/", proof_views.proof, name="invoice-proof"),
    path("pairs/", pair_views.pair_list, name="pair-list"),
    path("pairs/runs/", pair_views.RunList.as_view(), name="run-list"),
    path("pairs/runs/<int:pk>/", pair_views.run_detail, name="run-detail"),
    path("pairs/runs/<int:pk>/progress/", pair_views.run_progress, name="run-progress"),
    path("pairs/runs/<int:pk>/verify/", pair_views.run_verify, name="run-verify"),
    path("pairs/runs/<int:pk>/manifest/", pair_views.run_manifest, name="run-manifest"),
    path("pairs/breaks/", break_views.BreakList.as_view(), name="break-list"),
    path("pairs/breaks/<int:pk>/", break_views.break_detail, name="break-detail"),
    path("pairs/breaks/<int:pk>/mend/", break_views.break_mend, name="break-mend"),
    path("pairs/breaks/<int:pk>/explain/", break_views.break_explain, name="break-explain"),
    path("pairs/breaks/<int:pk>/confirm/", break_views.break_confirm, name="break-confirm"),
    path("pairs/breaks/<int:pk>/reopen/", break_views.break_reopen, name="break-reopen"),
    path("pairs/matches/", break_views.SuggestionList.as_view(), name="suggestion-list"),
    path("pairs/matches/<int:pk>/", break_views.suggestion_detail, name="suggestion-detail"),
    path("pairs/matches/<int:pk>/accept/", break_views.suggestion_accept, name="suggestion-accept"),
    path("pairs/matches/<int:pk>/reject/", break_views.suggestion_reject, name="suggestion-reject"),
    path("pairs/of/<slug:name>/", pair_views.pair_detail, name="pair-detail"),
    path("pairs/of/<slug:name>/run/", pair_views.pair_run, name="pair-run"),
    path("closes/", close_views.CloseList.as_view(), name="close-list"),
    path("closes/open/", close_views.close_open, name="close-open"),
    path("closes/<int:pk>/", close_views.close_detail, name="close-detail"),
    path("closes/<int:pk>/accept/<slug:check>/", close_views.close_accept, name="close-accept"),
    path("closes/<int:pk>/take-back/<slug:check>/", close_views.close_withdraw, name="close-withdraw"),
    path("closes/<int:pk>/sign/", close_views.close_sign, name="close-sign"),
    path("closes/<int:pk>/reopen/", close_views.close_reopen, name="close-reopen"),
    path("closes/<int:pk>/packs/<int:number>/", close_views.close_pack, name="close-pack"),
    path("reports/", report_views.report_list, name="report-list"),
    re_path(rf"^reports/(?P<slug>{'|'.join(MEASURES)})/$", report_views.report, name="report"),
    path("tie-out/<int:pk>/", views.tieout_detail, name="tieout-detail"),
]
