"""Addresses: composition only."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("contracts.api.urls")),
    path("api/v1/", include("billing.api.urls")),
    path("api/v1/", include("costs.api")),
    path("api/v1/", include("reconciliation.api")),
    path("api/v1/", include("integration_hub.cases.api")),
    path("api/v1/", include("integration_hub.clocks.api")),
    path("api/v1/", include("integration_hub.connectors.api")),
    path("api/v1/", include("integration_hub.notices.api")),
    path("api/v1/", include("integration_hub.intake.api")),
    path("api/v1/", include("integration_hub.effects.api")),
    path("api/v1/", include("integration_hub.downstream.api")),
    path("api/v1/", include("integration_hub.processes.api")),
    path("api/v1/", include("integration_hub.replay.api")),
    path("api/v1/", include("integration_hub.work.api")),
    path("api/", include("integration_hub.api.urls")),
    path("contracts/", include("contracts.urls")),
    path("billing/", include("billing.urls")),
    path("costs/", include("costs.urls")),
    path("", include("integration_hub.intake.urls")),
    path("", include("integration_hub.operations.urls")),
    path("", include("integration_hub.cases.urls")),
    path("", include("integration_hub.clocks.urls")),
    path("", include("integration_hub.notices.urls")),
    path("", include("integration_hub.work.urls")),
    path("", include("integration_hub.connectors.urls")),
    path("", include("integration_hub.effects.urls")),
    path("", include("integration_hub.downstream.urls")),
    path("", include("integration_hub.processes.urls")),
    path("", include("integration_hub.replay.urls")),
    path("", include("integration_hub.rules.urls")),
    path("", include("reconciliation.urls")),
    path("", include("integration_hub.console.urls")),
]

handler400 = "integration_hub.console.views.bad_request"
handler403 = "integration_hub.console.views.forbidden"
handler404 = "integration_hub.console.views.not_found"
handler500 = "integration_hub.console.views.failed"
