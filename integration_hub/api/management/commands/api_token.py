"""`manage.py api_token USER NAME --scope …`: make a token and print its secret, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from integration_hub.api.actions import tokens
from integration_hub.api.models import ApiToken
from integration_hub.api.scopes import READ_ONLY, SCOPES
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User

BY = "system:command"


class Command(BaseCommand):
    """Issues and revokes API tokens."""

    help = "Make an API token for a person and print it. It is shown once: only its hash is kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The person, the token's name, its scopes and its life."""
        parser.add_argument("user", help="User name of the person the token acts for.")
        parser.add_argument("name", help="What the token is for.")
        parser.add_argument(
            "--scope", action="append", default=[], choices=sorted(SCOPES), metavar="SCOPE", help=", ".join(SCOPES)
        )
        parser.add_argument("--read-only", action="store_true", help="Every scope that only reads.")
        parser.add_argument("--all-scopes", action="store_true", help="Every scope; the person's rights still apply.")
        parser.add_argument("--days", type=int, help="Expires after this many days; by default never.")
        parser.add_argument("--replace", action="store_true", help="Revoke the person's open token of this name first.")
        parser.add_argument("--revoke", action="store_true", help="Only revoke the open token of this name.")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print nothing but the secret."""
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        try:
            if options["revoke"] or options["replace"]:
                self._revoke(user, options["name"], must=options["revoke"])
            if not options["revoke"]:
                self._issue(user, options)
        except ThroughlineError as error:
            raise CommandError(str(error)) from error

    def _issue(self, user: User, options: dict[str, Any]) -> None:
        scopes = {*options["scope"], *(READ_ONLY if options["read_only"] else ())}
        if options["all_scopes"]:
            scopes = set(SCOPES)
        expires_at = now() + timedelta(days=options["days"]) if options["days"] is not None else None
        _token, secret = tokens.issue(user=user, name=options["name"], scopes=scopes, expires_at=expires_at, by=BY)
        self.stdout.write(secret)

    def _revoke(self, user: User, name: str, *, must: bool) -> None:
        token = ApiToken.objects.filter(user=user, name=name, revoked_at__isnull=True).first()
        if token is not None:
            tokens.revoke(token_id=token.pk, by=BY)
        elif must:
            raise CommandError(f"{user.username} has no open token named {name!r}.")
