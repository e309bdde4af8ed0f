"""What is posted never changes, whoever asks the database: by raw SQL, column by column."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import Candidate, CandidateLine, Invoice, InvoiceLine, Piece
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db

MOVES = {
    Invoice: {"paid", "credited", "status", "version", "updated_at"},
    InvoiceLine: set(),
    Candidate: {"version", "updated_at"},
    CandidateLine: set(),
    Piece: {"state"},
}
OTHER = {
    "DateField": "'2020-01-01'",
    "DateTimeField": "'2020-01-01T00:00Z'",
    "BooleanField": "NOT {column}",
    "ArrayField": "'{{OTHER}}'",
    "CharField": "'x'",
    "TextField": "'x'",
    "DecimalField": "1.5",
    "JSONField": "'{{\"other\": 1}}'",
}


@shared
def invoice() -> Invoice:
    return factories.invoice_posted()


def ask(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def refused(sql: str) -> bool:
    try:
        ask(sql)
    except IntegrityError as error:
        return "never changes" in str(error)
    return False


def writes(model):
    """An update of every column that may not move."""
    for field in model._meta.concrete_fields:
        if field.name not in MOVES[model] and not field.primary_key:
            other = OTHER.get(field.get_internal_type(), "COALESCE({column}, 0) + 1000").format(column=field.column)
            yield f"UPDATE {model._meta.db_table} SET {field.column} = {other}"


def test_no_column_of_a_posted_row_can_be_written_and_no_row_deleted(invoice):
    statements = [statement for model in MOVES for statement in writes(model)]
    statements += [f"DELETE FROM {model._meta.db_table}" for model in MOVES]
    assert len(statements) > 60
    assert [statement for statement in statements if not refused(statement)] == []


def test_a_posted_piece_can_be_corrected_and_then_stays_so(invoice):
    ask("UPDATE billing_piece SET state = 'corrected'")
    for state in ("posted", "billable"):
        with pytest.raises(IntegrityError, match=f"cannot become {state}"):
            ask(f"UPDATE billing_piece SET state = '{state}'")


def test_a_posted_piece_is_not_taken_back(invoice):
    with pytest.raises(IntegrityError, match="cannot become billable"):
        ask("UPDATE billing_piece SET state = 'billable'")


def test_what_is_not_posted_yet_moves():
    candidate = factories.candidate_ready()
    ask("UPDATE billing_candidateline SET description = 'x'")
    ask("UPDATE billing_piece SET net = 1")
    candidate.accounting_date = date(2026, 4, 1)
    candidate.save()
