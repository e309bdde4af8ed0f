"""App configuration."""

from django.apps import AppConfig


class MappingConfig(AppConfig):
    """Versioned field maps and value maps that administrators edit."""

    name = "integration_hub.mapping"
    label = "hub_mapping"
    verbose_name = "Mapping"
