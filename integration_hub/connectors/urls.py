"""Addresses of connections and calls."""

from django.urls import path

from integration_hub.connectors import budget_views, views

app_name = "connectors"

urlpatterns = [
    path("connections/", views.ConnectionList.as_view(), name="connection-list"),
    path("connections/new/", views.connection_add, name="connection-add"),
    path("connections/id/<int:pk>/", views.connection_by_id, name="connection-by-id"),
    path("connections/<slug:code>/", views.connection_detail, name="connection-detail"),
    path("connections/<slug:code>/test/", views.connection_test, name="connection-test"),
    path("connections/<slug:code>/pause/", views.connection_pause, name="connection-pause"),
    path("connections/<slug:code>/resume/", views.connection_resume, name="connection-resume"),
    path("connections/<slug:code>/settings/", views.connection_change, name="connection-change"),
    path("connections/<slug:code>/credentials/", views.connection_credentials, name="connection-credentials"),
    path("connections/<slug:code>/budget/", budget_views.connection_budget, name="connection-budget"),
    path("calls/", views.CallList.as_view(), name="call-list"),
]
