"""Addresses of intake."""

from django.urls import path

from integration_hub.intake import webhooks

app_name = "intake"

urlpatterns = [path("hooks/<slug:code>/", webhooks.hook, name="hook")]
