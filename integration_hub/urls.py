"""Addresses: composition only."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("integration_hub.console.urls")),
]

handler400 = "integration_hub.console.views.bad_request"
handler403 = "integration_hub.console.views.forbidden"
handler404 = "integration_hub.console.views.not_found"
handler500 = "integration_hub.console.views.failed"
