"""`manage.py draft_run TABLE --legal-entity … --from … --to … --by …`: a draft over what was decided."""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User
from integration_hub.rules import queries
from integration_hub.rules.actions import draft_runs
from integration_hub.rules.models import DecisionTable, DraftRun
from integration_hub.work.registry import Superseded, Wait


class Command(BaseCommand):
    """The same run as on the draft's page, kept with the draft; it is worked here and now."""

    help = "Run a draft of a decision table over what was decided, and say what would have come out otherwise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which draft, whose decisions, which days, and in whose name."""
        parser.add_argument("table", type=int, help="id of the draft, as in the address of its page")
        parser.add_argument("--legal-entity", required=True)
        parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True)
        parser.add_argument("--by", required=True, help="user name of who asks; their rights count")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start it, work it, tell it."""
        try:
            run = draft_runs.start(
                table_id=options["table"], legal_entity=options["legal_entity"], first=options["first"],
                last=options["last"], by=User.objects.get(username=options["by"]),
            )  # fmt: skip
            draft_runs.perform(run_id=run.pk)
        except (ThroughlineError, DecisionTable.DoesNotExist, User.DoesNotExist) as refusal:
            raise CommandError(str(refusal)) from refusal
        except (Wait, Superseded) as later:
            raise CommandError(f"{later} The workers go on with run {run.pk}.") from later
        run.refresh_from_db()
        self.stdout.write(json.dumps(_facts(run), default=str) if options["json"] else _told(run))


def _facts(run: DraftRun) -> dict[str, Any]:
    return {
        "run": run.pk,
        "state": run.state,
        "examined": run.examined,
        "unchanged": run.unchanged,
        "changed": run.changed,
        "undecidable": run.undecidable,
        "digest": run.digest,
        "customers": list(queries.by_customer(run).values("customer", "currency", "was", "would_be", "difference")),
    }


def _told(run: DraftRun) -> str:
    lines = [
        f"Run {run.pk} {run.state}: {run.examined:,} examined, {run.unchanged:,} unchanged, {run.changed:,} changed"
    ]
    lines += [f"  {count:,} not decidable: {reason}" for reason, count in sorted(run.undecidable.items())]
    lines += [
        f"  {row['customer']}: {row['was']:f} → {row['would_be']:f} {row['currency']} ({row['difference']:+f})"
        for row in queries.by_customer(run)
    ]
    return "\n".join(lines)
