"""Addresses of the decision tables."""

from django.urls import path

from integration_hub.rules import draft_views, views

app_name = "rules"

urlpatterns = [
    path("decision-tables/", views.VersionList.as_view(), name="table-list"),
    path("decision-tables/delivered/", views.delivered, name="delivered"),
    path("decision-tables/<int:pk>/", views.table_detail, name="table-detail"),
    path("decision-tables/<int:pk>/check/", views.table_check, name="table-check"),
    path("decision-tables/<int:pk>/publish/", views.table_publish, name="table-publish"),
    path("decision-tables/<int:pk>/back/", views.table_back, name="table-back"),
    path("decision-tables/<int:pk>/draft/", views.table_draft, name="table-draft"),
    path("decision-tables/<int:pk>/run/", draft_views.run_start, name="draft-run-start"),
    path("decision-tables/runs/<int:pk>/", draft_views.run_detail, name="draft-run"),
    path("decision-tables/runs/<int:pk>/stop/", draft_views.run_stop, name="draft-run-stop"),
]
