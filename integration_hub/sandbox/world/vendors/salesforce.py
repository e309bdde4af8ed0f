"""The CRM as the sales team uses it: accounts, opportunities, contracts and their lines, amendments."""

from __future__ import annotations

from collections.abc import Sequence

from ... import accounts
from .http import Api, Json, VendorRefused, batches

DATA = "/services/data/v66.0"
AT_ONCE = 200


class Salesforce:
    """One org, signed in with the client credentials flow."""

    def __init__(self, url: str) -> None:
        self._api = Api(url)
        form = {
            "grant_type": "client_credentials",
            "client_id": accounts.SALESFORCE_CONSUMER_KEY,
            "client_secret": accounts.SALESFORCE_CONSUMER_SECRET,
        }
        answer = self._api.ask("POST", "/services/oauth2/token", data=form)
        self._api.http.headers["authorization"] = f"Bearer {answer['access_token']}"

    def close(self) -> None:
        self._api.close()

    def query(self, soql: str) -> list[Json]:
        """All records of a query, page after page."""
        page = self._api.ask("GET", f"{DATA}/query", query={"q": soql})
        records: list[Json] = page["records"]
        while not page["done"]:
            page = self._api.ask("GET", page["nextRecordsUrl"])
            records += page["records"]
        return records

    def create(self, sobject: str, rows: Sequence[Json]) -> list[str]:
        """Many records; their ids in order. Raises VendorRefused if one is refused; then none of its batch exists."""
        ids: list[str] = []
        for batch in batches(rows, AT_ONCE):
            records = [{"attributes": {"type": sobject}, **row} for row in batch]
            body = {"allOrNone": True, "records": records}
            answers = self._api.ask("POST", f"{DATA}/composite/sobjects", body=body)
            self._check(sobject, answers)
            ids += [answer["id"] for answer in answers]
        return ids

    def update(self, sobject: str, rows: Sequence[Json]) -> None:
        """Many records, each with its `Id`."""
        for batch in batches(rows, AT_ONCE):
            records = [{"attributes": {"type": sobject}, **row} for row in batch]
            body = {"allOrNone": True, "records": records}
            self._check(sobject, self._api.ask("PATCH", f"{DATA}/composite/sobjects", body=body))

    @staticmethod
    def _check(sobject: str, answers: list[Json]) -> None:
        for answer in answers:
            if not answer["success"]:
                raise VendorRefused("collection of", sobject, 200, str(answer["errors"]))
