"""The firewall at the door of a feed: what does not look like its records any more is kept back, key by key."""

from collections.abc import Sequence
from decimal import Decimal

from integration_hub.connectors.models import Connection
from integration_hub.intake import troubles
from integration_hub.intake.drift import Drift, Seen, Shape, judge
from integration_hub.intake.models import FeedShape, SourceVersion
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import Problem
from integration_hub.mapping.compile import Compiled

CODE = troubles.DRIFT


def inspect(connection: Connection, mapping: Compiled, batch: Sequence[Seen]) -> list[Drift | None]:
    """Judge a page by the shape of its feed, and learn from what passes. Under the feed's lock."""
    row = FeedShape.objects.filter(connection=connection, entity=mapping.entity).first()
    row = row or FeedShape(connection=connection, entity=mapping.entity)
    shape = Shape(**row.shape) if row.shape else Shape()
    shape.open = [key for key in shape.open if _is_open(connection, mapping.entity, key)]
    found = judge(shape, mapping, batch, today())
    row.shape, row.learnt_at = shape.as_data(), now()
    row.save()
    return found


def root_cause(connection_code: str, entity: str, drift: Drift) -> str:
    """The key under which all records with this drift belong together."""
    return f"{connection_code}:{entity}:{drift.field}:{drift.what}"[:200]


def problem(drift: Drift) -> Problem:
    """What is told of it."""
    return Problem(drift.field, f"{drift.message} ({drift.known:,} records before).", troubles.REMEDIES[CODE])


def money(seen: Seen) -> dict[str, str]:
    """The amount a record carries, for the case."""
    amount = next((value for name in ("amount", "gross", "net")
                   if isinstance(value := getattr(seen.record, name, None), Decimal)), None)  # fmt: skip
    currency = getattr(seen.record, "currency", None)
    return {"amount": str(amount), "currency": currency} if amount is not None and currency else {}


_WHAT = {"empty": "empty", "sign": "sign", "larger": "unit", "smaller": "unit"}


def _is_open(connection: Connection, entity: str, key: str) -> bool:
    """Whether records are still kept back for it: once all were settled it is judged anew."""
    name, _, what = key.partition("|")
    cause = f"{connection.code}:{entity}:{name}:{_WHAT[what]}"[:200]
    return SourceVersion.objects.filter(case_code=CODE, root_cause=cause, status="refused").exists()
