"""Events of long ago and streams that tell of them, for the tests of streams.

What the trail shows for good is older than every transaction of the server, also those that tests beside keep open. So
events here are written under transaction numbers of a server that has just begun.
"""

from typing import Any

from django.db import connection as database

from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.downstream.actions import streams
from integration_hub.downstream.actions.streams import StreamIn
from integration_hub.downstream.models import Stream
from integration_hub.kernel.clock import now
from integration_hub.sandbox import accounts
from integration_hub.trail.models import Event

HELD, RELEASED = "billing.hold.placed", "billing.hold.released"
BY = "system:test"


def happen(
    n: int, *, action: str = RELEASED, entity: str = "US01", tx: int | None = None, actor: str = "fiona"
) -> Event:
    """An event of long ago, in a transaction of its own unless told otherwise; its id."""
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hub_trail_event (recorded_at, actor_kind, actor, action, object_type, object_id, object_label,"
            " legal_entity, reason, data, correlation_id, tx)"
            " VALUES (%s, 'person', %s, %s, 'billing.hold', %s, %s, %s, 'Agreed with Ms Ortiz', %s, '',"
            " %s::text::xid8) RETURNING id",
            [now(), actor, action, str(n), f"Hold {n}", entity, f'{{"amount": "{n}.10", "currency": "USD"}}',
             str(100 + n if tx is None else tx)],
        )  # fmt: skip
        return Event.objects.get(pk=cursor.fetchone()[0])


def consumer(url: str, code: str = "warehouse") -> Connection:
    """A connection to the landscape's consumer of webhooks."""
    return connections.create(
        code=code, vendor="webhook", name="Warehouse", base_url=url, settings={"timeout_seconds": "2"},
        credentials={"signing_secret": accounts.WEBHOOK_SECRET}, by=BY,
    )  # fmt: skip


def told(connection: Connection, code: str = "holds", **more: Any) -> Stream:
    """A stream from the beginning of the trail."""
    stated = StreamIn(**{"title": "Holds", "actions": ["billing.hold.*"], **more})
    made = streams.create(code=code, connection=connection, stream=stated, by=BY)
    Stream.objects.filter(pk=made.pk).update(after_transaction=0, after_event=0)
    return Stream.objects.get(pk=made.pk)
