"""Addresses of the tie-out."""

from django.urls import path

from reconciliation import views

app_name = "reconciliation"

urlpatterns = [
    path("tie-out/", views.tieout_latest, name="tieout-latest"),
    path("tie-out/run/", views.tieout_run, name="tieout-run"),
    path("tie-out/history/", views.TieOutList.as_view(), name="tieout-list"),
    path("tie-out/<int:pk>/", views.tieout_detail, name="tieout-detail"),
]
