"""References that the database proves a statement at a time.

A foreign key is proved a row at a time: a query and a lock for each row and each key. Rows that come in thousands, all
pointing to the same few others, spend more on that than on themselves. Here the rows of one statement are proved
together: each row pointed to is looked up and locked (`FOR KEY SHARE`, as a foreign key does) once.

What holds is what a foreign key promises: no row points to nothing, and no row that is pointed to goes away, whoever
writes. It is proved when the statement ends and not when the transaction does; only where the transaction reads what
is committed, because an older snapshot would not see new children; and the error is the same, `foreign_key_violation`.
"""

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

Key = models.ForeignKey[Any, Any]

_REFUSED = """RAISE foreign_key_violation USING
            MESSAGE = format('"{table}" points with {column}=%s to nothing in "{parent}"', missing),
            TABLE = '{table}', COLUMN = '{column}', CONSTRAINT = '{name}';"""

_ADDED_ONE = """
    SELECT asked.id INTO missing
      FROM (SELECT DISTINCT {column} AS id FROM fresh WHERE {column} IS NOT NULL) AS asked
      LEFT JOIN LATERAL (SELECT {key} AS id FROM ONLY {parent} WHERE {key} = asked.id FOR KEY SHARE) AS found ON true
     WHERE found.id IS NULL
     LIMIT 1;
    IF FOUND THEN
        {refused}
    END IF;"""

_MOVED_ONE = """
    IF NEW.{column} IS DISTINCT FROM OLD.{column} AND NEW.{column} IS NOT NULL THEN
        PERFORM FROM ONLY {parent} WHERE {key} = NEW.{column} FOR KEY SHARE;
        IF NOT FOUND THEN
            missing := NEW.{column};
            {refused}
        END IF;
    END IF;"""

_CHILD = """
CREATE FUNCTION {table}_added() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing bigint;
BEGIN {added}
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_added AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_added();
CREATE FUNCTION {table}_moved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE missing bigint;
BEGIN {moved}
    RETURN NULL;
END $$;
CREATE TRIGGER {table}_moved AFTER UPDATE OF {columns} ON {table}
    FOR EACH ROW WHEN ({differs}) EXECUTE FUNCTION {table}_moved();
"""

_PARENT = """
CREATE FUNCTION {name}_gone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE held bigint;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE feature_not_supported USING
            MESSAGE = 'Rows of "{parent}" can be deleted only in a transaction that reads what is committed.';
    END IF;
    SELECT gone.{key} INTO held FROM gone JOIN ONLY {table} AS child ON child.{column} = gone.{key} LIMIT 1;
    IF FOUND THEN
        RAISE foreign_key_violation USING
            MESSAGE = format('"{table}" still points with {column}=%s to "{parent}"', held),
            TABLE = '{table}', COLUMN = '{column}', CONSTRAINT = '{name}';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER {name}_gone AFTER DELETE ON {parent} REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION {name}_gone();
CREATE FUNCTION {name}_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM FROM {table} LIMIT 1;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    RAISE foreign_key_violation USING
        MESSAGE = format('"{table}" points to "{parent}": %s of its rows is not possible', lower(TG_OP)),
        TABLE = '{table}', COLUMN = '{column}', CONSTRAINT = '{name}';
END $$;
CREATE TRIGGER {name}_kept AFTER TRUNCATE ON {parent} FOR EACH STATEMENT EXECUTE FUNCTION {name}_kept();
CREATE TRIGGER {name}_key_kept BEFORE UPDATE OF {key} ON {parent}
    FOR EACH ROW WHEN (OLD.{key} IS DISTINCT FROM NEW.{key}) EXECUTE FUNCTION {name}_kept();
"""

_FORGET_CHILD = """
DROP TRIGGER {table}_added ON {table};
DROP FUNCTION {table}_added();
DROP TRIGGER {table}_moved ON {table};
DROP FUNCTION {table}_moved();
"""
_FORGET_PARENT = """
DROP TRIGGER {name}_gone ON {parent};
DROP FUNCTION {name}_gone();
DROP TRIGGER {name}_kept ON {parent};
DROP TRIGGER {name}_key_kept ON {parent};
DROP FUNCTION {name}_kept();
"""


def keys(model: type[models.Model]) -> Iterator[Key]:
    """The references of a model that are not foreign keys of the database: those proved here."""
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey) and not field.db_constraint:  # type: ignore[attr-defined]
            yield field


def _words(key: Key) -> dict[str, str]:
    """What the statements call a reference. Names of triggers and functions are at most 63 characters long."""
    table, parent = key.model._meta.db_table, key.related_model._meta
    words = {"table": table, "column": str(key.column), "parent": parent.db_table, "key": str(parent.pk.column)}
    return words | {"name": f"{table}_{key.name}"}


def _child(model: type[models.Model]) -> str:
    words = [_words(key) for key in keys(model)]
    told = [one | {"refused": _REFUSED.format(**one)} for one in words]
    columns = [one["column"] for one in words]
    return _CHILD.format(
        table=model._meta.db_table,
        columns=", ".join(columns),
        added="".join(_ADDED_ONE.format(**one) for one in told),
        moved="".join(_MOVED_ONE.format(**one) for one in told),
        differs=" OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns),
    )


class ProveReferences(Operation):
    """Have the database prove the references of a model whose `db_constraint` is False, from this migration on.

    A later migration that adds or drops such a reference ends the proof of the model (`ForgetReferences`) first and
    begins it anew afterwards.
    """

    reversible = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing of it is known to Django's state."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make functions and triggers."""
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.execute(_child(model), params=None)
        for key in keys(model):
            schema_editor.execute(_PARENT.format(**_words(key)), params=None)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Drop them."""
        model = from_state.apps.get_model(app_label, self.model_name)
        for key in keys(model):
            schema_editor.execute(_FORGET_PARENT.format(**_words(key)), params=None)
        schema_editor.execute(_FORGET_CHILD.format(table=model._meta.db_table), params=None)

    def describe(self) -> str:
        """As `migrate` says it."""
        return f"Prove the references of {self.model_name} a statement at a time"
