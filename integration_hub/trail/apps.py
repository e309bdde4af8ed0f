"""App configuration."""

from django.apps import AppConfig


class TrailConfig(AppConfig):
    """What happened, caused by what: business events, the audit chain and the lineage walk."""

    name = "integration_hub.trail"
    label = "hub_trail"
    verbose_name = "Trail"
