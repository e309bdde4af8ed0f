"""Addresses of operations."""

from django.urls import path

from integration_hub.operations import views

app_name = "operations"
urlpatterns = [path("health", views.health, name="health")]
