"""Tie-outs: what is compared and kept, the cases of breaks, the ERP's own books, and the screens."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.cases.models import Case
from integration_hub.connectors.registry import CONNECTORS, Page, RawRecord
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.mapping.actions import mappings
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from reconciliation import ledger, panels, queries
from reconciliation.actions import tieouts
from reconciliation.models import Break, TieOut
from reconciliation.totals import Arrow, LedgerTotal, Statement
from tests import factories, screens

pytestmark = screens.SCREENS
BY = "system:test"


def arrow(left="100", right="100", *, name="ledger", entity="US01", currency="USD"):
    return Arrow(
        name,
        entity,
        currency,
        "Invoiced here, gross",
        Decimal(left),
        "Invoiced in the ERP's ledger, gross",
        Decimal(right),
    )


@pytest.fixture
def compared(monkeypatch):
    """`compared(arrow(…), …)` is what the next tie-out finds; an ERP is silent where `silent` says so."""

    def make(*arrows, silent=None, **more):
        monkeypatch.setattr(tieouts, "statement", lambda totals: Statement(arrows=list(arrows), **more))
        monkeypatch.setattr(ledger, "ask", lambda: ledger.Books(silent=silent or {}))

    return make


@pytest.fixture
def fiona(db):
    return screens.user(Role.FINANCE, "fiona")


def open_causes():
    rows = Case.objects.filter(code="CONTROL_TOTAL", status__in=Case.OPEN_STATES)
    return sorted(rows.values_list("root_cause", flat=True))


# The act ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_statement_keeps_both_sides_exactly(compared):
    compared(arrow("100.123456", "100.123456"))
    kept = tieouts.run(by=BY)
    assert kept.agrees
    assert kept.totals["arrows"][0]["left"] == "100.123456"
    assert open_causes() == []


@pytest.mark.django_db
def test_a_break_opens_a_case_with_the_gap_and_heals_when_it_agrees(compared):
    compared(arrow("100", "98"), arrow(name="hours", currency=""))
    kept = tieouts.run(by=BY)
    assert not kept.agrees
    assert list(Break.objects.values_list("arrow", "legal_entity", "left", "right")) == [
        ("ledger", "US01", Decimal(100), Decimal(98))
    ]
    (case,) = Case.objects.filter(code="CONTROL_TOTAL")
    member = case.members.get()
    assert (case.legal_entity, member.amount, member.currency) == ("US01", Decimal(2), "USD")
    compared(arrow("100", "95"))
    tieouts.run(by=BY)
    assert case.members.get().amount == Decimal(5)
    compared(arrow())
    tieouts.run(by=BY)
    case.refresh_from_db()
    assert (case.status, case.outcome) == ("resolved", "auto")


@pytest.mark.django_db
def test_a_silent_erp_heals_nothing(compared):
    compared(arrow("100", "98"))
    tieouts.run(by=BY)
    compared(silent={"erp": "No answer."})
    kept = tieouts.run(by=BY)
    assert kept.totals["silent"] == {"erp": "No answer."}
    assert open_causes() == ["tie-out:ledger:US01:USD"]
    compared()
    tieouts.run(by=BY)
    assert open_causes() == []


@pytest.mark.django_db
def test_work_without_a_contract_belongs_to_no_legal_entity(compared):
    compared(arrow("8", "7", name="hours", entity="(no contract)", currency=""))
    tieouts.run(by=BY)
    case = Case.objects.get(code="CONTROL_TOTAL")
    assert (case.legal_entity, case.members.get().amount) == ("", None)


def test_only_finance_and_analysts_run_it(compared, fiona):
    compared()
    assert tieouts.run(by=fiona).started_by == "fiona"
    with pytest.raises(Denied):
        tieouts.run(by=screens.user(Role.AUDITOR, "aude"))
    with pytest.raises(Denied):
        tieouts.request(by=screens.user(Role.PMO, "paula"))


@pytest.mark.django_db
def test_it_is_asked_for_once_a_day(compared):
    compared()
    assert tieouts.daily()
    assert tieouts.request(BY) is None
    drain_once()
    assert TieOut.objects.count() == 1
    assert not tieouts.daily()
    TieOut.objects.update(at=now() - timedelta(days=1, seconds=1))
    assert tieouts.daily()


# The ERP's own books ------------------------------------------------------------------------------------------------


class Books:
    """The invoices of an ERP, written by the test."""

    def __init__(self) -> None:
        self.pages: list[Page | Failed] = []

    def read(self, connection: Any, entity: str, cursor: dict[str, Any]) -> Iterator[Page]:
        assert (entity, cursor) == ("invoice", {})
        for page in self.pages:
            if isinstance(page, Failed):
                raise page
            yield page


FIELDS = ("number", "external_ref", "legal_entity_id", "customer_id", "currency", "status")


@pytest.fixture
def books(db, monkeypatch):
    """The ERP of US01, and a candidate of ours that it may have."""
    erp = Books()
    monkeypatch.setattr(CONNECTORS.get("netsuite"), "read", erp.read)
    candidate = factories.candidate_ready()
    rules: list[dict[str, Any]] = [{"target": name, "source": name} for name in FIELDS]
    rules += [{"target": name, "source": name, "kind": "decimal"} for name in ("net", "tax", "gross", "paid")]
    rules += [{"target": "issued_on", "source": "issued_on", "kind": "date"}]
    mappings.install_default(connection="netsuite", default={"entities": {"invoice": {"rules": rules}}}, by=BY)
    return erp, candidate


def invoice(key, reference, *, paid="0", status="open", version="1"):
    body = {
        "number": f"INV-{key}", "external_ref": reference, "legal_entity_id": "LE-US01", "customer_id": "C-1",
        "currency": "USD", "status": status, "net": "100", "tax": "10", "gross": "110", "paid": paid,
        "issued_on": date(2026, 4, 1).isoformat(),
    }  # fmt: skip
    return RawRecord(key, version, body)


def test_the_erp_is_asked_for_its_own_books(books):
    erp, candidate = books
    erp.pages = [
        Page([invoice("1", candidate.number, paid="30"), invoice("2", "not ours")], {}, done=False),
        Page([invoice("1", candidate.number, paid="40", version="2")], {}, done=False),
        Page([invoice("3", candidate.number, status="voided")], {}, done=True),
    ]
    asked = ledger.ask()
    assert asked.complete
    assert asked.totals == [LedgerTotal("US01", "USD", 1, Decimal(110), Decimal(70))]


def test_an_erp_that_does_not_answer_is_named(books):
    erp, _ = books
    erp.pages = [Failed(FailureClass.TRANSIENT, "NetSuite cannot be reached.")]
    asked = ledger.ask()
    assert asked.silent == {"netsuite": "NetSuite cannot be reached."}
    assert asked.totals == []


def test_a_real_statement_compares_with_the_erp(books):
    erp, candidate = books
    posted = factories.invoice_posted(candidate, number="INV-1")
    erp.pages = [Page([], {}, done=True)]
    lost = {row.arrow for row in tieouts.run(by=BY).breaks.all()}
    assert lost == {"ledger count", "ledger", "receivables"}  # we posted it, and the ERP does not know it
    erp.pages = [Page([invoice("1", posted.candidate.number)], {}, done=True)]
    kept = tieouts.run(by=BY)
    names = {row["name"]: row["agrees"] for row in kept.totals["arrows"] if row["legal_entity"] == "US01"}
    assert names["hours"]
    assert names["ledger count"]
    assert not names["ledger"]


# The screens --------------------------------------------------------------------------------------------------------


def test_the_newest_statement_shows_both_sides(compared, fiona):
    client = screens.browser(fiona)
    assert "No tie-out has been run yet" in screens.page(client, "/tie-out/")
    compared(arrow("1234.50", "1200"), cases=[{"code": "RATE_MISSING", "legal_entity": "US01", "count": 2,
             "money": {"USD": Decimal(77)}}])  # fmt: skip
    kept = tieouts.run(by=fiona)
    body = screens.page(client, "/tie-out/")
    for said in ("1,234.50", "1,200.00", "34.50", "Does not agree", "No price", "77.00", "differ by 34.50"):
        assert said in body, said
    assert screens.page(client, f"/tie-out/{kept.pk}/")
    history = screens.assert_list(client, "/tie-out/history/")
    assert "1 do not agree" in history
    assert "fiona" in history


def test_each_sees_the_arrows_of_his_legal_entities(compared, fiona):
    compared(arrow("1", "2", entity="DE01", currency="EUR"), arrow("5", "5"))
    tieouts.run(by=fiona)
    uma = screens.user(Role.FINANCE, "uma", entities=("US01",))
    body = screens.page(screens.browser(uma), "/tie-out/")
    assert "US01" in body
    assert "DE01" not in body
    assert "Agrees" in screens.page(screens.browser(uma), "/tie-out/history/")
    assert queries.visible_to(uma).filter(broken=0).exists()


def test_a_silent_system_is_named_on_the_screen(compared, fiona):
    compared(arrow(), silent={"netsuite": "No answer within 60 s."})
    tieouts.run(by=fiona)
    body = screens.page(screens.browser(fiona), "/tie-out/")
    assert "did not answer, so what compares with it is left out. No answer within 60 s." in body


def test_running_it_goes_through_the_bulk_stage(compared, fiona):
    compared(arrow())
    client = screens.browser(fiona)
    assert client.post("/tie-out/run/", {}).status_code == 422
    assert client.post("/tie-out/run/", {"seen": "0"}).status_code == 302
    assert Item.objects.filter(kind=tieouts.KIND).count() == 1
    assert "Being compared." in screens.page(client, "/tie-out/")
    drain_once()
    assert TieOut.objects.get().started_by == "fiona"
    aude = screens.browser(screens.user(Role.AUDITOR, "aude"))
    assert "Only finance and billing analysts" in screens.page(aude, "/tie-out/")
    assert aude.post("/tie-out/run/", {"seen": "0"}).status_code == 403


def test_the_tie_out_needs_its_right(compared):
    compared()
    kept = tieouts.run(by=BY)
    for url in ("/tie-out/", "/tie-out/history/", f"/tie-out/{kept.pk}/", "/tie-out/run/"):
        screens.assert_needs_right(url)


def test_home_of_the_auditor_shows_the_last_one(compared):
    aude = screens.user(Role.AUDITOR, "aude")
    assert panels.last(aude).count == 0
    compared(arrow("1", "2"))
    tieouts.run(by=BY)
    assert panels.last(aude).count == 1
    assert "Do all systems agree?" in screens.page(screens.browser(aude), "/")


def test_home_counts_nothing_when_all_systems_agree_and_says_when_it_was_compared(compared):
    aude = screens.user(Role.AUDITOR, "aude")
    compared(arrow("1", "1"))
    tieouts.run(by=BY)
    found = panels.last(aude)
    assert (found.count, [row.title for row in found.rows]) == (0, ["Last comparison"])
    assert "Last comparison" in screens.page(screens.browser(aude), "/")
