"""Calls to one Jira site: lists, searches, changes of worklogs, properties; Tempo's are beside it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent, Throttle
from integration_hub.connectors.jira.payloads import (
    JiraChanges,
    JiraComplaint,
    JiraIssues,
    JiraIssueWorklogs,
    JiraPage,
    JiraWorklog,
    JiraWorklogs,
    Rows,
)
from integration_hub.connectors.jira.tempo import Tempo
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session
from integration_hub.connectors.versions import stamp_of

API = "/rest/api/3"
LARGEST_PAGE = 1000
"""Worklogs that are told or asked for at once."""
_ISSUES, _PROJECTS = 100, 50
_REASONS = {"jira-quota": Throttle.QUOTA, "jira-per-issue": Throttle.BUSY}
"""Beginnings of `RateLimit-Reason`; bursts are a matter of the rate."""

Record = dict[str, Any]


class JiraDialect(Silent):
    """Sentences, complaints by field, and a header that says which limit it was."""

    title = "Jira"

    def complaint(self, response: httpx.Response) -> Complaint:
        reason = response.headers.get("ratelimit-reason") or response.headers.get("x-beta-ratelimit-reason") or ""
        kind = next((kind for start, kind in _REASONS.items() if reason.startswith(start)), None)
        kind = kind if response.status_code == 429 else None
        try:
            found = JiraComplaint.model_validate(response.json())
        except (ValueError, ValidationError):
            return Complaint(response.text[:200], throttle=kind)
        return Complaint(found.text, code=reason, field=next(iter(found.errors), ""), throttle=kind)


DIALECT = JiraDialect()
SIGN_IN = auth.basic("email", "api_token")


def stamp_of_ms(ms: int) -> str:
    """Milliseconds since 1970 as a stamp that sorts."""
    return stamp_of(datetime.fromtimestamp(ms / 1000, UTC).isoformat())


def ms_of(stamp: str) -> int:
    """And back; nothing is the beginning."""
    return round(datetime.fromisoformat(stamp).timestamp() * 1000) if stamp else 0


class Client:
    """One site over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.tempo = Tempo(connection, even_if_paused=even_if_paused)
        self.page_size = min(int(connection.settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self.answered_at = ""
        """Jira's own time of the last answer, sortable."""
        self._zone: ZoneInfo | None = None

    # -- people and projects ----------------------------------------------------------------------------------------

    def me(self) -> Record:
        """Whose token it is."""
        found: Record = self._got("/myself")
        return found

    def lacking(self, permissions: dict[str, str]) -> list[str]:
        """Those of the permissions (by Jira's name for them) that the user has in no project."""
        found = self._got("/mypermissions", {"permissions": ",".join(permissions)})
        told = found.get("permissions") or {}
        return [name for name in permissions if not (told.get(name) or {}).get("havePermission")]

    def users(self) -> list[Record]:
        """Everybody who ever was here; the list ends with an empty page."""
        rows: list[Record] = []
        while True:
            asked = {"startAt": len(rows), "maxResults": LARGEST_PAGE}
            page = answers.shaped(DIALECT, Rows, self._got("/users/search", asked), write=False).root
            rows += page
            if not page:
                return rows

    def projects(self) -> list[Record]:
        """All projects, archived ones too."""
        rows: list[Record] = []
        while True:
            asked = {"startAt": len(rows), "maxResults": _PROJECTS, "expand": "description", "status": "live,archived"}
            page = answers.shaped(DIALECT, JiraPage, self._got("/project/search", asked), write=False)
            rows += page.values
            if page.last or not page.values:
                return rows

    # -- issues -----------------------------------------------------------------------------------------------------

    def changed_issues(self, since: str, fields: list[str]) -> Iterator[tuple[list[Record], bool]]:
        """Issues changed since a stamp, oldest change first; True with the last page. Raises Failed.

        Search knows minutes of the user's wall clock only, so up to a minute more comes.
        """
        start = self._wall_clock(since) if since else "1970/01/02 00:00"
        yield from self.search(f'updated >= "{start}" ORDER BY updated ASC', fields)

    def search(self, jql: str, fields: list[str]) -> Iterator[tuple[list[Record], bool]]:
        """Pages of a search with the changes of each issue, True with the last one."""
        asked = {"jql": jql, "fields": fields, "maxResults": min(self.page_size, _ISSUES), "expand": "changelog"}
        token = ""
        while True:
            more = {"nextPageToken": token} if token else {}
            ask = Ask("POST", f"{API}/search/jql", write=False, json={**asked, **more})
            page = answers.shaped(DIALECT, JiraIssues, self._answer(self.session.ask(ask)), write=False)
            token = page.token
            yield page.issues, not token
            if not token:
                return

    def issue(self, key: str) -> Record | None:
        """One issue as it is now; a search may not know it yet."""
        asked = {"fields": "project", "expand": "changelog"}
        response = self.session.get(f"{API}/issue/{quote(key)}", asked, expected=(404,))
        found: Record | None = None if response.status_code == 404 else self._answer(response)
        return found

    def _wall_clock(self, stamp: str) -> str:
        if self._zone is None:
            try:
                self._zone = ZoneInfo(str(self.me().get("timeZone")))
            except (OSError, ValueError):
                self._zone = ZoneInfo("UTC")
        return f"{datetime.fromisoformat(stamp).astimezone(self._zone):%Y/%m/%d %H:%M}"

    # -- worklogs ---------------------------------------------------------------------------------------------------

    def changes(self, what: str, since: str) -> Iterator[list[tuple[str, str]]]:
        """Pages of (stamp, id) of worklogs `updated` or `deleted` since a stamp, oldest first, each once."""
        start, known = ms_of(since), set[tuple[int, int]]()
        while True:
            page = answers.shaped(DIALECT, JiraChanges, self._got(f"/worklog/{what}", {"since": start}), write=False)
            fresh = [row for row in page.values if (row.id, row.ms) not in known]
            yield [(stamp_of_ms(row.ms), str(row.id)) for row in fresh]
            if page.last or not fresh:
                return
            start, known = page.until, {(row.id, row.ms) for row in page.values}

    def worklogs(self, ids: list[str]) -> list[JiraWorklog]:
        """Worklogs by id; those that are gone are left out."""
        if not ids:
            return []
        ask = Ask("POST", f"{API}/worklog/list", write=False, json={"ids": [int(key) for key in ids]})
        found = self._answer(self.session.ask(ask))
        return answers.shaped(DIALECT, JiraWorklogs, found, write=False).root

    def worklogs_of(self, issue: str) -> list[JiraWorklog]:
        """All worklogs of an issue."""
        rows: list[JiraWorklog] = []
        while True:
            found = self._got(f"/issue/{quote(issue)}/worklog", {"startAt": len(rows), "maxResults": LARGEST_PAGE})
            page = answers.shaped(DIALECT, JiraIssueWorklogs, found, write=False)
            rows += page.worklogs
            if not page.worklogs or len(rows) >= page.total:
                return rows

    # -- properties -------------------------------------------------------------------------------------------------

    def property_of(self, project: str, key: str) -> Any:
        """A property of a project; None when it is not there."""
        response = self.session.get(self._property(project, key), expected=(404,))
        return None if response.status_code == 404 else (self._answer(response) or {}).get("value")

    def put_property(self, project: str, key: str, value: Record) -> int:
        """Put a value under a key; the status. Raises Failed, UNKNOWN_OUTCOME when the answer is lost."""
        response = self.session.ask(Ask("PUT", self._property(project, key), write=True, json=value))
        self.session.data(response, write=True)
        return response.status_code

    @staticmethod
    def _property(project: str, key: str) -> str:
        return f"{API}/project/{quote(project, safe='')}/properties/{quote(key, safe='')}"

    def _got(self, path: str, params: Record | None = None) -> Any:
        return self._answer(self.session.get(f"{API}{path}", params))

    def _answer(self, response: httpx.Response) -> Any:
        self.answered_at = answers.answered_at(response)
        return self.session.data(response)
