"""Calls to one Kantata account: lists in ascending order of change, single writes, external references."""

from collections.abc import Iterable, Iterator
from typing import Any

import httpx
from pydantic import ValidationError

from integration_hub.connectors import answers, auth
from integration_hub.connectors.answers import Complaint, Silent
from integration_hub.connectors.kantata.payloads import KantataEnvelope, KantataErrors
from integration_hub.connectors.models import Connection
from integration_hub.connectors.transport import Ask, Session
from integration_hub.connectors.versions import moved, stamp_of

LARGEST_PAGE = 200
SERVICE = "throughline"
"""Our name in Kantata's external references."""

Record = dict[str, Any]


class KantataDialect(Silent):
    """A list of complaints with a type and, for validations, a field; there is no code."""

    title = "Kantata"

    def complaint(self, response: httpx.Response) -> Complaint:
        try:
            first = KantataErrors.model_validate(response.json()).errors[0]
        except (ValueError, ValidationError, IndexError):
            return Complaint(message=response.text[:200])
        return Complaint(first.message, field=first.field)


DIALECT = KantataDialect()
SIGN_IN = auth.bearer("token")


class Client:
    """One account over REST."""

    def __init__(self, connection: Connection, *, even_if_paused: bool = False) -> None:
        self.connection = connection
        self.session = Session(connection, auth=SIGN_IN, dialect=DIALECT, even_if_paused=even_if_paused)
        self.page_size = min(int(connection.settings.get("page_size") or LARGEST_PAGE), LARGEST_PAGE)
        self._roles: dict[str, str] = {}

    # -- reading ------------------------------------------------------------------------------------------------

    def page(self, collection: str, params: dict[str, Any]) -> KantataEnvelope:
        """One page of a list. Raises Failed."""
        response = self.session.get(f"/api/v1/{collection}.json", {"per_page": self.page_size, **params})
        return answers.shaped(DIALECT, KantataEnvelope, self.session.data(response), write=False)

    def everything(self, collection: str, params: dict[str, Any]) -> list[Record]:
        """All pages of a list."""
        records: list[Record] = []
        number = 1
        while True:
            envelope = self.page(collection, {**params, "page": number})
            records.extend(envelope.records())
            if not envelope.results or number >= envelope.meta.page_count:
                return records
            number += 1

    def changed(self, collection: str, params: dict[str, Any], since: str) -> Iterator[tuple[list[Record], bool]]:
        """Records changed after `since` ('' for all), oldest change first, each once; True with the last ones.

        A page number into a list that is being changed loses rows: whatever is touched moves to the end and pulls the
        others forward. So each page starts again after the last stamp; page numbers serve only inside one second.
        """
        number, seen = 1, set[tuple[str, str]]()
        while True:
            window = {"updated_after": since} if since else {}
            envelope = self.page(collection, {**params, **window, "order": "updated_at:asc", "page": number})
            rows = envelope.records()
            fresh = [row for row in rows if (row["id"], row["updated_at"]) not in seen]
            seen.update((row["id"], row["updated_at"]) for row in fresh)
            last = not rows or number >= envelope.meta.page_count
            yield fresh, last
            if last:
                return
            onward = moved(stamp_of(rows[-1]["updated_at"]), -1)
            number, since = (1, onward) if onward > since else (number + 1, since)

    def only(
        self, collection: str, ids: Iterable[str | None], params: dict[str, Any] | None = None
    ) -> dict[str, Record]:
        """Records by id; unlike a single read it does not stumble over the default filters."""
        wanted = sorted({str(key) for key in ids if key}, key=lambda key: (len(key), key))
        found: dict[str, Record] = {}
        for start in range(0, len(wanted), self.page_size):
            chunk = wanted[start : start + self.page_size]
            envelope = self.page(collection, {**(params or {}), "only": ",".join(chunk)})
            found.update({str(row["id"]): row for row in envelope.records()})
        return found

    def role_names(self, ids: Iterable[str | None]) -> dict[str, str]:
        """Names of roles by id, asked once per client."""
        unknown = {str(key) for key in ids if key} - self._roles.keys()
        if unknown:
            self._roles |= {key: str(row.get("name") or "") for key, row in self.only("roles", unknown).items()}
        return self._roles

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, collection: str, singular: str, values: Record) -> Record:
        """Create one record; what Kantata made of it. Raises Failed, UNKNOWN_OUTCOME when the answer is lost."""
        return self._written(Ask("POST", f"/api/v1/{collection}.json", write=True, json={singular: values}))

    def update(self, collection: str, singular: str, record_id: str, values: Record) -> Record:
        """Change one record."""
        path = f"/api/v1/{collection}/{record_id}.json"
        return self._written(Ask("PUT", path, write=True, json={singular: values}))

    def refer(self, values: Record) -> Record:
        """Create or update an external reference: one per service and subject."""
        body = {"external_reference": {"service_name": SERVICE, **values}}
        return self._written(Ask("POST", "/api/v1/external_references/create_or_update.json", write=True, json=body))

    def referred(self, collection: str, model: str, reference: str, params: dict[str, Any]) -> list[Record]:
        """Records that carry our reference."""
        ours = {
            "external_reference_service_name": SERVICE,
            "external_reference_service_model": model,
            "external_reference_service_model_refs": reference,
        }
        return self.everything(collection, {**params, **ours})

    def references(self, subject_type: str, subject_id: str) -> list[Record]:
        """Our external references on one record."""
        params = {"subject_type": subject_type, "subject_id": subject_id, "service_name": SERVICE}
        return self.everything("external_references", params)

    def _written(self, ask: Ask) -> Record:
        response = self.session.ask(ask)
        data = self.session.data(response, write=True)
        envelope = answers.shaped(DIALECT, KantataEnvelope, data, write=True)
        return envelope.records()[0] if envelope.results else {}

    def me(self) -> Record:
        """The user the token belongs to."""
        response = self.session.get("/api/v1/users/me.json")
        envelope = answers.shaped(DIALECT, KantataEnvelope, self.session.data(response), write=False)
        return envelope.records()[0] if envelope.results else {}
