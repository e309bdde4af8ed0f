"""Bank statements as rows: what each line becomes, and every way in which a file does not add up."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from integration_hub.intake.filedrop.tables import Format, Row, Table, open_table
from integration_hub.kernel.errors import BadInput
from tests.bankfiles import IBAN, bai, balance, camt, entry, payments, statement

Write = Callable[[bytes], Path]
BOMB = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><Document>&b;</Document>'
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><Document>&a;</Document>'


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: bytes) -> Path:
        path = tmp_path / "file"
        path.write_bytes(content)
        return path

    return to_file


def opened(path: Path, encoding: str = "utf-8") -> Table:
    return open_table(path, "june", Format(encoding))


def rows(path: Path) -> list[Row]:
    return list(opened(path).rows)


def refusal(path: Path, encoding: str = "utf-8") -> str:
    with pytest.raises(BadInput) as caught:
        opened(path, encoding)
    return str(caught.value)


# -- camt.053 --------------------------------------------------------------------------------------------------------

V02 = (
    "<TxDtls><Refs><EndToEndId>E-1</EndToEndId></Refs><RltdPties><Dbtr><Nm>Quay</Nm></Dbtr></RltdPties>"
    "<RmtInf><Ustrd>INV-1</Ustrd><Ustrd>with thanks</Ustrd></RmtInf></TxDtls>"
)
V08 = V02.replace("<Nm>Quay</Nm>", "<Pty><Nm>Quay</Nm></Pty>")


@pytest.mark.parametrize(("version", "details"), [("02", V02), ("08", V08)])
def test_the_versions_say_the_same(write: Write, version: str, details: str) -> None:
    credit = entry("12.50", version=version, ref="A-1", details=details)

    (row,) = rows(write(camt(statement(credit, closing="12.50"), version=version)))

    told = {name: row.values[name] for name in ("line", "end_to_end_id", "remittance", "counterparty", "value_on")}
    assert told == {
        "line": f"{IBAN} 2026-06-01 A-1", "end_to_end_id": "E-1", "remittance": "INV-1 with thanks",
        "counterparty": "Quay", "value_on": "2026-06-01",
    }  # fmt: skip
    assert (row.values["status"], row.values["direction"], row.values["amount"]) == ("booked", "credit", "12.50")


def test_several_accounts_and_currencies_each_add_up_by_themselves(write: Write) -> None:
    euros = statement(entry("5.00"), entry("2.00", "DBIT"), opening="-1.00", closing="2.00")
    yen = statement(entry("700", currency="JPY"), closing="700", opening="0", account="JP1", currency="JPY", number="9")

    table = opened(write(camt(euros, yen)))

    assert [(told.account, told.currency, told.closing) for told in table.statements] == [
        (IBAN, "EUR", Decimal("2.00")), ("JP1", "JPY", Decimal(700))
    ]  # fmt: skip
    first = table.statements[0]
    assert (first.credits.count, first.credits.sum, first.debits.count, first.debits.sum) == (
        1,
        Decimal(5),
        1,
        Decimal(2),
    )
    assert [row.values["currency"] for row in table.rows] == ["EUR", "EUR", "JPY"]


def test_a_batch_becomes_its_payments_and_what_is_not_said_apart_stays_one(write: Write) -> None:
    batch = entry("30.00", ref="B", details=payments(["10.00", "20.00"]))
    abroad = entry("9.00", ref="C", details=payments(["5.00", "6.00"], currency="USD"))
    charged = entry("7.00", ref="D", details=payments(["4.00", "4.00"]) + "<TxDtls><Chrgs/></TxDtls>").replace(
        "<NbOfTxs>2", "<NbOfTxs>3"
    )

    found = rows(write(camt(statement(batch, abroad, charged, closing="46.00"))))

    assert [(row.values["line"].rpartition("01 ")[2], row.values["amount"]) for row in found] == [
        ("B", "10.00"), ("B #2", "20.00"), ("C", "9.00"), ("D", "7.00")
    ]  # fmt: skip


def test_what_is_pending_is_in_no_balance_and_what_is_taken_back_says_so(write: Write) -> None:
    table = opened(write(camt(statement(
        entry("10.00"), entry("10.00", "DBIT", reversal=True), entry("99.00", status="PDNG"), closing="0.00"
    ))))  # fmt: skip

    (told,) = table.statements
    assert (told.credits.sum, told.debits.sum, told.reversals.count, told.pending.sum) == (
        Decimal(10),
        Decimal(10),
        1,
        Decimal(99),
    )
    assert [(row.values["status"], row.values["reversal"]) for row in table.rows] == [
        ("booked", "no"), ("booked", "yes"), ("pending", "no")
    ]  # fmt: skip


def test_pages_of_a_long_statement_are_joined_by_their_intermediate_balance(write: Write) -> None:
    first = statement(entry("4.00"), closing="4.00", extra="<StmtPgntn><PgNb>1</PgNb></StmtPgntn>")
    last = statement(entry("3.00"), opening="4.00", closing="7.00", extra="<StmtPgntn><PgNb>2</PgNb></StmtPgntn>")
    pages = camt(first.replace("CLBD", "ITBD"), last.replace("OPBD", "ITBD"))

    assert [told.number for told in opened(write(pages)).statements] == ["105 page 1", "105 page 2"]


SUMMARY = (
    "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries>"
    "<TtlCdtNtries><Sum>9.00</Sum></TtlCdtNtries></TxsSummry>"
)
TWO = (statement(entry("5.00"), closing="5.00"), statement(entry("4.00"), closing="4.00"))
WRONG_CAMT = {
    "balances": (camt(statement(entry("5.00"), closing="6.00")), "lines lead to 5.00, and it closes with 6.00"),
    "no closing balance": (
        camt(statement(entry("5.00"), closing="5.00").replace("CLBD", "XPCD")), "has no closing balance",
    ),
    "number of entries": (camt(statement(entry("5.00"), closing="5.00", extra=SUMMARY)), "says it has 3 entries, 1"),
    "sum of credits": (camt(statement(entry("5.00"), closing="5.00", extra=SUMMARY)), "credits add up to 9.00"),
    "payments of a batch": (
        camt(statement(entry("5.00", details=payments(["1.00", "3.00"])), closing="5.00")), "add up to 4.00",
    ),
    "number of a batch": (
        camt(statement(entry("4.00", details=payments(["1.00", "3.00"], said=3)), closing="4.00")), "a batch of 3, 2",
    ),
    "another currency": (camt(statement(entry("5.00", currency="USD"), closing="5.00")), "is in USD, not in EUR"),
    "no amount": (camt(statement(entry("5,00"), closing="5.00")), "the amount '5,00', which is not one"),
    "not a number": (camt(statement(entry("NaN"), closing="5.00")), "the amount 'NaN', which is not one"),
    "status": (camt(statement(entry("5.00", status="WHAT"), closing="5.00")), "the status 'WHAT'"),
    "date": (camt(statement(entry("5.00", on="2026-02-31"), closing="5.00")), "the date '2026-02-31'"),
    "twice": (
        camt(*TWO), "is in the file twice",
    ),
    "nothing": (camt(), "holds no statement"),
    "another message": (
        camt(TWO[0]).replace(b"camt.053.001.08", b"camt.054.001.08"), "is camt.054.001.08",
    ),
    "other XML": (b"<html/>", "no camt.053 statement"),
    "cut": (camt(statement(entry(), closing="100.00"))[:-30], "is not readable XML"),
    "bomb": (BOMB, "declares a document type or entities"),
    "a file of ours": (OUTSIDE, "declares a document type or entities"),
    "wrong encoding": (
        camt(statement(entry(details="<TxDtls><RmtInf><Ustrd>é</Ustrd></RmtInf></TxDtls>"), closing="100.00"),
             encoding="ISO-8859-1").replace(b"ISO-8859-1", b"UTF-8"), "in another encoding than its first line says",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_CAMT)
def test_a_statement_that_does_not_add_up_is_refused_by_name(write: Write, case: str) -> None:
    content, said = WRONG_CAMT[case]
    assert said in refusal(write(content))


def test_latin_1_and_utf_16_are_read_as_they_say(write: Write) -> None:
    words = entry(details="<TxDtls><RmtInf><Ustrd>Café</Ustrd></RmtInf></TxDtls>")
    for encoding in ("ISO-8859-1", "UTF-16"):
        (row,) = rows(write(camt(statement(words, closing="100.00"), encoding=encoding)))
        assert row.values["remittance"] == "Café"


def test_a_balance_of_another_kind_is_not_mistaken_for_one(write: Write) -> None:
    available = statement(entry("5.00"), closing="5.00").replace("<Ntry>", balance("CLAV", "99.00") + "<Ntry>", 1)

    assert opened(write(camt(available))).statements[0].closing == Decimal("5.00")


# -- BAI2 ------------------------------------------------------------------------------------------------------------

BOTH = ("16,115,73069,V,260603,,LB1,INV-1/", "88,REMIT INV-1, 730.69", "16,475,2550,Z,CK9,,PAID/")


def test_records_of_bai2_become_lines_with_decimals_and_continued_text(write: Write) -> None:
    table = opened(write(bai(*BOTH, summaries="010,10000,,,015,80519,,")))

    credit, debit = [row.values for row in table.rows]
    assert (credit["amount"], credit["value_on"], credit["reference"]) == ("730.69", "2026-06-03", "INV-1")
    assert credit["remittance"] == "REMIT INV-1, 730.69"
    assert (debit["direction"], debit["amount"], debit["bank_reference"]) == ("debit", "25.50", "CK9")
    (told,) = table.statements
    assert (told.account, told.number, told.closing) == ("00112233", "BANKX 2026-06-01", Decimal("805.19"))


def test_the_currency_says_where_the_point_is(write: Write) -> None:
    assert rows(write(bai("16,195,700,Z,W1,,/", currency="JPY")))[0].values["amount"] == "700"


def test_returns_and_codes_of_the_banks_own_are_understood(write: Write) -> None:
    found = rows(write(bai("16,555,100,Z,R1,,/", "16,935,200,Z,O1,,/", "16,975,300,Z,O2,,/", "16,890,,Z,,,words/")))

    assert [(row.values["direction"], row.values["reversal"]) for row in found] == [
        ("debit", "yes"), ("credit", "no"), ("debit", "no")
    ]  # fmt: skip


def test_what_is_interim_is_pending_because_the_final_file_says_it_again(write: Write) -> None:
    assert {row.values["status"] for row in rows(write(bai(*BOTH, modifier="3")))} == {"pending"}


WRONG_BAI = {
    "control total": (bai(*BOTH, total=1), "does not add up"),
    "number of records": (bai(*BOTH).replace(b"49,75619,5", b"49,75619,6"), "does not add up"),
    "number of accounts": (bai(*BOTH).replace(b"98,75619,1", b"98,75619,2"), "does not add up"),
    "ledger": (bai(*BOTH, summaries="010,10000,,,015,80520,,"), "lines lead to 805.19, and it closes with 805.20"),
    "credits": (bai(*BOTH, summaries="100,73068,1,"), "credits add up to 730.68 USD, they make 730.69"),
    "number of debits": (bai(*BOTH, summaries="400,2550,2,"), "has 2 debits, 1 are there"),
    "type code": (bai("16,777,100,Z,R1,,/"), "Type code '777'"),
    "cut": (bai(*BOTH)[:-20], "it is cut"),
    "two files in one": (bai(*BOTH) + bai(*BOTH), "goes on behind its trailer"),
    "deletion": (bai(*BOTH).replace(b"BANKX,1,", b"BANKX,2,"), "marked deletion"),
    "encoding": (bai("16,115,100,Z,R1,,caf\u00e9/").replace("é".encode(), b"\xe9"), "is not utf-8: byte 0xE9"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_BAI)
def test_bai2_that_does_not_add_up_is_refused_by_name(write: Write, case: str) -> None:
    content, said = WRONG_BAI[case]
    assert said in refusal(write(content))
