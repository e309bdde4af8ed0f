"""The addresses these tests need: the console's, which the middleware names, and the webhooks'."""

from django.urls import include, path

urlpatterns = [
    path("", include("integration_hub.console.urls")),
    path("", include("integration_hub.intake.urls")),
]
