"""From a signed contract to an invoice, with a real connector and its simulator in the place of the PSA."""

from collections.abc import Callable
from typing import Any

from billing.models import BillableEvent, Candidate, Invoice
from contracts.models import ExternalReference, Route
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed
from integration_hub.processes.models import Process
from integration_hub.work.inprocess import drain_once
from tests import deals, money
from tests.vendors import Landscape


def read(connection: Connection) -> None:
    """Read all feeds of a connection, parents first, and work what follows from it."""
    feeds.install_feeds(connection=connection, by="system:test")
    weights = {spec.entity: spec.weight for spec in CONNECTORS.get(connection.vendor).manifest.feeds}
    listed = Feed.objects.filter(connection=connection).select_related("connection")
    feeds.enqueue_polls(sorted(listed, key=lambda feed: weights[feed.entity]), trigger="test")
    drain_once()
    wrong = {feed.entity: feed.last_error for feed in listed.all() if feed.last_error}
    assert wrong == {}


def play_psa(landscape: Landscape, connection: Connection) -> None:
    """Route the PSA's role to this connection."""
    Route.objects.filter(role=Route.Role.PSA, legal_entity=landscape.entity).update(connection=connection)


def project_of(connection: Connection, number: str = "C-1") -> str:
    """The id under which the PSA knows the contract's project."""
    found = ExternalReference.objects.get(
        connection=connection, object_type="contracts.project", entity="project", number__contains=number
    )
    return found.source_id


def invoiced(
    landscape: Landscape,
    connection: Connection,
    work: Callable[[str], None],
    *,
    opened: Callable[[], str] | None = None,
    **terms: Any,
) -> Invoice:
    """A contract is signed, its project opened, work is done and approved there, and it is billed and posted.

    `work` gets the project's id in the PSA and does what people do there, in March 2026. `opened` is how people open
    the project where the PSA's connector opens none; it returns the id.
    """
    play_psa(landscape, connection)
    contract = deals.activated(landscape, **terms)
    assert deals.process().state == Process.State.DONE
    work(opened() if opened is not None else project_of(connection))
    read(connection)
    assert BillableEvent.objects.filter(contract=contract, is_current=True).exists(), "the work came in"
    money.run_in(landscape)
    candidate = Candidate.objects.get(contract=contract)
    assert candidate.status == Candidate.Status.READY, f"{candidate.status} {candidate.codes}"
    return money.posted_in(landscape, candidate)
