"""Tryton on its own server: what is read from it, and what becomes of writes that its two steps make possible."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from integration_hub import canonical as language
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS, PREFLIGHTS, Confirmed, Write
from integration_hub.connectors.tryton.manifest import CREDIT_POST, INVOICE_POST, JOURNAL_POST
from integration_hub.kernel.failures import Failed, FailureClass
from tests.connectors.benches.tryton import TrytonBench
from tests.connectors.erp import invoice_write
from tests.connectors.kit import attempt
from tests.tryton.fixtures import GROUP, Tryton

pytestmark = [GROUP, pytest.mark.landscape, pytest.mark.django_db]

CONNECTOR = CONNECTORS.get("tryton")
CUT = {"close": True}


@pytest.fixture
def bench(tryton: Tryton) -> TrytonBench:
    made = TrytonBench(tryton)
    assert made.customer
    return made


def only(bench: TrytonBench, entity: str) -> Any:
    """The one record of a feed, as the default mapping understands it."""
    (made,) = bench.meaning(bench.read(entity=entity), entity).values()
    assert made.record is not None, made.problems
    return made.record


def invoice(**more: Any) -> Write:
    return numbered("US01-CAND-7", **more)


def numbered(reference: str, day: str = "2026-05-31", **more: Any) -> Write:
    payload = invoice_write(reference, day, **{"payment_terms": "", **more}).payload
    return Write(INVOICE_POST, "key", reference, payload)


def credit(of: Confirmed, *, gross: str = "1806.36") -> Write:
    """A credit memo that takes back an invoice, or so much of its first line."""
    lines = [{**line, "corrects": f"{of.number} line {n}"} for n, line in enumerate(invoice().payload["lines"], 1)]
    amounts = {"net": "1721.67", "tax_total": "84.69", "gross": gross}
    if gross != "1806.36":
        lines = [{**lines[0], "quantity": "1", "rate": gross, "amount": gross, "tax": "0"}]
        amounts = {"net": gross, "tax_total": "0", "gross": gross}
    apply = [{"invoice_id": of.remote_id, "invoice": of.number, "amount": gross}]
    payload = {**invoice().payload, **amounts, "reference": "US01-CRED-7", "lines": lines, "apply": apply}
    return Write(CREDIT_POST, "key", "US01-CRED-7", payload)


def done(bench: TrytonBench, write: Write) -> Confirmed:
    sent = CONNECTOR.send(bench.connection, write)
    found = CONNECTOR.find(bench.connection, write)
    assert found is not None
    assert found.remote_id == sent.remote_id
    return found


def refused(bench: TrytonBench, write: Write, connection: Connection | None = None) -> Failed:
    failure = attempt(lambda: CONNECTOR.send(connection or bench.connection, write))
    assert failure is not None
    assert failure.remedy
    return failure


def documents(bench: TrytonBench, state: str = "draft") -> int:
    return int(bench.landscape.server.rows("SELECT count(*) FROM account_invoice WHERE state = %s", state)[0][0])


# -- reading ----------------------------------------------------------------------------------------------------------


def test_master_data(bench: TrytonBench) -> None:
    entity = only(bench, "legal_entity")
    assert (entity.code, entity.name, entity.currency, entity.country) == ("US01", "US01 Inc.", "USD", "US")
    terms = bench.meaning(bench.read(entity="payment_term"), "payment_term").values()
    assert {(item.record.name, item.record.days) for item in terms} >= {("Net 30", 30), ("Net 45", 45)}
    first = bench.read(entity="accounting_period")
    periods = [item.record for item in bench.meaning(first, "accounting_period").values()]
    assert [period.name for period in periods] == [f"2026-{month:02d}" for month in range(1, 13)]
    assert {(period.closed, period.legal_entity_id) for period in periods} == {(False, entity.source_id)}
    bench.landscape.close_period("2026-02")
    again = bench.meaning(bench.read(first[-1].cursor, "accounting_period"), "accounting_period").values()
    assert [item.record.name for item in again if item.record.closed] == ["2026-02"]


def test_an_inactive_party_is_told(bench: TrytonBench) -> None:
    first = bench.read()
    bench.landscape.clerk("model.party.party.write", [bench.customer], {"active": False})
    told = bench.meaning(bench.read(first[-1].cursor))[str(bench.customer)].record
    assert isinstance(told, language.CustomerAccount)
    assert told.inactive


def test_an_invoice_is_paid_in_parts_and_a_payment_taken_back(bench: TrytonBench) -> None:
    posted = done(bench, invoice(payment_terms="Net 30"))
    assert posted.facts["due_on"] == "2026-06-30", "its terms count, though Tryton asks back about a day in the past"
    key = int(posted.remote_id)
    bench.landscape.pay(key, Decimal("806.36"), date(2026, 6, 2))
    known = only(bench, "invoice")
    assert (known.external_ref, known.status, known.paid) == ("US01-CAND-7", "open", Decimal("806.36"))
    assert (known.net, known.tax, known.gross) == (Decimal("1721.67"), Decimal("84.69"), Decimal("1806.36"))
    first = bench.read(entity="payment")
    payment = only(bench, "payment")
    assert (payment.amount, payment.currency, payment.received_on) == (Decimal("806.36"), "USD", date(2026, 6, 2))
    (part,) = payment.applications
    assert (part.invoice_id, part.amount) == (posted.remote_id, Decimal("806.36"))

    bench.landscape.pay(key, Decimal("1000"), date(2026, 6, 9))
    assert only(bench, "invoice").status == "paid"
    both = bench.meaning(bench.read(entity="payment"), "payment")
    (second,) = [made.record for made in both.values() if made.record.amount == 1000]

    ((move,),) = bench.landscape.server.rows("SELECT move FROM account_move_line WHERE id = %s", int(payment.source_id))
    bench.landscape.unreconcile(key)
    bench.landscape.take_back(move)
    after = bench.meaning(bench.read(first[-1].cursor, "payment"), "payment")
    assert after[payment.source_id].record.reversed
    assert not after[second.source_id].record.reversed
    open_again = only(bench, "invoice")
    assert (open_again.status, open_again.paid) == ("open", Decimal(1000))


# -- posting once -----------------------------------------------------------------------------------------------------


def test_the_answer_to_a_posting_is_lost(bench: TrytonBench) -> None:
    bench.fault("commit_then_timeout", path_regex=r"invoice\.post$", count=1, params=CUT)
    with pytest.raises(Failed) as caught:
        CONNECTOR.send(bench.connection, invoice())
    assert caught.value.kind == FailureClass.UNKNOWN_OUTCOME
    found = CONNECTOR.find(bench.connection, invoice())
    assert found is not None
    assert found.number == "INV-1"
    assert found.facts["period"] == "2026-05"
    assert CONNECTOR.send(bench.connection, invoice()).body == {"already": True}
    assert (documents(bench), documents(bench, "posted")) == (0, 1)


def test_the_posting_itself_is_lost_and_the_next_attempt_says_what_is_meant_now(bench: TrytonBench) -> None:
    bench.fault("timeout_before", path_regex=r"invoice\.post$", count=1, params=CUT)
    with pytest.raises(Failed):
        CONNECTOR.send(bench.connection, invoice(memo="As it was"))
    assert CONNECTOR.find(bench.connection, invoice()) is None
    assert documents(bench) == 1
    done(bench, invoice(memo="As it is now"))
    assert (documents(bench), documents(bench, "posted")) == (0, 1)
    assert bench.landscape.server.rows("SELECT description FROM account_invoice") == [("As it is now",)]


def test_a_request_that_comes_in_late_leaves_a_draft_and_nothing_more(bench: TrytonBench) -> None:
    posted = done(bench, invoice())
    bench.landscape.clerk("model.account.invoice.copy", [int(posted.remote_id)], {"reference": "US01-CAND-7"})
    assert done(bench, invoice()) == posted
    assert (documents(bench), documents(bench, "posted")) == (1, 1)


def test_another_amount_under_our_reference_is_for_a_person(bench: TrytonBench) -> None:
    done(bench, invoice())
    line = {**invoice().payload["lines"][0], "quantity": "1", "rate": "5", "amount": "5", "tax": "0"}
    failure = refused(bench, invoice(lines=[line], net="5", tax_total="0", gross="5"))
    assert failure.kind == FailureClass.REJECTED
    assert "INV-1 posted under US01-CAND-7" in failure.message


# -- what Tryton is particular about ----------------------------------------------------------------------------------


def test_numbers_follow_dates(bench: TrytonBench) -> None:
    done(bench, invoice())
    earlier = numbered("US01-CAND-8", "2026-04-30")
    failure = refused(bench, earlier)
    assert failure.kind == FailureClass.REJECTED
    assert failure.message.startswith("DATE_ORDER: ")
    assert documents(bench) == 0, "what was refused leaves no draft"


def test_an_account_that_is_not_in_the_chart_is_named(bench: TrytonBench) -> None:
    bench.connection.settings["revenue_account"] = "9.9.9"
    assert "no account 9.9.9" in refused(bench, invoice()).message


def test_an_account_that_was_decided_for_a_line_comes_first(bench: TrytonBench) -> None:
    lines = [dict(line) for line in invoice().payload["lines"]]
    lines[0] |= {"account": "8.8.8"}
    assert "no account 8.8.8" in refused(bench, invoice(lines=lines)).message


def test_what_was_not_decided_before_is_asked_back(bench: TrytonBench) -> None:
    failure = refused(bench, invoice(invoice_date="2026-12-31"))
    assert failure.kind == FailureClass.REJECTED
    assert "asks back" in failure.message
    assert "in the future" in failure.message
    assert documents(bench) == 0


def test_hours_and_rate_are_kept_where_they_make_the_amount(bench: TrytonBench) -> None:
    lines = [dict(line) for line in invoice().payload["lines"]]
    lines[1] |= {"quantity": "3", "rate": "103.3333333", "amount": "310.2"}
    done(bench, invoice(lines=lines))
    kept = bench.landscape.server.rows("SELECT quantity, unit_price FROM account_invoice_line ORDER BY sequence")
    assert kept == [(7.75, Decimal("182.125")), (1.0, Decimal("310.2"))]


def test_a_missing_right_and_a_company_of_others_are_for_an_administrator(bench: TrytonBench) -> None:
    ground = bench.landscape
    user = {"name": "Nobody", "login": "nobody", "password": "nobody-of-the-tests", "companies": [["add", [1]]]}
    ground.clerk.create("res.user", **user, company=1)
    powerless = bench.connect("powerless", credentials={"login": "nobody", "password": "nobody-of-the-tests"})
    failure = refused(bench, invoice(), powerless)
    assert failure.kind == FailureClass.AUTH
    assert failure.message.startswith("NO_RIGHT: ")

    elsewhere = bench.connect("elsewhere")
    elsewhere.settings["company"] = "DE01"
    with pytest.raises(Failed, match="no company whose party has the code 'DE01'") as caught:
        CONNECTOR.check(elsewhere)
    assert caught.value.kind == FailureClass.AUTH
    assert "serves the company US01, not DE01" in refused(bench, invoice(legal_entity_id="DE01")).message


def test_a_journal_in_another_currency_is_refused(bench: TrytonBench) -> None:
    write = bench.write(JOURNAL_POST)
    write.payload["currency"] = "EUR"
    assert "keeps the books of US01 in USD, not in EUR" in refused(bench, write).message


def owed(bench: TrytonBench) -> Write:
    """What Ida is owed for a hotel, in the words the value maps have for it."""
    payee = {"code": "ida@firm.example", "name": "Ida Lund", "email": "ida@firm.example"}
    lines = [
        {"charge_code": "expense:Travel", "cost_centre": "", "memo": "P-7", "amount": "120.50"},
        {"charge_code": "employee_payable", "cost_centre": "", "memo": "EXP", "amount": "-120.50", "payee": payee},
    ]
    made = bench.write(JOURNAL_POST)
    said = {"reference": "US01-EXP-4-1-1", "lines": lines, "total": "120.50"}
    return Write(JOURNAL_POST, "key", "US01-EXP-4-1-1", {**made.payload, **said})


def test_what_a_person_is_owed_is_booked_on_them_and_read_as_it_is_paid(bench: TrytonBench) -> None:
    ground, write = bench.landscape, owed(bench)
    assert "nobody who would be Ida Lund" in refused(bench, write).message
    mail = [["create", [{"type": "email", "value": "Ida@firm.example"}]]]
    ida = ground.clerk.create("party.party", name="Ida Lund", code="E-7", contact_mechanisms=mail)
    posted = done(bench, write)
    found = only(bench, "payable")
    assert (found.external_ref, found.amount, found.paid) == (write.business_key, Decimal("120.5"), 0)
    ground.pay_out(int(posted.remote_id), ida, Decimal("120.50"), date(2026, 6, 2))
    found = only(bench, "payable")
    assert (found.paid, found.paid_on) == (Decimal("120.5"), date(2026, 6, 2))


def test_closing_a_period_closes_its_journals_and_reopening_it_leaves_them_closed(bench: TrytonBench) -> None:
    done(bench, invoice())
    ground, ask = bench.landscape, PREFLIGHTS.get("tryton")
    ground.close_period("2026-05")
    found = ground.clerk("model.account.period.search", [["name", "=", "2026-05"]], 0, 1, None)
    ground.clerk("model.account.period.reopen", found)
    assert ask(bench.connection, date(2026, 5, 31), INVOICE_POST).startswith("Period 2026-05 is closed for the journal")
    failure = refused(bench, numbered("US01-CAND-8"))
    assert failure.message.startswith("PERIOD_CLOSED: ")
    assert "no period for 2027-01-01" in ask(bench.connection, date(2027, 1, 1), INVOICE_POST)


# -- credit notes -----------------------------------------------------------------------------------------------------


def test_a_credit_note_settles_its_invoice_though_an_answer_is_lost_on_the_way(bench: TrytonBench) -> None:
    posted = done(bench, invoice())
    write = credit(posted)
    bench.fault("timeout_before", path_regex=r"invoice\.write$", count=1, params=CUT)
    with pytest.raises(Failed) as caught:
        CONNECTOR.send(bench.connection, write)
    assert caught.value.kind == FailureClass.UNKNOWN_OUTCOME
    assert CONNECTOR.find(bench.connection, write) is None, "posted, but not yet set against its invoice"
    found = done(bench, write)
    assert found.number == "CN-1"
    assert found.facts["gross"] == "1806.36"

    origins = bench.landscape.server.rows(
        "SELECT line.origin FROM account_invoice_line line JOIN account_invoice ON account_invoice.id = line.invoice"
        " WHERE reference = 'US01-CRED-7' ORDER BY line.sequence"
    )
    lines = bench.landscape.server.rows(
        "SELECT id FROM account_invoice_line WHERE invoice = %s ORDER BY sequence", int(posted.remote_id)
    )
    assert origins == [(f"account.invoice.line,{key}",) for (key,) in lines]
    assert only(bench, "invoice").status == "paid"
    memo = only(bench, "credit_memo")
    assert (memo.number, memo.external_ref, memo.gross) == ("CN-1", "US01-CRED-7", Decimal("1806.36"))
    (part,) = memo.applications
    assert (part.invoice_id, part.amount) == (posted.remote_id, Decimal("1806.36"))
    assert bench.read(entity="payment")[-1].records == [], "a credit note is no payment"


def test_a_credit_note_of_a_part_counts_against_what_is_open(bench: TrytonBench) -> None:
    posted = done(bench, invoice())
    done(bench, credit(posted, gross="306.36"))
    known = only(bench, "invoice")
    assert (known.status, known.gross - known.paid) == ("open", Decimal("1500"))
    bench.landscape.pay(int(posted.remote_id), Decimal("1500"), date(2026, 6, 2))
    assert only(bench, "invoice").status == "paid"
    assert only(bench, "payment").amount == Decimal("1500")
