"""Addresses of intake."""

from django.urls import path

from integration_hub.intake import views, webhooks

app_name = "intake"

urlpatterns = [
    path("hooks/<slug:code>/", webhooks.hook, name="hook"),
    path("files/<int:pk>/errors.csv", views.file_errors, name="file-errors"),
]
