"""`manage.py new_secrets_key`: a key for THROUGHLINE_SECRETS_KEY."""

from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.connectors import secrets


class Command(BaseCommand):
    """Print a fresh key. Put it before the old one, parted by a comma, then run `manage.py reseal_secrets`."""

    help = "Print a fresh key for THROUGHLINE_SECRETS_KEY."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(secrets.new_key())
