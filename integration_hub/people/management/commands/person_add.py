"""`manage.py person_add`: a login with a role."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.actions import people
from integration_hub.people.models import Role


class Command(BaseCommand):
    """`person_add NAME --role ROLE`; somebody who is there already stays as they are."""

    help = "Add a person with a role. They sign in once `manage.py changepassword NAME` gave them a password."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command takes."""
        parser.add_argument("username")
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--email", default="")
        scope = parser.add_mutually_exclusive_group(required=True)
        scope.add_argument("--legal-entity", action="append", default=[], help="code; once for each they may see")
        scope.add_argument("--all-legal-entities", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        try:
            person, fresh = people.add(
                username=options["username"],
                role=options["role"],
                email=options["email"],
                legal_entities=options["legal_entity"],
                all_legal_entities=options["all_legal_entities"],
            )
        except ThroughlineError as error:
            raise CommandError(str(error)) from None
        role = Role(person.role).label if person.role in Role.values else "no role"
        self.stdout.write(f"{person.username}: {role}" if fresh else f"{person.username} is there already: {role}")
