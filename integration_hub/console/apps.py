"""App configuration."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Shared screen machinery: menu, tables, filters, timeline, lineage picture."""

    name = "integration_hub.console"
    label = "hub_console"
    verbose_name = "Console"

    def ready(self) -> None:
        from integration_hub.console import finding, menu, panels, timeline
        from integration_hub.console.search import SEARCH

        SEARCH.register("trail", finding.by_number)
        panels.register()
        timeline.tell("people.user.signed_in", "login", "signed in")
        timeline.tell("people.user.password_changed", "key", "changed the password")
        timeline.tell("console.list.exported", "download", "exported the list {label}")
        menu.add(menu.MenuItem("Work", "Home", "console:home", "home", weight=0, key="h"))
