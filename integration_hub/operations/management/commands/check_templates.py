"""`manage.py check_templates`: every template compiles and keeps the rules of docs/reference/screens.md."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration_hub.operations import template_rules


class Command(BaseCommand):
    """Reads every template; renders none and asks no database."""

    help = "Load every template and check addresses, parts, inline code and length; exit 1 when one breaks a rule."

    def handle(self, *args: Any, **options: Any) -> None:
        """Check all of them."""
        problems = template_rules.all_problems()
        for problem in problems:
            self.stderr.write(str(problem))
        if problems:
            raise CommandError(f"{len(problems)} problems in templates.")
        self.stdout.write(f"{len(template_rules.ours())} templates keep the rules")
