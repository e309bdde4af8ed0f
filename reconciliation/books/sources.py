"""Records of other systems as they came: the newest version of each, understood by the mapping that is in force.

They are read from the stored versions and not from what was made of them, so that what was parked or refused on its way
is there; certificates of completeness say whether all of it came.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from django.db import connection as database
from django.db.models import Q

from contracts.models import Contract, Customer, ExternalReference, LegalEntity, Project
from integration_hub import canonical
from integration_hub.connectors.models import Connection
from integration_hub.intake.models import Feed, SourceVersion
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.mapping import queries as mappings
from integration_hub.mapping.apply import translate
from integration_hub.mapping.compile import Compiled
from reconciliation.matching.pairs import Item, Reading, Unread

PAGE = 2000
BRINGS = ""
"""In place of a role: every connection that brings the entities, as banks do, which nothing is routed to."""
Made = Callable[["Known", Any, Any], Item | None]
"""(what is known of its connection, the newest record, the first record where there are several); when it came and the
link to it are added."""

# The ids of the newest version of each record, and of the first where that is another one.
_VERSIONS = """
SELECT newest.id, newest.source_id, first.id
  FROM (SELECT DISTINCT ON (source_id) id, source_id FROM hub_intake_sourceversion
         WHERE connection_id = %(connection)s AND entity = %(entity)s AND source_id > %(after)s
           AND status NOT IN ('stale', 'filtered', 'conflict')
         ORDER BY source_id, id DESC LIMIT {page}) AS newest
  JOIN LATERAL (SELECT min(id) AS id FROM hub_intake_sourceversion AS old
         WHERE old.connection_id = %(connection)s AND old.entity = %(entity)s AND old.source_id = newest.source_id
           AND old.status NOT IN ('filtered', 'conflict')) AS first ON true
 ORDER BY newest.source_id
"""


class Version(NamedTuple):
    """A stored version."""

    id: int
    source_id: str
    version: str
    payload: dict[str, Any]
    deleted: bool
    received_at: datetime


class Known:
    """What the ids of one connection mean here."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.entities = self._codes("legal_entity", LegalEntity)
        self.customers = self._codes("customer_account", Customer) | self._codes("customer", Customer)
        projects = dict(self._references("project"))
        owners = dict(
            Project.objects.filter(pk__in=projects.values()).values_list("pk", "contract__legal_entity__code")
        )
        self.projects = {source_id: owners.get(pk) or "" for source_id, pk in projects.items()}

    @cached_property
    def billed(self) -> set[str]:
        """The codes of customers with a contract in force."""
        return set(Contract.objects.filter(status="active").values_list("customer__code", flat=True))

    def entity(self, source_id: str | None) -> str:
        """The code of a legal entity; ours is taken as it is."""
        return self.entities.get(source_id or "", source_id or "")

    def customer(self, source_id: str | None) -> str:
        """The code of a customer; empty where nobody knows it."""
        return self.customers.get(source_id or "", "")

    def key(self, source_id: str) -> str:
        """A key that is another one in every connection."""
        return f"{self.connection.code}:{source_id}"

    def _references(self, entity: str) -> Iterator[tuple[str, int]]:
        rows = ExternalReference.objects.filter(connection=self.connection, entity=entity)
        return rows.values_list("source_id", "object_id").iterator(PAGE)

    def _codes(self, entity: str, model: type[LegalEntity] | type[Customer]) -> dict[str, str]:
        found = dict(self._references(entity))
        codes: dict[int, str] = dict(model._default_manager.filter(pk__in=found.values()).values_list("pk", "code"))
        return {source_id: codes[pk] for source_id, pk in found.items() if pk in codes}


def reading(role: str, entities: tuple[str, ...], made: Made, legal_entity: str) -> Reading:
    """The records of these entities from every connection of a role, as `made` makes items of them."""
    found = Reading()
    found.items = _items(role, entities, made, legal_entity, found.unread)
    return found


def feeds_of(role: str, *entities: str) -> Callable[[str], list[Feed]]:
    """The feeds that bring them."""

    def feeds(legal_entity: str) -> list[Feed]:
        rows = Feed.objects.filter(connection__in=connections(role, legal_entity, *entities), entity__in=entities)
        return list(rows.select_related("connection").order_by("connection__code", "entity"))

    return feeds


def connections(role: str, legal_entity: str, *entities: str) -> list[Connection]:
    """The systems of a role, of one legal entity or of all: those that are routed, and files that bring its records.

    Without a role, those that bring these entities.
    """
    if role == BRINGS:
        return list(Connection.objects.filter(feeds__entity__in=entities).distinct().order_by("code"))
    routed = Q(routes__role=role)
    if legal_entity:
        routed &= Q(routes__legal_entity__code=legal_entity) | Q(routes__legal_entity__isnull=True)
    return list(Connection.objects.filter(routed).distinct().order_by("code"))


def _items(role: str, entities: tuple[str, ...], made: Made, legal_entity: str, unread: list[Unread]) -> Iterator[Item]:
    for connection in connections(role, legal_entity, *entities):
        known = Known(connection)
        for entity in entities:
            try:
                mapping = mappings.published(connection.code, entity)
            except ThroughlineError:
                continue  # this system brings none of them
            for newest, first in _versions(connection, entity):
                item = _item(known, mapping, newest, first, made, unread)
                if item is not None and (not legal_entity or item.legal_entity in ("", legal_entity)):
                    yield item


def _item(
    known: Known, mapping: Compiled, newest: Version, first: Version | None, made: Made, unread: list[Unread]
) -> Item | None:
    record = _read(mapping, newest, unread, known)
    if record is None or record.deleted:
        return None
    before = _read(mapping, first, [], known) if first is not None else None
    item = made(known, record, before)
    return item and item._replace(at=newest.received_at, link=f"hub_intake.sourceversion:{newest.id}")


def _read(mapping: Compiled, version: Version, unread: list[Unread], known: Known) -> canonical.Record | None:
    said = translate(
        mapping, version.payload, source_id=version.source_id, version=version.version, deleted=version.deleted
    )
    if said.problems:
        unread.append(Unread(known.key(version.source_id), str(said.problems[0])))
    return said.record


def _versions(connection: Connection, entity: str) -> Iterator[tuple[Version, Version | None]]:
    """The newest and, where it is another, the first version of each record, by id, a page at a time."""
    after = ""
    while True:
        with database.cursor() as cursor:
            cursor.execute(_VERSIONS.format(page=PAGE), {"connection": connection.pk, "entity": entity, "after": after})
            ids = cursor.fetchall()
        if not ids:
            return
        after = ids[-1][1]
        versions = _fetched({pk for newest, _, first in ids for pk in (newest, first)})
        for newest, _, first in ids:
            yield versions[newest], versions[first] if first != newest else None


def _fetched(ids: set[int]) -> dict[int, Version]:
    rows = SourceVersion.objects.filter(pk__in=ids)
    return {row[0]: Version(*row) for row in rows.values_list(*Version._fields)}
