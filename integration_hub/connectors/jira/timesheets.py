"""Timesheets as a feed: what Tempo says of each person and period, and the worklogs it is said of.

A timesheet carries no stamp, and deciding on it moves none of its worklogs: those of recent periods, and of older
ones somebody still works on, are looked at each time. It names its worklogs with their stamps, so that it comes again
when one of them changed.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from integration_hub.connectors.jira.client import Client, Record
from integration_hub.connectors.jira.payloads import TempoPeriod, TempoWorklog
from integration_hub.connectors.jira.work import EVER
from integration_hub.connectors.registry import Page
from integration_hub.connectors.versions import Listing


def read(client: Client, cursor: dict[str, Any]) -> Iterator[Page]:
    """A page for each period that has work."""
    tempo = client.tempo
    teams = tempo.teams()
    today = date.fromisoformat(tempo.answered_at[:10])
    name, usual = ("approval_days", 62) if cursor else ("approval_first_days", 400)
    first = today - timedelta(days=int(client.connection.settings.get(name) or usual))
    listing = Listing(cursor, tempo.answered_at)
    kept = {key: row for key, row in (cursor.get("listed") or {}).items() if key[-10:] >= first.isoformat()}
    for period in _periods(client, first, today):
        records = [listing.record(f"{row['user']['accountId']}:{period.first}", row)
                   for row in _sheets(client, teams, period)]  # fmt: skip
        yield Page(records, {"listed": kept | listing.listed}, done=False)
    yield Page([], {"listed": kept | listing.listed}, done=True)


def _periods(client: Client, first: date, today: date) -> list[TempoPeriod]:
    """Recent periods, and older ones whose work changed since yesterday."""
    found = {period.first: period for period in client.tempo.periods(first.isoformat(), today.isoformat())}
    since = (today - timedelta(days=1)).isoformat()
    for day in sorted({row.day for page in client.tempo.worklogs(*EVER, updated_from=since) for row in page}):
        if not any(period.first <= day <= period.last for period in found.values()):
            found.update({period.first: period for period in client.tempo.periods(day, day)})
    return [found[key] for key in sorted(found)]


def _sheets(client: Client, teams: list[str], period: TempoPeriod) -> Iterator[Record]:
    """The timesheets of all who worked in a period: by team, and one by one of people in none."""
    tempo = client.tempo
    work: dict[str, list[TempoWorklog]] = {}
    for page in tempo.worklogs(period.first, period.last):
        for row in page:
            work.setdefault(row.author.account, []).append(row)
    if not work:
        return
    ids = tempo.to_jira(row.id for rows in work.values() for row in rows)
    sheets = {sheet.user.account: row for team in teams for sheet, row in tempo.sheets(team, period)}
    for account, rows in sorted(work.items()):
        sheet = sheets[account] if account in sheets else tempo.sheet(account, period)[1]
        entries = [{"id": ids[row.id], "at": row.updated} for row in sorted(rows, key=lambda row: row.id)
                   if row.id in ids]  # fmt: skip
        yield {
            "user": {"accountId": account},
            "period": {"from": period.first, "to": period.last},
            "status": sheet["status"],
            "reviewer": sheet.get("reviewer"),
            "entries": entries,
        }
