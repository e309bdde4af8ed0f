"""OData v2 as the SAP Gateway writes it: typed literals, dates in milliseconds, rows inside rows."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from integration_hub.connectors import odata
from integration_hub.connectors.odata import Row, literal

PARTNERS, PROJECTS = "API_BUSINESS_PARTNER", "API_ENTERPRISE_PROJECT_SRV_0002"
BILLING, REQUESTS = "API_BILLING_DOCUMENT_SRV", "API_BILLING_DOCUMENT_REQUEST_SRV"
JOURNAL, COMPANIES = "API_JOURNALENTRYITEMBASIC_SRV", "API_COMPANYCODE_SRV"
ETAG = "@etag"
_DATE = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_TIME = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?")

Key = Mapping[str, Any]


def moment(at: datetime) -> str:
    """An instant in a filter."""
    return f"datetimeoffset'{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def day_and_time(at: datetime) -> tuple[str, str]:
    """The same where a service keeps day and time apart."""
    utc = at.astimezone(UTC)
    return f"datetime'{utc:%Y-%m-%d}T00:00:00'", f"time'PT{utc:%H}H{utc:%M}M{utc:%S}S'"


def date_of(day: str | None) -> str | None:
    """A day in the body of a write."""
    return f"/Date({int(datetime.fromisoformat(f'{day}T00:00:00+00:00').timestamp()) * 1000})/" if day else None


class Names(odata.Names):
    """Our names to those of one tenant, and back."""

    def path(self, service: str, entity: str = "", key: Key | None = None) -> str:
        """The path of a service, of a set, or of a row by its key."""
        parts = [f"{self.of(name)}={_keyed(name, value)}" for name, value in (key or {}).items()]
        if len(parts) == 1:
            parts = [parts[0].partition("=")[2]]
        row = f"({','.join(parts)})" if parts else ""
        return f"/sap/opu/odata/sap/{self.of(service)}/{self.of(entity)}{row}"

    def into(self, row: Row) -> Row:
        """A row in our names: plain dates, what was expanded as lists and rows, and the ETag beside them."""
        found = {self.ours(name): self._value(value) for name, value in row.items() if not _aside(name, value)}
        etag = (row.get("__metadata") or {}).get("etag")
        return found | ({ETAG: etag} if etag else {})

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return _plain(value)
            case {"results": list(rows)}:
                return [self.into(item) for item in rows]
            case dict():
                return self.into(value)
        return value


def _aside(name: str, value: Any) -> bool:
    return name == "__metadata" or (isinstance(value, dict) and "__deferred" in value)


def _plain(value: str) -> str:
    if found := _DATE.fullmatch(value):
        at = datetime.fromtimestamp(int(found[1]) / 1000, UTC)
        return f"{at:%Y-%m-%dT%H:%M:%SZ}" if found[2] else f"{at:%Y-%m-%d}"
    if len(value) > 2 and (clock := _TIME.fullmatch(value)):
        return ":".join(f"{int(part or 0):02d}" for part in clock.groups())
    return value


def _keyed(name: str, value: Any) -> str:
    text = quote(literal(str(value)), safe="'")
    return f"guid{text}" if name.endswith("UUID") else text
