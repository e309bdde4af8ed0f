"""`manage.py sync_roles`: make the groups of all roles hold what the code says."""

from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.people import roles


class Command(BaseCommand):
    """Synchronise roles."""

    help = "Make the group of every role hold exactly the rights named in integration_hub/people/roles.py."

    def handle(self, *args: Any, **options: Any) -> None:
        """Synchronise and say which roles there are."""
        self.stdout.write("Roles: " + ", ".join(roles.sync()))
