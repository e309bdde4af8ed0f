"""A reference holds while one transaction makes it and another one deletes what it points to."""

import threading
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from integration_hub.connectors.models import Connection
from integration_hub.intake.models import SourceVersion
from tests.races import until, waits_for_lock

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

PATIENCE = 30.0


def point(pk: int) -> None:
    SourceVersion.objects.create(connection_id=pk, entity="task", source_id="1", version="1", hash="h", payload={})


def delete(pk: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM hub_connectors_connection WHERE id = %s", [pk])


@pytest.mark.parametrize(("first", "second"), [(point, delete), (delete, point)], ids=["points first", "deletes first"])
@pytest.mark.parametrize("committed", [True, False], ids=["committed", "rolled back"])
def test_the_second_waits_and_is_refused_only_when_the_first_holds(
    first: Callable[[int], None], second: Callable[[int], None], committed: bool
) -> None:
    pk = Connection.objects.create(code="psa", vendor="fake", name="PSA").pk
    refused: list[Exception] = []

    def body() -> None:
        try:
            second(pk)
        except IntegrityError as error:
            refused.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=body)
    with transaction.atomic():
        first(pk)
        thread.start()
        assert until(waits_for_lock), "the second one waits for the first"
        transaction.set_rollback(not committed)
    thread.join(PATIENCE)

    assert not thread.is_alive()
    assert bool(refused) is committed
    assert SourceVersion.objects.exists() is (committed is (first is point))
    assert Connection.objects.exists() is SourceVersion.objects.exists()
