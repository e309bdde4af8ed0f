"""Many rows at once: COPY, several times faster than INSERT for the tables that grow with every hour worked."""

from collections.abc import Sequence
from typing import TypeVar

from django.db import connection, models, transaction
from psycopg import sql

Row = TypeVar("Row", bound=models.Model)


@transaction.atomic
def copy_in(rows: Sequence[Row]) -> Sequence[Row]:
    """Store new rows of one model, fields as they stand; they get their ids in this order, before they are stored.

    Raises IntegrityError as `bulk_create` does. For a handful of rows it costs one round trip more than that.
    """
    if not rows:
        return rows
    meta = rows[0]._meta
    fields = meta.concrete_fields
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(meta.db_table), sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in fields)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [meta.db_table, meta.pk.column, len(rows)],
        )
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk = pk
        with connection.wrap_database_errors, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row([field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields])
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias
    return rows
