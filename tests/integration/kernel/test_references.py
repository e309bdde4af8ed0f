"""References that are proved a statement at a time hold as foreign keys do, whoever writes."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import IntegrityError, NotSupportedError, connection, models, transaction

from integration_hub.connectors.models import Connection
from integration_hub.intake.models import Feed, Run, SourceVersion
from integration_hub.kernel.bulk import copy_values
from integration_hub.kernel.references import keys

NOBODY = 10**9


def proved() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if any(keys(model))]


@pytest.fixture
def source(db: None) -> Connection:
    return Connection.objects.create(code="psa", vendor="fake", name="PSA")


def version(source_id: str, **more: object) -> SourceVersion:
    return SourceVersion(entity="task", source_id=source_id, version="1", hash="h", payload={}, **more)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        act()
    return str(caught.value).splitlines()[0]


def sql(text: str) -> Callable[[], object]:
    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute(text)

    return act


@pytest.mark.django_db
@pytest.mark.parametrize("model", proved(), ids=lambda model: model.__name__)
def test_every_reference_without_a_foreign_key_is_proved(model: type[models.Model]) -> None:
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger")
        known = {name: (where, told) for name, where, told in cursor.fetchall()}
        cursor.execute(f"SELECT prosrc FROM pg_proc WHERE proname = '{table}_added'")
        added = cursor.fetchone()[0]
    assert known[f"{table}_added"][0] == known[f"{table}_moved"][0] == table
    for key in keys(model):
        parent = key.related_model._meta.db_table
        assert f"SELECT DISTINCT {key.column} AS id FROM fresh" in added
        assert f"OLD.{key.column} IS DISTINCT FROM NEW.{key.column}" in known[f"{table}_moved"][1].replace(
            "old.", "OLD."
        ).replace("new.", "NEW.")
        for kind in ("gone", "kept", "key_kept"):
            assert known[f"{table}_{key.name}_{kind}"][0] == parent


def test_a_row_that_points_to_nothing_is_refused(source: Connection) -> None:
    told = refused(lambda: version("1", connection_id=NOBODY).save())
    assert (
        told
        == f'"hub_intake_sourceversion" points with connection_id={NOBODY} to nothing in "hub_connectors_connection"'
    )
    assert not SourceVersion.objects.exists()


def test_one_of_many_copied_rows_that_points_to_nothing_refuses_them_all(source: Connection) -> None:
    columns = ("connection_id", "entity", "source_id", "version", "hash", "payload", "deleted", "status", "problems",
               "waits_for", "case_code", "root_cause", "received_at")  # fmt: skip
    rest = ("1", "h", "{}", False, "applied", "[]", "", "", "", "2026-01-01")
    rows = [(source.pk, "task", "1", *rest), (NOBODY, "task", "2", *rest), (source.pk, "task", "3", *rest)]
    refused(lambda: copy_values(SourceVersion, columns, rows))
    assert not SourceVersion.objects.exists()
    copy_values(SourceVersion, columns, [rows[0], rows[2]])
    assert SourceVersion.objects.count() == 2


def test_a_row_cannot_be_moved_to_nothing_and_can_be_moved_to_another(source: Connection) -> None:
    version("1", connection=source).save()
    refused(lambda: SourceVersion.objects.update(connection=NOBODY))
    other = Connection.objects.create(code="other", vendor="fake", name="Other")
    SourceVersion.objects.update(connection=other)
    assert SourceVersion.objects.get().connection == other


def test_what_may_be_empty_stays_empty(source: Connection) -> None:
    row = version("1", connection=source)
    row.save()
    SourceVersion.objects.update(run=None, status="stale")
    row.refresh_from_db()
    assert (row.run_id, row.status) == (None, "stale")


def test_what_is_pointed_to_stays(source: Connection) -> None:
    run = Run.objects.create(feed=Feed.objects.create(connection=source, entity="task"), trigger="test")
    unused = Run.objects.create(feed=run.feed, trigger="test")
    version("1", connection=source, run=run).save()
    told = refused(sql(f"DELETE FROM hub_intake_run WHERE id IN ({run.pk}, {unused.pk})"))
    assert told == f'"hub_intake_sourceversion" still points with run_id={run.pk} to "hub_intake_run"'
    sql(f"DELETE FROM hub_intake_run WHERE id = {unused.pk}")()
    refused(sql(f"UPDATE hub_intake_run SET id = {NOBODY} WHERE id = {run.pk}"))
    sql(f"UPDATE hub_intake_run SET id = id, trigger = 'again' WHERE id = {run.pk}")()
    assert Run.objects.get().trigger == "again"


def test_a_table_that_is_pointed_to_is_emptied_only_with_those_that_point(source: Connection) -> None:
    version("1", connection=source).save()
    sql("SET CONSTRAINTS ALL IMMEDIATE")()
    refused(sql("TRUNCATE hub_connectors_connection CASCADE"))
    assert SourceVersion.objects.count() == 1
    sql("TRUNCATE hub_connectors_connection, hub_intake_sourceversion CASCADE")()
    assert not SourceVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_deleted_by_an_older_view_of_the_data() -> None:
    source = Connection.objects.create(code="psa", vendor="fake", name="PSA")
    with transaction.atomic():
        sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")()
        with pytest.raises(NotSupportedError, match="reads what is committed"), transaction.atomic():
            sql(f"DELETE FROM hub_connectors_connection WHERE id = {source.pk}")()
    assert Connection.objects.exists()
