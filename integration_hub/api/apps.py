"""App configuration."""

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Shared REST pieces: authentication, errors, pagination, idempotency, schema."""

    name = "integration_hub.api"
    label = "hub_api"
    verbose_name = "API"
