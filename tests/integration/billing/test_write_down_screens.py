# mypy: disable-error-code="comparison-overlap"
"""Write-downs on screens, over the API and in the measures."""

from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection

from billing.actions import write_downs
from billing.actions.write_downs import Wanted
from billing.models import Piece, WriteDown
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.reports import MEASURES
from reconciliation.reports.measures import Asked, totals
from tests import factories
from tests.integration.api.conftest import Caller
from tests.integration.billing.screens import both, nobody, of, outsider, signed_in, text
from tests.integration.billing.test_write_downs import approve, propose, worth
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
LIST = "/billing/write-downs/"


@shared
def worked():
    contract = factories.contract_active("C-1", rate="160")
    for key, hours in (("k1", "35"), ("k2", "25")):
        factories.time_entry(contract, key=key, hours=hours)
    drain_once()
    return contract


def test_ticked_work_is_proposed_looked_at_approved_and_reversed(worked):
    client = signed_in("delivery_lead")
    chosen = [str(pk) for pk in Piece.objects.filter(is_current=True).order_by("pk").values_list("pk", flat=True)]
    there = client.post(f"{LIST}choose/", {"selected": chosen}).headers["Location"]
    assert parse_qs(urlsplit(there).query)["works"] == [",".join(chosen)]
    assert "9,600.00" in text(client.get(there))
    sent = {"works": ",".join(chosen), "seen": "9600", "how": "amount", "amount": "700", "reason": "OVERRUN"}
    assert "Say why" in text(client.post(there, sent | {"note": ""}), 422)
    assert "moved since you chose it" in text(client.post(there, sent | {"seen": "9599", "note": "Too long"}), 422)
    client.post(there, sent | {"note": "Too long"})
    row = WriteDown.objects.get()
    page = text(client.get(f"{LIST}{row.pk}/"))
    for words in ("7.29 %", "Our fault", "8,900.00", "Missing: anybody who may approve", "taken back"):
        assert words in page, words
    for role in ("finance", "delivery_lead"):
        row.refresh_from_db()
        signed_in(role).post(f"{LIST}{row.pk}/approve/", {"version": row.version, "hash": row.content_hash})
    row.refresh_from_db()
    assert row.status == "in_force"
    client.post(f"{LIST}{row.pk}/reverse/", {"version": row.version, "reason": "The client pays after all"})
    row.refresh_from_db()
    assert row.status == "reversing"
    signed_in().post(f"{LIST}{row.pk}/keep/", {"version": row.version})
    row.refresh_from_db()
    assert row.status == "in_force"


def test_one_work_is_postponed_and_fetched_back_from_its_page(worked):
    client = signed_in("delivery_lead")
    piece = Piece.objects.get(event__work_key="k1", is_current=True)
    assert f"{LIST}postpone/?works={piece.pk}" in text(client.get(f"/billing/work/{piece.event_id}/"))
    client.post(f"{LIST}postpone/", {"works": str(piece.pk), "seen": "5600", "note": "After the go-live"})
    row = WriteDown.objects.get()
    assert worth(worked)[0] == ("k1", "postponed", 5600)
    client.post(f"{LIST}{row.pk}/return/", {"version": row.version})
    assert worth(worked)[0] == ("k1", "billable", 5600)


def test_who_sees_and_what_is_refused(worked):
    row = propose(worked)
    page, _ = both(signed_in("auditor"), LIST)
    assert f"{LIST}{row.pk}/" in page
    assert nobody().get(LIST).status_code == 403
    assert outsider().get(f"{LIST}{row.pk}/").status_code == 404
    other = factories.contract_active("C-2", client=worked.customer, entity=worked.legal_entity)
    factories.time_entry(other, key="k9")
    two = ",".join(str(pk) for pk in Piece.objects.filter(is_current=True).values_list("pk", flat=True))
    assert "choose work of one" in text(signed_in().get(f"{LIST}propose/?works={two}"))
    assert of(row.proposed_by).post(f"{LIST}{row.pk}/approve/", {"version": 1, "hash": "x"}).status_code == 403


def test_a_program_proposes_and_another_approves(worked):
    one, other = (Caller(factories.user(role)) for role in (Role.DELIVERY_LEAD, Role.FINANCE))
    body = {"contract": "C-1", "works": [{"work_key": "k2", "minutes": "60"}], "reason": "ERROR", "note": "Our slip"}
    answer = one.post("write-downs/", body, **{"Idempotency-Key": "wd-1"})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert (made["kind"], made["amount"], made["status"]) == ("write_down", "160.00", "proposed")
    seen = {"version": made["version"], "content_hash": made["content_hash"]}
    assert other.get(f"write-downs/{made['id']}/simulation/").status_code == 200
    assert other.post(f"write-downs/{made['id']}/approve/", seen).json()["status"] == "in_force"


def test_the_measures_count_it_as_plain_sql_does(worked):
    approve(propose(worked, total=Decimal(700)))
    write_downs.postpone(contract_id=worked.pk, works={"k1": Wanted(minutes=Decimal(60))}, note="Later", by=of_pm())
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT sum(amount), sum(amount) FILTER (WHERE state = 'written_off'),
                      sum(amount) FILTER (WHERE state IN ('billable', 'postponed'))
                 FROM billing_piece WHERE is_current"""
        )
        whole, off, left = cursor.fetchone()
    assert (whole, off, left) == (9600, 700, 8900)
    asked = Asked(factories.user(everything=True), date(2026, 3, 1), date(2026, 3, 31))
    sums = totals(MEASURES["leakage"].lines(asked))["USD"]
    found = {figure.name: figure.of(sums) for figure in MEASURES["leakage"].figures}
    assert (found["standard_value"], found["written_off"], found["open"], found["lost"]) == (whole, off, left, 0)
    assert found["write_off_rate"] == off / whole, "7.29 %"


def of_pm():
    return factories.user(Role.DELIVERY_LEAD)
