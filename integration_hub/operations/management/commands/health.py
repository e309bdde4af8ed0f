"""`manage.py health`: whether every part finished something lately."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from integration_hub.operations.health import checks


class Command(BaseCommand):
    """Prints one line per part; exits with 1 when one of them fails."""

    help = "Say whether database, ticker and the workers of every stage do their work; exit 1 when not."

    def handle(self, *args: Any, **options: Any) -> None:
        found = checks()
        for check in found:
            self.stdout.write(f"{'ok  ' if check.ok else 'FAIL'} {check.part}: {check.detail}")
        if not all(check.ok for check in found):
            sys.exit(1)
