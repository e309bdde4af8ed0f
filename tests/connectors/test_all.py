"""What every connector promises, whoever the vendor is."""

import pytest

from integration_hub.canonical import ENTITIES
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, DEFAULT_MAPPINGS, Write
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.models import FieldRule
from integration_hub.sandbox import Landscape
from integration_hub.trail.models import Event
from tests.connectors.conftest import pages

VENDORS = ["salesforce", "kantata", "netsuite", "avatax"]


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.django_db
def test_a_connection_is_tested_and_shows_it(vendor: str, request: pytest.FixtureRequest) -> None:
    connection: Connection = request.getfixturevalue(vendor)
    Connection.objects.filter(pk=connection.pk).update(failures_in_row=7)
    sentence = connections.test(connection_id=connection.pk, by="system:test")
    connection.refresh_from_db()
    assert (connection.health, connection.health_detail, connection.failures_in_row) == ("ok", sentence, 0)
    assert Event.objects.filter(action="connectors.connection.tested", object_id=str(connection.pk)).get().data["ok"]


@pytest.mark.parametrize("vendor", [*VENDORS, "filedrop"])
def test_a_manifest_is_complete(vendor: str) -> None:
    connector = CONNECTORS.get(vendor)
    manifest = connector.manifest
    assert manifest.vendor == vendor
    assert {feed.entity for feed in manifest.feeds} <= set(ENTITIES)
    if vendor != "filedrop":
        mapped = DEFAULT_MAPPINGS.find(vendor) or {"entities": {}}
        assert {feed.entity for feed in manifest.feeds} == set(mapped["entities"]), "each feed has a default mapping"
    declared = {write.effect_type for write in manifest.writes}
    for write in manifest.writes:
        assert write.safety in {"K", "U", "P"}
        assert write.effect_type.startswith(f"{vendor}.")
        assert not write.undo or write.undo in declared
        assert manifest.write(write.effect_type) is write
    with pytest.raises(LookupError, match="declares no write"):
        manifest.write("x.y")
    undeclared = Write("x.y", "key", "1", {"document_code": "1", "company_code": "1", "lines": [], "remote_id": "1"})
    connection = Connection(code="c", vendor=vendor, base_url="http://127.0.0.1:9")
    if vendor != "avatax":  # which looks first whether the document is there
        for act in (connector.send, connector.find):
            with pytest.raises(LookupError, match="declares no write"):
                act(connection, undeclared)


@pytest.mark.parametrize("vendor", ["salesforce", "kantata", "netsuite"])
@pytest.mark.django_db
def test_vendors_own_outages_are_tried_again(vendor: str, landscape: Landscape, request: pytest.FixtureRequest) -> None:
    connection: Connection = request.getfixturevalue(vendor)
    entity = CONNECTORS.get(vendor).manifest.feeds[0].entity
    landscape.fault(vendor, "status", params={"status": 503})
    with pytest.raises(Failed) as caught:
        pages(connection, entity)
    assert caught.value.kind in {FailureClass.TRANSIENT, FailureClass.RATE}
    landscape.clear_faults()
    pages(connection, entity)


@pytest.mark.django_db
def test_a_wrong_field_name_never_reaches_salesforce(landscape: Landscape, salesforce: Connection) -> None:
    FieldRule.objects.filter(mapping__connection=salesforce.code, target="city").update(source='"City FROM Account"')
    with pytest.raises(Failed, match="not the name of a Salesforce field") as caught:
        pages(salesforce, "customer")
    assert caught.value.kind == FailureClass.MAPPING


@pytest.mark.django_db
def test_a_status_without_its_record_is_not_sent(salesforce: Connection) -> None:
    write = Write("salesforce.contract.status", "key", "C-1", {"remote_id": "", "status": "Active"})
    with pytest.raises(Failed, match="remote_id is missing") as caught:
        CONNECTORS.get("salesforce").send(salesforce, write)
    assert caught.value.kind == FailureClass.DATA
