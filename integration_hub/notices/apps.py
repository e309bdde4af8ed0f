"""App configuration."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Who is told of what happens to exceptions."""

    name = "integration_hub.notices"
    label = "hub_notices"
    verbose_name = "Notices"

    def ready(self) -> None:
        from integration_hub.notices import panels

        panels.register()
