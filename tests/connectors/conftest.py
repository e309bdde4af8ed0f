"""A landscape for all tests here, put back before each, and a connection to every vendor in it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integration_hub.connectors import transport
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, Page, RawRecord
from integration_hub.mapping import queries
from integration_hub.mapping.apply import Translated, translate
from integration_hub.sandbox import Landscape, accounts
from tests.connectors.psa import Psa

BY = "system:test"
Read = Callable[..., list[Page]]


@pytest.fixture(scope="session")
def running() -> Iterator[Landscape]:
    """One landscape process for the whole run."""
    with Landscape() as landscape:
        yield landscape
    transport.close_clients()


@pytest.fixture
def landscape(running: Landscape) -> Landscape:
    """The landscape in its seeded state."""
    running.clear_faults()
    running.reset()
    for vendor in ("kantata", "avatax", "harvest", "clockify", "stripe", "chargebee", "jira", "tempo"):
        running.post("/tokens", {"vendor": vendor, "action": "restore"})
    return running


def _connection(vendor: str, url: str, settings: dict[str, Any], credentials: dict[str, str]) -> Connection:
    return connections.create(
        code=f"{vendor}-test",
        vendor=vendor,
        name=f"{vendor.title()} test",
        base_url=url,
        settings={"timeout_seconds": "5", **settings},
        credentials=credentials,
        webhook_secret="hint-secret",
        by=BY,
    )


@pytest.fixture
def salesforce(db: None, landscape: Landscape) -> Connection:
    secrets = {"client_id": accounts.SALESFORCE_CONSUMER_KEY, "client_secret": accounts.SALESFORCE_CONSUMER_SECRET}
    return _connection("salesforce", landscape.salesforce, {}, secrets)


@pytest.fixture
def certinia(db: None, landscape: Landscape) -> Connection:
    secrets = {"client_id": accounts.SALESFORCE_CONSUMER_KEY, "client_secret": accounts.SALESFORCE_CONSUMER_SECRET}
    return _connection("certinia", landscape.salesforce, {}, secrets)


@pytest.fixture
def kantata(db: None, landscape: Landscape) -> Connection:
    return _connection("kantata", landscape.kantata, {}, {"token": accounts.KANTATA_TOKEN})


@pytest.fixture
def netsuite(db: None, landscape: Landscape) -> Connection:
    settings = {"certificate_id": accounts.NETSUITE_CERTIFICATE_ID, "algorithm": "ES256"}
    secrets = {"client_id": accounts.NETSUITE_CLIENT_ID, "private_key": accounts.netsuite_private_key()}
    return _connection("netsuite", landscape.netsuite, settings, secrets)


@pytest.fixture
def dynamics(db: None, landscape: Landscape) -> Connection:
    settings = {"tenant": accounts.DYNAMICS_TENANT_ID, "login_url": landscape.dynamics}
    settings |= {"revenue_account": "401100", "tax_account": "202100"}
    secrets = {"client_id": accounts.DYNAMICS_CLIENT_ID, "client_secret": accounts.DYNAMICS_CLIENT_SECRET}
    return _connection("dynamics", landscape.dynamics, settings, secrets)


@pytest.fixture
def sap(db: None, landscape: Landscape) -> Connection:
    secrets = {"user": accounts.SAP_USER, "password": accounts.SAP_PASSWORD}
    return _connection("sap", landscape.sap, {"product": "P001"}, secrets)


@pytest.fixture
def avatax(db: None, landscape: Landscape) -> Connection:
    secrets = {"account_id": accounts.AVATAX_ACCOUNT_ID, "license_key": accounts.AVATAX_LICENSE_KEY}
    return _connection("avatax", landscape.avatax, {"companies": {"US01": "US"}}, secrets)


@pytest.fixture
def harvest(db: None, landscape: Landscape) -> Connection:
    settings = {"account_id": accounts.HARVEST_ACCOUNT_ID, "contact": "integration@firm.example"}
    return _connection("harvest", landscape.harvest, settings, {"token": accounts.HARVEST_TOKEN})


@pytest.fixture
def clockify(db: None, landscape: Landscape) -> Connection:
    settings = {"workspace_id": accounts.CLOCKIFY_WORKSPACE_ID}
    return _connection("clockify", landscape.clockify, settings, {"key": accounts.CLOCKIFY_KEY})


@pytest.fixture
def stripe(db: None, landscape: Landscape) -> Connection:
    settings = {"account": accounts.STRIPE_ACCOUNT_ID, "legal_entity": "US01"}
    return _connection("stripe", landscape.stripe, settings, {"api_key": accounts.STRIPE_KEY})


@pytest.fixture
def chargebee(db: None, landscape: Landscape) -> Connection:
    settings = {"site": accounts.CHARGEBEE_SITE, "legal_entity": "US01", "currency": "USD", "country": "US"}
    return _connection("chargebee", landscape.chargebee, settings, {"api_key": accounts.CHARGEBEE_KEY})


@pytest.fixture
def jira(db: None, landscape: Landscape) -> Connection:
    secrets = {"email": accounts.JIRA_EMAIL, "api_token": accounts.JIRA_API_TOKEN, "tempo_token": accounts.TEMPO_TOKEN}
    return _connection("jira", landscape.jira, {"tempo_url": landscape.tempo}, secrets)


@pytest.fixture
def ironclad(db: None, landscape: Landscape) -> Connection:
    settings = {"contract_types": "masterServicesAgreement,statementOfWork", "amendment_types": "amendment"}
    secrets = {"client_id": accounts.IRONCLAD_CLIENT_ID, "client_secret": accounts.IRONCLAD_CLIENT_SECRET}
    return _connection("ironclad", landscape.ironclad, {**settings, "as_user": accounts.IRONCLAD_USER_EMAIL}, secrets)


@pytest.fixture
def docusign(db: None, landscape: Landscape) -> Connection:
    secrets = {"integration_key": accounts.DOCUSIGN_INTEGRATION_KEY, "private_key": accounts.rsa_private_key()}
    return _connection("docusign", landscape.docusign, {"user_id": accounts.DOCUSIGN_USER_ID}, secrets)


def pages(connection: Connection, entity: str, cursor: dict[str, Any] | None = None) -> list[Page]:
    """Everything a feed has after a cursor."""
    return list(CONNECTORS.get(connection.vendor).read(connection, entity, cursor or {}))


def records(read: list[Page]) -> dict[str, RawRecord]:
    """The records of some pages by id; the last one wins, as it does in intake."""
    return {record.source_id: record for page in read for record in page.records}


def canonical(connection: Connection, entity: str, read: list[Page]) -> dict[str, Translated]:
    """What the default mapping makes of them."""
    mapping = queries.published(connection.code, entity)
    return {
        key: translate(mapping, raw.payload, source_id=key, version=raw.version or "1", deleted=raw.deleted)
        for key, raw in records(read).items()
    }


@pytest.fixture
def psa(landscape: Landscape):
    made = Psa(landscape.kantata)
    yield made
    made.close()


@pytest.fixture
def world(psa: Psa) -> dict[str, str]:
    """A role, a person, a project with a task."""
    role = psa.make("roles", "role", name="Architect")["id"]
    person = psa.make("users", "user", full_name="Ida Lund", email_address="ida@firm.example", role_id=role)["id"]
    project = psa.make("workspaces", "workspace", title="Yard systems", creator_role="maven", currency="EUR")["id"]
    task = psa.make("stories", "story", workspace_id=project, title="Design", story_type="task")["id"]
    return {"role": role, "person": person, "project": project, "task": task}


@pytest.fixture
def customer(landscape: Landscape) -> str:
    row = {"companyName": "Tidewater Yards", "externalId": "C-100", "subsidiary": {"id": "1"}, "terms": {"id": "1"}}
    return landscape.load("netsuite", "customer", [row])[0]
