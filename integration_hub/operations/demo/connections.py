"""The demo's connections to the simulated landscape, set up through the same actions an administrator uses."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from contracts.models import Route
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.downstream.actions import streams
from integration_hub.downstream.actions.streams import StreamIn
from integration_hub.downstream.models import Stream
from integration_hub.intake.actions import feeds
from integration_hub.mapping.actions import values
from integration_hub.mapping.models import ValueMap
from integration_hub.people.models import User
from integration_hub.sandbox import accounts
from integration_hub.sandbox.world.book import COST_CENTRES

CODES = {"salesforce": "salesforce", "kantata": "kantata", "netsuite": "netsuite", "avatax": "avatax"}
ROLES = {"salesforce": "crm", "kantata": "psa", "netsuite": "erp", "avatax": "tax"}
NAMES = {"salesforce": "Salesforce", "kantata": "Kantata", "netsuite": "NetSuite", "avatax": "AvaTax"}

WAREHOUSE = "data-warehouse"
TOLD = ("billing.invoice.posted", "billing.invoice.settled", "billing.credit_memo.*", "billing.hold.*")


def webhook_secret(vendor: str) -> str:
    """The demo's secret of a vendor's relay, in Standard Webhooks form."""
    digest = hashlib.sha256(f"demo relay of {vendor}".encode()).digest()
    return "whsec_" + base64.b64encode(digest).decode()


def credentials(vendor: str) -> dict[str, str]:
    """What the simulators accept (sandbox/accounts.py)."""
    return {
        "salesforce": {
            "client_id": accounts.SALESFORCE_CONSUMER_KEY,
            "client_secret": accounts.SALESFORCE_CONSUMER_SECRET,
        },
        "kantata": {"token": accounts.KANTATA_TOKEN},
        "netsuite": {
            "client_id": accounts.NETSUITE_CLIENT_ID,
            "private_key": accounts.netsuite_private_key(),
        },
        "avatax": {"account_id": accounts.AVATAX_ACCOUNT_ID, "license_key": accounts.AVATAX_LICENSE_KEY},
        "webhook": {"signing_secret": accounts.WEBHOOK_SECRET},
    }[vendor]


def settings_of(vendor: str) -> dict[str, Any]:
    """What is not secret."""
    # The landscape commits before it answers and half a year passes in minutes: a long overlap would read it all again.
    overlap = {"overlap_seconds": "15"}
    known: dict[str, dict[str, Any]] = {
        "salesforce": overlap,
        "kantata": overlap,
        "netsuite": {"certificate_id": accounts.NETSUITE_CERTIFICATE_ID, "algorithm": "ES256", **overlap},
        "avatax": {"companies": {"US01": "US", "UK01": "GB", "DE01": "DE"}},
    }
    return known.get(vendor, {})


@transaction.atomic
def ensure(urls: Mapping[str, Any], by: User) -> dict[str, Connection]:
    """Make connections, feeds and routes unless they exist; the landscape may listen on other ports than last time."""
    made = {}
    for vendor, code in CODES.items():
        connection = _standing(code, vendor, NAMES[vendor], str(urls[vendor]), by, webhook_secret(vendor))
        if ROLES[vendor] != "tax":
            feeds.install_feeds(connection=connection, by=by)
        Route.objects.get_or_create(role=ROLES[vendor], legal_entity=None, defaults={"connection": connection})
        made[vendor] = connection
    _know_cost_centres(made["kantata"], by)
    _tell_the_warehouse(str(urls["webhook"]), by)
    return made


def _standing(code: str, vendor: str, name: str, url: str, by: User, hints: str = "") -> Connection:
    """The connection, made or moved to where the landscape listens now. What moves forgets its credentials."""
    connection = Connection.objects.filter(code=code).first()
    if connection is None:
        return connections.create(
            code=code,
            vendor=vendor,
            name=name,
            base_url=url,
            settings=settings_of(vendor),
            credentials=credentials(vendor),
            webhook_secret=hints,
            by=by,
        )
    if connection.base_url == url.rstrip("/"):
        return connection
    moved = connections.change(
        connection_id=connection.pk,
        name=connection.name,
        base_url=url,
        settings=connection.settings,
        by=by,
        seen_version=connection.version,
    )
    return connections.set_credentials(
        connection_id=moved.pk, credentials=credentials(vendor), by=by, seen_version=moved.version
    )


def _tell_the_warehouse(url: str, by: User) -> None:
    """A consumer of webhooks that is told of invoices, credit memos and holds."""
    connection = _standing(WAREHOUSE, "webhook", "Data warehouse", url, by)
    if not Stream.objects.filter(code=WAREHOUSE).exists():
        stated = StreamIn(title="Invoices and holds for the data warehouse", actions=TOLD)
        streams.create(code=WAREHOUSE, connection=connection, stream=stated, by=by)


def _know_cost_centres(psa: Connection, by: User) -> None:
    """Finance's cost centres; a person who arrives with another one is refused until somebody maps it."""
    value_map = ValueMap.objects.get(connection=psa.code, name="cost_centre")
    if value_map.when_unknown == "keep":
        value_map.when_unknown = "refuse"
        values.save_map(value_map=value_map, by=by)
        rows = {centre: centre for centre in COST_CENTRES}
        values.install(connection=psa.code, name="cost_centre", when_unknown="refuse", rows=rows, by=by)
