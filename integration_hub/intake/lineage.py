"""The first step of every trace: what came in, as it came."""

import json
from collections.abc import Iterable

from django.db.models import Q

from integration_hub.canonical import nouns
from integration_hub.connectors.models import Connection
from integration_hub.intake.models import Delivery, FileDrop, SourceVersion
from integration_hub.intake.registry import DESCENDANTS
from integration_hub.trail.lineage import FINDERS, PROVIDERS, Hit, Node, Provider, Ref

SOURCE, FILE, WEBHOOK = "source", "file", "webhook"
EXCERPT = 600
AGREEMENTS = {
    "customer",
    "customer_account",
    "opportunity",
    "contract",
    "contract_line",
    "rate_item",
    "milestone_term",
    "amendment",
    "legal_entity",
    "payment_term",
    "exchange_rate",
    "cost_rate",
    "standard_rate",
}
LANES = {"invoice": "ledger", "accounting_period": "ledger", "payment": "cash", "credit_memo": "cash"}


def key_of(connection_code: str, entity: str, source_id: str) -> str:
    """The key of a source record in the trace."""
    return f"{connection_code}/{entity}/{source_id}"


def _parts(key: str) -> tuple[str, str, str]:
    code, _, rest = key.partition("/")
    entity, _, source_id = rest.partition("/")
    return code, entity, source_id


def lane_of(entity: str) -> str:
    """Where a source record of this entity stands in the picture."""
    return "agreement" if entity in AGREEMENTS else LANES.get(entity, "delivery")


def _sources(keys: list[str]) -> Iterable[Node]:
    """One node per source record: the version in force, else the newest."""
    wanted = Q(pk__in=[])
    for code, entity, source_id in map(_parts, keys):
        wanted |= Q(connection__code=code, entity=entity, source_id=source_id)
    best: dict[str, SourceVersion] = {}
    numbers: dict[str, int] = {}
    rows = SourceVersion.objects.filter(wanted).select_related("connection", "run__file").order_by("pk")
    for row in rows:
        key = key_of(row.connection.code, row.entity, row.source_id)
        numbers[key] = numbers.get(key, 0) + 1
        if key not in best or row.status == "applied" or best[key].status != "applied":
            best[key] = row
    return [_node(key, row, numbers[key]) for key, row in best.items()]


def _node(key: str, row: SourceVersion, versions: int) -> Node:
    facts = {
        "Connection": str(row.connection),
        "Kind of record": nouns.one(row.entity),
        "Id there": row.source_id,
        "Version": f"{row.version} ({versions} received)",
        "Received": f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC",
        "Mapping": f"v{row.mapping_version}" if row.mapping_version else "not mapped",
        "Payload": json.dumps(row.payload, ensure_ascii=False)[:EXCERPT],
    }
    if row.run is not None and row.run.file is not None:
        facts["File"] = f"{row.run.file.name}, row {row.row_number}"
    if row.problems:
        facts["Problems"] = "; ".join(f"{item['field']} {item['message']}".strip() for item in row.problems)[:EXCERPT]
    return Node(
        SOURCE,
        key,
        lane_of(row.entity),
        f"{nouns.one(row.entity)} {row.source_id}",
        f"as {row.connection} sent it",
        status=row.get_status_display(),
        system=str(row.connection),
        facts=facts,
    )


def _up_source(key: str, limit: int) -> list[Ref]:
    code, entity, source_id = _parts(key)
    files = SourceVersion.objects.filter(
        connection__code=code, entity=entity, source_id=source_id, run__file__isnull=False
    )
    found = files.order_by("-run__file").values_list("run__file", flat=True).distinct()[:limit]
    return [(FILE, str(pk)) for pk in found]


def _down_source(key: str, limit: int) -> list[Ref]:
    code, entity, source_id = _parts(key)
    connection = Connection.objects.filter(code=code).first()
    if connection is None:
        return []
    return [ref for _, ask in DESCENDANTS for ref in ask(connection, entity, source_id, limit)][:limit]


def _files(keys: list[str]) -> Iterable[Node]:
    for row in FileDrop.objects.filter(pk__in=keys).select_related("connection", "dropped_by"):
        facts = {
            "SHA-256": row.sha256,
            "Dropped by": row.dropped_by.label if row.dropped_by else "the watched folder or a command",
            "Dropped": f"{row.dropped_at:%Y-%m-%d %H:%M:%S} UTC",
        }
        yield Node(
            FILE,
            str(row.pk),
            lane_of(row.entity),
            row.name,
            f"{row.bytes:,} bytes",
            status=row.get_state_display(),
            system=str(row.connection),
            facts=facts,
        )


def _webhooks(keys: list[str]) -> Iterable[Node]:
    for row in Delivery.objects.filter(pk__in=keys).select_related("connection"):
        facts = {
            "Received": f"{row.received_at:%Y-%m-%d %H:%M:%S} UTC",
            "Times seen": str(row.times_seen),
            "Body": bytes(row.body).decode("utf-8", "replace")[:EXCERPT],
        }
        yield Node(
            WEBHOOK,
            str(row.pk),
            "delivery",
            f"Webhook {row.delivery_id}",
            row.problem,
            status=row.get_status_display(),
            system=str(row.connection),
            facts=facts,
        )


def _nothing(key: str, limit: int) -> list[Ref]:
    return []


def find(text: str) -> Iterable[Hit]:
    """Source records, webhooks and files that carry this id."""
    rows = SourceVersion.objects.filter(source_id=text).order_by("connection_id", "entity")
    places = rows.values_list("connection__code", "connection__name", "entity").distinct()[:20]
    for code, name, entity in places:
        label = f"{nouns.one(entity)} {text}"
        yield Hit(SOURCE, key_of(code, entity, text), label, "as it came in", system=name or code)
    for delivery in Delivery.objects.filter(delivery_id=text).select_related("connection")[:5]:
        yield Hit(WEBHOOK, str(delivery.pk), f"Webhook {text}", delivery.problem, system=str(delivery.connection))
    for drop in FileDrop.objects.filter(Q(sha256=text) | Q(name=text)).select_related("connection")[:5]:
        yield Hit(FILE, str(drop.pk), drop.name, drop.get_state_display(), system=str(drop.connection))


def register() -> None:
    """Offer nodes and search to the trail."""
    PROVIDERS.register(SOURCE, Provider(_sources, _up_source, _down_source, "hub_intake.sourceversion"))
    PROVIDERS.register(FILE, Provider(load=_files, upstream=_nothing, downstream=_nothing))
    PROVIDERS.register(WEBHOOK, Provider(load=_webhooks, upstream=_nothing, downstream=_nothing))
    FINDERS.register("intake", find)
