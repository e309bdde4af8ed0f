"""Posting once in Dynamics: a header with its lines under our reference, posted by an action."""

from collections.abc import Callable
from dataclasses import dataclass

from integration_hub.connectors import drafts
from integration_hub.connectors.dynamics.client import Client
from integration_hub.connectors.dynamics.naming import holds
from integration_hub.connectors.odata import Row
from integration_hub.connectors.registry import Sent


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document: its headers, the key of one, and its lines."""

    headers: str
    number: str
    lines: str

    def key(self, row: Row) -> Row:
        """The key of a header."""
        return {name: row[name] for name in ("dataAreaId", self.number)}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document is made of, and the filter that finds drafts of it."""

    under: str
    header: Row
    lines: list[Row]

    def is_(self, row: Row, kind: Kind) -> bool:
        """Whether a draft that was found says just this."""
        lines = sorted(row.get(kind.lines) or [], key=lambda line: int(line["LineNumber"]))
        return (
            len(lines) == len(self.lines)
            and holds(row, self.header)
            and all(holds(found, wanted) for found, wanted in zip(lines, self.lines, strict=True))
        )


def post_once(client: Client, kind: Kind, *, standing: Callable[[], str], draft: Callable[[], Draft]) -> Sent:
    """Bring about that one document is posted under our reference. `standing` is the id of what is. Raises Failed.

    A draft that says what is meant is not made again: where posting is a job, it may be waiting for it.
    """
    if found := standing():
        return Sent(remote_id=found, status=200, body={"already": True})
    meant = draft()  # before anything is made: what we lack is said without a trace there
    spared: list[Row] = []
    tried = False

    def discard(kept: list[Row]) -> None:
        for row in kept:
            if not tried and not spared and meant.is_(row, kind):
                spared.append(kind.key(row))
            else:
                client.delete(kind.headers, kind.key(row))

    def make() -> Row:
        nonlocal tried
        tried = True
        if spared:
            return spared[0]
        key = kind.key(client.create(kind.headers, meant.header))
        rows = [{**key, "LineNumber": number, **line} for number, line in enumerate(meant.lines, 1)]
        client.create_all(kind.lines, rows)
        return key

    def post(key: Row) -> str:
        client.act(kind.headers, key, "post")
        return standing()  # nothing where posting is a job that has not run yet

    return drafts.post_once(
        standing=standing,
        drafts=lambda: client.rows(kind.headers, meant.under, expand=kind.lines),
        discard=discard,
        make=make,
        post=post,
    )
