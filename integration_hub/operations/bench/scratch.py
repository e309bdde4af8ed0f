"""A database of its own for a measurement, and a small world in it; gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from urllib.parse import quote, urlencode

from django.db import connection

from contracts.actions import agreements, delivery, parties, rates, references
from contracts.actions.agreements import Parties
from contracts.models import Contract, Project
from integration_hub import canonical
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.intake.actions import feeds
from integration_hub.intake.models import Feed

BY = "system:bench"
SINCE = date(2026, 1, 1)


@contextmanager
def database() -> Iterator[None]:
    """Everything inside happens in a scratch database beside the real one."""
    real = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"bench_{real}"[:60]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(real, verbosity=0)


def address() -> str:
    """The database this process works on, as DATABASE_URL of another."""
    told = connection.settings_dict
    person = quote(told["USER"], safe="") + (f":{quote(told['PASSWORD'], safe='')}" if told["PASSWORD"] else "")
    where = urlencode({"host": told["HOST"], "port": told["PORT"]} if told["PORT"] else {"host": told["HOST"]})
    return f"postgresql://{person}@/{quote(told['NAME'], safe='')}?{where}"


def psa(code: str, url: str, token: str) -> Connection:
    """A Kantata connection with its mappings and feeds."""
    made = connections.create(
        code=code, vendor="kantata", name="Bench PSA", base_url=url, settings={}, credentials={"token": token}, by=BY
    )
    feeds.install_feeds(connection=made, by=BY)
    return made


def empty() -> None:
    """Forget all that came in and what was made of it; contracts, people and feeds stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE hub_intake_sourceversion, billing_billableevent, billing_decision, billing_piece,"
            " hub_work_lane, hub_work_item, hub_intake_feedshape, hub_intake_run CASCADE"
        )
    Feed.objects.update(cursor={}, ever_had_rows=False)


def contracts(there: Connection, projects: list[str], people: list[str]) -> None:
    """A T&M contract in force for each of the PSA's projects, and its people."""
    entity = parties.save_legal_entity(
        record=canonical.LegalEntity(
            source_id="US01", version="1", code="US01", name="Bench Inc.", currency="USD", country="US"
        ),
        by=BY,
    )
    client = parties.save_customer(
        record=canonical.Customer(source_id="C", version="1", code="C", name="Client", country="US"), parent=None, by=BY
    )
    for number, project in enumerate(projects):
        row = _contract(f"B-{number}", Parties(client, entity, None))
        shell = Project.objects.create(code=row.number, name="Bench", contract=row, status=Project.Status.OPEN)
        references.note(connection=there, entity="project", source_id=project, row=shell)
    for person in people:
        record = canonical.Resource(source_id=person, version="1", name=f"Person {person}", role="Architect")
        found = delivery.save_resource(record=record, existing=None, fallback_code=person, by=BY)
        references.note(connection=there, entity="resource", source_id=person, row=found)


def _contract(number: str, parties_: Parties) -> Contract:
    client, entity = parties_.customer, parties_.legal_entity
    record = canonical.Contract(
        source_id=number, version="1", number=number, customer_id=client.code, legal_entity=entity.code, currency="USD",
        name="Bench", status="signed", signed_on=SINCE, starts_on=SINCE, ends_on=date(2026, 12, 31),
    )  # fmt: skip
    row = agreements.save_contract(record=record, parties_=parties_, existing=None, by=BY)
    line = canonical.ContractLine(
        source_id=f"{number}-1", version="1", contract_id=number, number=1, name="Work", method="tm"
    )
    agreements.save_line(record=line, contract=row, existing=None, by=BY)
    rate = canonical.RateItem(
        source_id=number, version="1", contract_id=number, rate=Decimal(150), currency="USD", valid_from=SINCE
    )
    rates.save_rate(record=rate, contract=row, source=f"bench:{number}", by=BY)
    Contract.objects.filter(pk=row.pk).update(status=Contract.Status.ACTIVE)  # without ERP and PSA to open it in
    return Contract.objects.get(pk=row.pk)
