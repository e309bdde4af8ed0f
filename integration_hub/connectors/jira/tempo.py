"""Calls to Tempo, which has an address and a token of its own: worklogs, timesheets, accounts."""

from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.jira.payloads import (
    TempoComplaint,
    TempoPage,
    TempoPair,
    TempoPeriod,
    TempoPeriods,
    TempoSheet,
    TempoWorklog,
)
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session

ADDRESS = "https://api.tempo.io"
LARGEST_PAGE, LARGEST_MAPPING = 5000, 500
SCOPES = {
    "worklogs?from=2000-01-01&to=2000-01-01": "worklogs:view",
    "timesheet-approvals/waiting?": "approvals:view",
    "periods?from=2000-01-01&to=2000-01-01": "periods:view",
    "teams?": "teams:view",
    "accounts?": "accounts:view",
}
"""What is asked to see whether the token has a scope, and the scope."""

Record = dict[str, Any]


class TempoDialect(Silent):
    """A list of complaints without codes."""

    title = "Tempo"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            return Complaint(TempoComplaint.model_validate(response.json()).text)
        except (ValueError, ValidationError):
            return Complaint(response.text[:200])


DIALECT = TempoDialect()
SIGN_IN = auth.bearer("tempo_token", at=lambda connection: str(connection.settings.get("tempo_url") or ADDRESS))


class Tempo:
    """The app on one site."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.answered_at = ""
        """Tempo's own time of the last answer, sortable."""

    def lacking(self) -> list[str]:
        """Scopes the token does not have."""
        return [
            scope
            for path, scope in SCOPES.items()
            if self.session.get(f"/4/{path}", expected=(403,)).status_code == 403
        ]

    def worklogs(self, first: str, last: str, *, updated_from: str = "") -> Iterator[list[TempoWorklog]]:
        """Pages of the worklogs of some days, the last one included; of those changed since a day if one is named."""
        more = {"updatedFrom": updated_from} if updated_from else {}
        for rows in self._pages("worklogs", {"from": first, "to": last, **more}):
            yield [answers.shaped(DIALECT, TempoWorklog, row, write=False) for row in rows]

    def to_tempo(self, ids: Iterable[str]) -> dict[int, str]:
        """Jira's ids by Tempo's, of those worklogs Tempo knows."""
        return {pair.tempo: str(pair.jira) for pair in self._mapped("jira-to-tempo", "jiraWorklogIds", ids)}

    def to_jira(self, ids: Iterable[int]) -> dict[int, str]:
        """The same for ids of Tempo's."""
        return {pair.tempo: str(pair.jira) for pair in self._mapped("tempo-to-jira", "tempoWorklogIds", ids)}

    def _mapped(self, way: str, name: str, ids: Iterable[str | int]) -> Iterator[TempoPair]:
        wanted = [int(key) for key in ids]
        for start in range(0, len(wanted), LARGEST_MAPPING):
            body = {name: wanted[start : start + LARGEST_MAPPING]}
            ask = Ask("POST", f"/4/worklogs/{way}?limit={LARGEST_MAPPING}", write=False, json=body)
            for row in self._page(self.session.ask(ask)).results:
                yield answers.shaped(DIALECT, TempoPair, row, write=False)

    # -- timesheets -------------------------------------------------------------------------------------------------

    def periods(self, first: str, last: str) -> list[TempoPeriod]:
        """The periods that some days are in."""
        found = self._answer(self.session.get("/4/periods", {"from": first, "to": last}))
        return answers.shaped(DIALECT, TempoPeriods, found, write=False).periods

    def teams(self) -> list[str]:
        """Ids of all teams."""
        return [str(row["id"]) for rows in self._pages("teams", {}) for row in rows if row.get("id") is not None]

    def sheets(self, team: str, period: TempoPeriod) -> list[tuple[TempoSheet, Record]]:
        """The timesheets of a team's members."""
        asked = {"from": period.first, "to": period.last}
        rows = [row for page in self._pages(f"timesheet-approvals/team/{team}", asked) for row in page]
        return [(answers.shaped(DIALECT, TempoSheet, row, write=False), row) for row in rows]

    def sheet(self, account: str, period: TempoPeriod) -> tuple[TempoSheet, Record]:
        """The timesheet of one person."""
        asked = {"from": period.first, "to": period.last}
        row = self._answer(self.session.get(f"/4/timesheet-approvals/user/{quote(account, safe='')}", asked))
        return answers.shaped(DIALECT, TempoSheet, row, write=False), row

    # -- accounts ---------------------------------------------------------------------------------------------------

    def default_accounts(self) -> dict[str, str]:
        """The key of the account that is a project's default, by the project's id."""
        found: dict[str, str] = {}
        for account in (row for rows in self._pages("accounts", {}) for row in rows):
            for link in (row for rows in self._pages(f"accounts/{quote(account['key'], safe='')}/links", {})
                         for row in rows):  # fmt: skip
                scope = link.get("scope") or {}
                if link.get("default") and scope.get("type") == "PROJECT":
                    found[str(scope.get("id"))] = str(account["key"])
        return found

    def _pages(self, path: str, params: Record) -> Iterator[list[Record]]:
        onward = f"/4/{path}?{urlencode({'limit': LARGEST_PAGE, **params})}"
        while onward:
            page = self._page(self.session.get(onward))
            yield page.results
            onward = self.session.path_of(page.metadata.next) if page.metadata.next else ""

    def _page(self, response: httpx.Response) -> TempoPage:
        return answers.shaped(DIALECT, TempoPage, self._answer(response), write=False)

    def _answer(self, response: httpx.Response) -> Any:
        self.answered_at = answers.answered_at(response)
        return self.session.data(response)
