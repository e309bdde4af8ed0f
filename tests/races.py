"""Several real connections at once: committed rows, threads with their own connections."""

import threading

import pytest
from django.db import connection, connections


@pytest.fixture
def threads():
    """`threads(*functions)` runs them at once, each on its own connection; raises what one of them raised."""

    def run(*functions):
        errors = []
        barrier = threading.Barrier(len(functions))

        def call(function):
            try:
                barrier.wait(timeout=30)
                function()
            except BaseException as error:  # noqa: BLE001 - handed to the test
                errors.append(error)
            finally:
                connections.close_all()

        started = [threading.Thread(target=call, args=(function,)) for function in functions]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in started), "a thread hangs"
        if errors:
            raise errors[0]

    return run


@pytest.fixture
def scribble(transactional_db):
    """A table that anybody may write into twice: `scribble.add(text)`, `scribble.all()`."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE test_scribble (id bigserial PRIMARY KEY, text text NOT NULL)")

    class Scribble:
        def add(self, text):
            with connection.cursor() as cursor:
                cursor.execute("INSERT INTO test_scribble (text) VALUES (%s)", [text])

        def all(self):
            with connection.cursor() as cursor:
                cursor.execute("SELECT text FROM test_scribble ORDER BY id")
                return [row[0] for row in cursor.fetchall()]

    yield Scribble()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE test_scribble")
