"""Salesforce as a connector: reads by SystemModstamp with deletions, writes status back by record id."""

from collections.abc import Iterator
from typing import Any

from integration_hub.connectors import wire
from integration_hub.connectors.force import soql
from integration_hub.connectors.force.client import Client
from integration_hub.connectors.force.settings import table
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import Confirmed, Control, Page, RawRecord, Sent, Window, Write
from integration_hub.connectors.salesforce.defaults import AMOUNTS, OBJECTS, STATUS_FIELDS
from integration_hub.connectors.salesforce.manifest import AMENDMENT_STATUS, CONTRACT_STATUS, MANIFEST
from integration_hub.connectors.versions import Reading, stamp_of
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping import queries

_WRITTEN = {CONTRACT_STATUS: "contract", AMENDMENT_STATUS: "amendment"}


class SalesforceConnector:
    """One vendor; see the registry for the meaning of the methods."""

    manifest = MANIFEST

    def check(self, connection: Connection) -> str:
        """Sign in and read the limits."""
        daily = Client(connection, even_if_paused=True).limits().get("DailyApiRequests", {})
        return f"Signed in to Salesforce; {daily.get('Remaining', '?')} of {daily.get('Max', '?')} calls left today."

    def read(self, connection: Connection, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        """Records changed since the cursor (less an overlap), oldest change first, deleted ones included."""
        overlap = float(connection.settings.get("overlap_seconds") or 300)
        reading, mapping = Reading(cursor, overlap), queries.published(connection.code, entity)
        names = soql.columns(mapping.fields, entity)
        asked = soql.select(names, object_of(connection, entity), soql.since(reading.since))
        for page in Client(connection).query(asked, deleted_too=True):
            records = [_record(reading, row, mapping.version) for row in page.records]
            yield reading.page(records, done=page.done)

    def control(self, connection: Connection, entity: str, window: Window) -> Control:
        """A query with COUNT(), deleted records included."""
        asked = soql.count(object_of(connection, entity), soql.within(window))
        (page,) = Client(connection).query(asked, deleted_too=True)
        return Control(page.totalSize, deleted_too=True)

    def roll(self, connection: Connection, entity: str, window: Window) -> Iterator[str]:
        """Ids only."""
        asked = soql.select(["Id"], object_of(connection, entity), soql.within(window), order="Id")
        for page in Client(connection).query(asked, deleted_too=True):
            yield from (str(row["Id"]) for row in page.records)

    def send(self, connection: Connection, write: Write) -> Sent:
        """Write status fields on a contract or an amendment; by record id, so that once more changes nothing."""
        name, record_id, values = _target(connection, write)
        status = Client(connection).update(name, record_id, values)
        return Sent(remote_id=record_id, status=status)

    def find(self, connection: Connection, write: Write) -> Confirmed | None:
        """The record, if it holds what this write says."""
        name, record_id, values = _target(connection, write)
        found = Client(connection).record(name, record_id, ["Id", "SystemModstamp", *values])
        if found is None or not all(wire.same(found.get(field), value) for field, value in values.items()):
            return None
        facts = {field: found.get(field) for field in ("SystemModstamp", *values)}
        return Confirmed(remote_id=str(found["Id"]), facts=facts)


def object_of(connection: Connection, entity: str) -> str:
    """The org's object of an entity."""
    return soql.checked(str(table(connection, "objects").get(entity) or OBJECTS[entity]), entity)


def _record(reading: Reading, row: dict[str, Any], edition: int) -> RawRecord:
    payload = soql.plain(row)
    stamp = stamp_of(str(payload.pop("SystemModstamp")))
    deleted = bool(payload.get("IsDeleted"))
    return reading.record(str(payload["Id"]), stamp, payload, deleted=deleted, edition=edition)


def _target(connection: Connection, write: Write) -> tuple[str, str, dict[str, Any]]:
    """Object, record id and fields of a write."""
    entity = _WRITTEN.get(write.effect_type)
    if entity is None:
        raise LookupError(f"Salesforce declares no write {write.effect_type!r}.")
    fields = {**STATUS_FIELDS, **table(connection, "status_fields")}
    names = fields if entity == "contract" else {"status": fields["status"]}
    values = {
        field: wire.number(write.payload[name]) if name in AMOUNTS else (write.payload[name] or None)
        for name, field in names.items()
        if name in write.payload
    }
    record_id = str(write.payload.get("remote_id") or write.remote_id)
    if not record_id or not values:
        missing = "remote_id" if not record_id else "status"
        raise Failed(FailureClass.DATA, f"{write.business_key}: {missing} is missing", field=missing)
    return object_of(connection, entity), record_id, values
