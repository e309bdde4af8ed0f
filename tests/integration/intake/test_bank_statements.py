"""Bank statements from the drop to the lines: taken once, refused whole, and never said two ways."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integration_hub.connectors.models import Connection
from integration_hub.environment import BASE_DIR
from integration_hub.intake import exchange
from integration_hub.intake.actions import feeds, files
from integration_hub.intake.bank import BankStatement
from integration_hub.intake.models import FileDrop, SourceVersion
from tests import factories, howto
from tests.bankfiles import IBAN, bai, camt, entry, statement
from tests.howto import beside_docs
from tests.integration.intake.conftest import applied
from tests.integration.intake.told import counted, open_cases

__all__ = ["beside_docs"]

pytestmark = pytest.mark.django_db
EXAMPLE = BASE_DIR / "docs/how-to/examples/bank"
Drop = Callable[..., FileDrop]


@pytest.fixture
def drop(settings: Any, tmp_path: Path) -> Drop:
    """Drops files into a connection with the mapping of the how-to."""
    settings.VAR_DIR = tmp_path / "var"
    factories.legal_entity(code="NL01", currency="EUR")
    factories.legal_entity(code="US01", currency="USD")
    bank = Connection.objects.create(
        code="bank", vendor="filedrop", name="Banks", settings={"entities": ["legal_entity", "bank_line"]}
    )
    feeds.install_feeds(connection=bank, by="system:test")
    exchange.imported(json.loads((EXAMPLE / "mapping.json").read_text()), author="system:a", publisher="system:b")

    def dropped(content: bytes, name: str = "june.xml") -> FileDrop:
        return files.drop(
            connection=bank, entity="bank_line", name=name, stream=io.BytesIO(content), by="system:test"
        )  # fmt: skip

    return dropped


def test_every_line_is_kept_and_counted_and_the_second_time_changes_nothing(drop: Drop) -> None:
    content = (EXAMPLE / "statement.xml").read_bytes()
    run = applied(drop(content))

    assert counted(run) == {"read": 7, "applied": 6, "filtered": 1}
    assert FileDrop.objects.get().manifest["records"] == 7, "its own totals certify the day it came"
    lines = SourceVersion.objects.filter(entity="bank_line", status="applied")
    assert sorted(lines.values_list("payload__direction", "payload__reversal")) == [
        ("credit", "no"), ("credit", "no"), ("credit", "no"), ("credit", "no"), ("debit", "no"), ("debit", "yes")
    ]  # fmt: skip
    before = list(SourceVersion.objects.order_by("pk").values_list("pk", "status"))

    again = applied(drop(content.replace(b"ABNA-20260602-1", b"ABNA-20260602-2"), "june-again.xml"))

    assert FileDrop.objects.count() == 2, "another message with the same statements"
    assert counted(again) == {"read": 7, "unchanged": 7}
    assert list(SourceVersion.objects.order_by("pk").values_list("pk", "status")) == before
    assert BankStatement.objects.count() == 2


def test_the_same_statement_with_another_content_refuses_its_file_by_name(drop: Drop) -> None:
    applied(drop(camt(statement(entry("5.00", ref="A"), closing="5.00"))))
    other = statement(entry("5.00", ref="A"), entry("1.00", ref="B"), closing="6.00")
    news = statement(entry("7.00", ref="C"), closing="7.00", number="106")

    run = applied(drop(camt(other, news), "july.xml"))

    assert run.state == "failed"
    assert f"statement 105 of account {IBAN}: came in june.xml on" in run.error
    assert SourceVersion.objects.count() == 1, "nothing of the file is taken, not even its other statement"
    assert len(open_cases("FILE_REFUSED")) == 1
    assert list(BankStatement.objects.values_list("number", flat=True)) == ["105"]


def test_a_line_of_the_bank_is_never_replaced_by_another_of_the_same_reference(drop: Drop) -> None:
    applied(drop(camt(statement(entry("5.00", ref="A"), closing="5.00"))))

    weekly = statement(entry("5.00", ref="A"), entry("2.00", ref="D"), closing="7.00", number="W-23")
    assert counted(applied(drop(camt(weekly), "week.xml"))) == {"read": 2, "applied": 1, "unchanged": 1}
    differs = statement(entry("6.00", ref="A"), closing="6.00", number="M-06")
    assert counted(applied(drop(camt(differs), "month.xml"))) == {"read": 1, "conflicts": 1}


def test_a_file_that_does_not_add_up_is_refused_and_nothing_of_it_is_taken(drop: Drop) -> None:
    good = statement(entry("5.00"), closing="5.00")
    bad = statement(entry("5.00"), closing="6.00", account="NL44RABO0123456789")

    run = applied(drop(camt(good, bad)))

    assert (run.state, SourceVersion.objects.count(), BankStatement.objects.count()) == ("failed", 0, 0)
    assert "statement 105 of account NL44RABO0123456789: opens with 0.00 EUR" in run.error


def test_an_account_nobody_knows_asks_once_and_holds_its_lines_alone(drop: Drop) -> None:
    known = statement(entry("5.00"), closing="5.00")
    unknown = statement(entry("1.00"), entry("2.00"), closing="3.00", account="NL00NEW")

    assert counted(applied(drop(camt(known, unknown)))) == {"read": 3, "applied": 1, "refused": 2}
    assert len(open_cases("VALUE_UNMAPPED")) == 1


def test_thousands_of_entries_are_taken_page_by_page(drop: Drop) -> None:
    rows = [entry("1.00", ref=f"R-{number}") for number in range(4500)]

    assert counted(applied(drop(camt(statement(*rows, closing="4500.00"))))) == {"read": 4500, "applied": 4500}


def test_bai2_is_taken_by_the_same_mapping(drop: Drop) -> None:
    run = applied(drop((EXAMPLE / "lockbox.bai").read_bytes(), "lockbox.bai"))

    assert counted(run) == {"read": 2, "applied": 2}
    assert run.control_totals["sums"]["amount"] == "756.19"
    assert applied(drop(bai("16,115,100,Z,X,,/", total=5), "wrong.bai")).state == "failed"


def test_the_how_to_does_what_it_says(beside_docs: Path) -> None:
    page = EXAMPLE.parents[1] / "load-bank-statements.md"
    said = [howto.run(command) for command in howto.commands(page, "manage.py ")]

    assert howto.told(0, page) in said[-2]
    assert "read 2, applied 2" in said[-1]


def test_the_page_of_a_file_shows_what_its_statements_add_up_to(drop: Drop, client: Client) -> None:
    client.force_login(factories.user("integration_admin", everything=True))
    file = drop((EXAMPLE / "statement.xml").read_bytes())

    said = client.get(reverse("intake:file-detail", args=[file.pk])).content.decode()

    assert "NL91ABNA0417164300" in said
    assert "16,285.50" in said
    wrong = drop(camt(statement(entry("5.00"), closing="6.00")), "wrong.xml")
    assert "closes with 6.00" in client.get(reverse("intake:file-detail", args=[wrong.pk])).content.decode()
