"""Set up a connection with its feeds."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.intake.actions import feeds
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User
from integration_hub.trail.record import Actor


class Command(BaseCommand):
    """`connection_add CODE VENDOR`: with the vendor's default mappings and feeds; again, it changes nothing."""

    help = "Set up a connection and its feeds; `manage.py connectors` lists vendors and their settings."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command takes."""
        parser.add_argument("code", help="short name: small letters, digits, hyphens")
        parser.add_argument("vendor", help="e.g. filedrop")
        parser.add_argument("--name", default="", help="how people call it; default: the code")
        parser.add_argument("--url", default="", help="address of the account; none for file drops")
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting")
        parser.add_argument(
            "--credential", action="append", default=[], metavar="NAME=VARIABLE", help="from the environment variable"
        )
        parser.add_argument("--user", default="", help="who sets it up; default: the system")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        try:
            with transaction.atomic():
                self._ensure(options, _actor(options["user"]))
        except (ThroughlineError, LookupError) as error:
            raise CommandError(str(error)) from None

    def _ensure(self, options: dict[str, Any], by: Actor) -> None:
        code, settings = options["code"], dict(_pair(text) for text in options["set"])
        connection = Connection.objects.filter(code=code).first()
        if connection is None:
            connection = connections.create(
                code=code,
                vendor=options["vendor"],
                name=options["name"] or code,
                base_url=options["url"],
                settings=settings,
                credentials=dict(_secret(text) for text in options["credential"]),
                by=by,
            )
            self.stdout.write(f"{code}: {options['vendor']} connection set up")
        elif connection.vendor != options["vendor"]:
            raise CommandError(f"{code!r} is a connection to {connection.vendor} already. Choose another code.")
        else:
            self._compare(connection, options["name"], settings)
        made = feeds.install_feeds(connection=connection, by=by)
        self.stdout.write(f"Feeds: {', '.join(feed.entity for feed in made) or 'nothing new'}")

    def _compare(self, connection: Connection, name: str, settings: dict[str, str]) -> None:
        """What is there stays: changing it is a decision of its own, made where the old values are in sight."""
        told = {**settings, **({"name": name} if name else {})}
        have = {**connection.settings, "name": connection.name}
        other = sorted(key for key, value in told.items() if have.get(key) != value)
        words = f", with another {', '.join(other)}; change that in the console" if other else ""
        self.stdout.write(f"{connection.code} is there already{words}")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise CommandError(f"{text!r} is not NAME=VALUE.")
    return name.strip(), value.strip()


def _secret(text: str) -> tuple[str, str]:
    """The value comes from the environment: arguments stay in shell histories and process lists."""
    name, variable = _pair(text)
    if not os.environ.get(variable):
        raise CommandError(f"The environment variable {variable} is not set (credential {name}).")
    return name, os.environ[variable]


def _actor(name: str) -> Actor:
    if not name:
        return "system:command"
    user = User.objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"No user {name!r}.")
    return user
