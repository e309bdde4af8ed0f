"""`manage.py reseal_secrets`: every stored credential under the newest key, so that the old one can go."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration_hub.connectors.actions import connections
from integration_hub.connectors.secrets import RESEALERS, SecretUnreadable


class Command(BaseCommand):
    """Run it after a new key was put in front of THROUGHLINE_SECRETS_KEY."""

    help = "Seal all credentials with the first key of THROUGHLINE_SECRETS_KEY."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = connections.reseal_all(by="system:connectors")
            others = [(other.what, other.run()) for _, other in RESEALERS]
        except SecretUnreadable as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{changed} connections resealed.")
        for what, count in others:
            if count:
                self.stdout.write(f"{count} {what} resealed.")
