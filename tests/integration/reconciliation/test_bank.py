"""Payments against the bank: what lies on the account and nobody booked, and what was booked and never came."""

import io
import json
from typing import Any

import pytest

from integration_hub.connectors.models import Connection
from integration_hub.environment import BASE_DIR
from integration_hub.intake import exchange
from integration_hub.intake.actions import feeds, files
from integration_hub.kernel.clock import now
from reconciliation.models import PairBreak, Suggestion
from tests import factories
from tests.bankfiles import camt, entry, statement
from tests.integration.reconciliation.test_books import reconcile

pytestmark = pytest.mark.django_db
MAPPING = BASE_DIR / "docs/how-to/examples/bank/mapping.json"


@pytest.fixture
def bank(settings: Any, tmp_path):
    """A bank with one account of US01 in dollars; takes entries of today as one statement."""
    settings.VAR_DIR = tmp_path / "var"
    there = Connection.objects.create(
        code="bank", vendor="filedrop", name="Banks", settings={"entities": ["legal_entity", "bank_line"]}
    )
    feeds.install_feeds(connection=there, by="system:test")
    exchange.imported(json.loads(MAPPING.read_text()), author="system:a", publisher="system:b")

    def told(*entries: str, closing: str) -> None:
        content = camt(statement(*entries, closing=closing, account="00112233", currency="USD"))
        file = files.drop(
            connection=there, entity="bank_line", name="b.xml", stream=io.BytesIO(content), by="system:test"
        )  # fmt: skip
        assert files.apply_now(file=file, by="system:test").state == "done"

    return told


def came(amount: str, ref: str, words: str = "", **more: Any) -> str:
    details = f"<TxDtls><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls>" if words else ""
    return entry(amount, currency="USD", ref=ref, details=details, on=f"{now():%Y-%m-%d}", **more)


def test_a_receipt_that_names_its_invoice_is_suggested_and_an_unknown_one_is_a_break(bank) -> None:
    invoice = factories.invoice_posted(number="INV-1")
    factories.payment(invoice, amount="100", on=now().date())
    factories.payment(invoice, amount="7", on=now().date(), number="NEVER-CAME")
    bank(came("100.00", "A", f"your invoice {invoice.number}."), came("55.00", "B", "unknown"), closing="155.00")

    run = reconcile("bank")

    assert run.counts["rows"] == {"a": 2, "b": 2}
    (found,) = Suggestion.objects.all()
    assert (found.way, found.left["items"][0]["amount"], found.right["items"][0]["amount"]) == (
        "reference", "100.000000", "100.00"
    )  # fmt: skip
    standing = PairBreak.objects.exclude(state="closed")
    assert {item["label"] for row in standing for item in row.right["items"]} >= {"unknown"}


def test_outgoing_money_and_what_the_bank_took_back_are_no_receipts(bank) -> None:
    factories.legal_entity()
    bank(
        came("80.00", "A", "debit note 9"),
        came("80.00", "B", "debit note 9", direction="DBIT", reversal=True),
        came("30.00", "C", "rent", direction="DBIT"),
        came("30.00", "D", "rent came back", reversal=True),
        came("9.00", "E", "somebody else", direction="DBIT", reversal=True),
        closing="-9.00",
    )

    run = reconcile("bank")

    assert run.counts["rows"] == {"a": 0, "b": 1}, "a return of a receipt that is not here stays to be asked about"


def test_firms_without_a_bank_have_nothing_to_compare_and_nothing_to_certify() -> None:
    factories.payment(factories.invoice_posted(), amount="10")

    run = reconcile("bank")

    assert (run.verdict, run.refusals, run.counts["rows"]) == ("agrees", [], {"a": 0, "b": 0})


def test_payments_before_the_bank_began_to_tell_are_not_missing_there(bank) -> None:
    invoice = factories.invoice_posted()
    factories.payment(invoice, amount="10", on=now().date().replace(year=now().year - 1))
    bank(came("5.00", "A"), closing="5.00")

    assert reconcile("bank").counts["rows"] == {"a": 0, "b": 1}
