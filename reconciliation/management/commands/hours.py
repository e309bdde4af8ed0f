"""`manage.py hours`: where every hour is."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.models import Piece
from integration_hub.kernel.money import show
from reconciliation import hours
from reconciliation.hours import Account, Bucket


class Command(BaseCommand):
    """Prints hours and money by state and code; exits with 1 unless every hour is in exactly one bucket."""

    help = "Delivered hours by what was decided about them, per legal entity; fails unless the buckets add up."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command takes."""
        parser.add_argument("--legal-entity", default="", metavar="CODE", help="only this one")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        try:
            accounts = hours.accounts(options["legal_entity"])
        except LookupError as error:
            raise CommandError(str(error)) from None
        intake = hours.at_intake()
        if options["json"]:
            body = {"legal_entities": [_plain(account) for account in accounts], "at_intake": intake}
            self.stdout.write(json.dumps(body, indent=2))
        else:
            self._print(accounts, intake)
        wrong = [_name(account) for account in accounts if not account.agrees]
        if wrong:
            raise CommandError(f"The buckets do not add up: {', '.join(wrong)}.")

    def _print(self, accounts: list[Account], intake: dict[str, int]) -> None:
        for account in accounts:
            came, placed = hours.to_hours(account.minutes), hours.to_hours(account.in_buckets)
            words = "agrees" if account.agrees else f"DIFFERS, {account.astray:,} entries astray"
            head = f"{_name(account)}: {account.entries:,} entries, {came:,} h in, {placed:,} h in buckets: {words}"
            self.stdout.write(head)
            for bucket in account.buckets:
                self.stdout.write(_line(bucket))
        if not accounts:
            self.stdout.write("No hours have come in.")
        for status, count in intake.items():
            self.stdout.write(f"Not in these figures: {count:,} time records {status} at intake")


def _name(account: Account) -> str:
    return account.legal_entity or "(no contract)"


def _line(bucket: Bucket) -> str:
    money = show(bucket.amount, bucket.currency) if bucket.currency else "no price"
    state = Piece.State(bucket.state).label
    return f"  {state:<14} {bucket.code:<28} {bucket.entries:>9,} {bucket.hours:>14,} h {money:>22}".rstrip()


def _plain(account: Account) -> dict[str, Any]:
    return {
        "legal_entity": account.legal_entity,
        "entries": account.entries,
        "hours_in": str(hours.to_hours(account.minutes)),
        "hours_in_buckets": str(hours.to_hours(account.in_buckets)),
        "minutes_in": str(account.minutes),
        "minutes_in_buckets": str(account.in_buckets),
        "astray": account.astray,
        "agrees": account.agrees,
        "buckets": [
            {
                "state": bucket.state,
                "code": bucket.code,
                "entries": bucket.entries,
                "hours": str(bucket.hours),
                "minutes": str(bucket.minutes),
                "amount": str(bucket.amount),
                "currency": bucket.currency,
            }
            for bucket in account.buckets
        ],
    }
