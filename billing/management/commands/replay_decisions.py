"""`manage.py replay_decisions`: make past decisions again from what was known then; the same bytes must come out."""

import json
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive

from billing.models import Decision, Piece
from billing.replayed import Verdict, replay
from integration_hub.kernel.clock import now

SHOWN = 20


class Command(BaseCommand):
    """Every decision up to a moment, each by what was known when it was made."""

    help = (
        "Make past decisions again from the terms, rates, holds and positions known when each was made, and compare "
        "them byte for byte with what is stored. Exit 1 when a difference is not explained."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which decisions."""
        parser.add_argument(
            "--as-of", type=_moment, help="those made up to this moment, 2026-04-05T18:00:00Z; without it, all"
        )
        parser.add_argument("--contract", help="only those of one contract, by its number")
        parser.add_argument("--run", type=int, help="only those that a billing run made or billed, by its id")
        parser.add_argument(
            "--json", action="store_true", help="one JSON object a difference, and the counts at the end"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, print what differs and the counts."""
        counts: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for verdict in replay(_chosen(options)):
            counts[verdict.outcome] += 1
            if verdict.because:
                reasons[verdict.because] += 1
            if verdict.outcome != "identical" and (options["json"] or counts[verdict.outcome] <= SHOWN):
                self._tell(verdict, as_json=options["json"])
        figures = {name: counts[name] for name in ("identical", "explained", "unexplained")}
        if options["json"]:
            self.stdout.write(json.dumps({"decisions": counts.total(), **figures, "because": dict(reasons)}))
        else:
            told = ", ".join(f"{count:,} {name}" for name, count in figures.items())
            self.stdout.write(f"{counts.total():,} decisions: {told}")
            for reason, count in reasons.most_common():
                self.stdout.write(f"  {count:,} {reason}")
        if counts["unexplained"]:
            raise CommandError(f"{counts['unexplained']:,} decisions do not come out as they are stored.")

    def _tell(self, verdict: Verdict, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(verdict), default=str))
        elif (found := verdict.difference) is not None:
            told = f"{found.path}: stored {found.stored!r}, now {found.now!r}"
            because = f" ({verdict.because})" if verdict.because else ""
            self.stdout.write(f"{verdict.outcome} {verdict.work_key} decision {verdict.decision} {told}{because}")


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None or is_naive(found):
        raise ValueError(f"{text!r} is no moment with a time zone, as 2026-04-05T18:00:00Z.")
    return found


def _chosen(options: dict[str, Any]) -> QuerySet[Decision]:
    rows = Decision.objects.filter(decided_at__lte=options["as_of"] or now())
    if number := options["contract"]:
        rows = rows.filter(Q(agreed__contract__number=number) | Q(contract_version__contract__number=number))
    if run := options["run"]:
        billed = Piece.objects.filter(candidate_line__candidate__run=run).values("decision")
        rows = rows.filter(Q(caused_by=f"billing run {run}") | Q(pk__in=billed))
    return rows
