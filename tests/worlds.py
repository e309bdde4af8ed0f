"""A world that the tests of a module share: built once, by the actions that build it in life.

    @shared
    def contract() -> Contract:
        return factories.contract_active()

    @shared
    def candidate(contract: Contract) -> Candidate:
        return factories.candidate_ready(contract)

    def test_it_can_be_approved(candidate: Candidate) -> None: ...

A world is built in a transaction that stays open while the module's tests ask for it; the transaction of each test is a
savepoint inside, so what a test writes is gone after it. Tests get instances read anew. A test that does not ask for a
world does not see it: tests of a module run in the order of their worlds, and what the next test did not ask for is
rolled back before it. A world whose rows are not what was built when it goes is an error: some test got past its
savepoint.

Not for tests that commit (`transaction=True`), nor for rows whose age matters to a frozen clock: a world is built by
the real clock, before the fixtures of its first test.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection, models, transaction

DATABASE = "_django_db_helper"
"""The fixture of pytest-django that opens a test's transaction, and leaves those around it alone."""


@dataclass(frozen=True, eq=False)
class World:
    """How a world is built, and the worlds it is built on."""

    build: Callable[..., Any]

    @property
    def basis(self) -> tuple["World", ...]:
        """The worlds that its arguments name, in its module."""
        there = vars(sys.modules[self.build.__module__])
        return tuple(_worlds[there[name]] for name in inspect.signature(self.build).parameters)

    def __str__(self) -> str:
        return f"{self.build.__module__}.{self.build.__name__}"


@dataclass(frozen=True)
class Row:
    """What is kept of an instance."""

    model: type[models.Model]
    pk: Any

    def read(self) -> models.Model:
        """The instance as the database has it."""
        return self.model._base_manager.get(pk=self.pk)


_worlds: dict[object, World] = {}
"""By the fixture that hands it out."""


def shared(build: Callable[..., Any]) -> Any:
    """A fixture: what `build` makes, once for a module. An instance, or a tuple of instances and plain values."""
    world = World(build)

    @pytest.fixture(name=build.__name__)
    def given(db: None, _standing: "Stack") -> Any:
        return _standing.read(world)

    _worlds[given] = world
    return given


class Stack:
    """The worlds that stand now, each in a savepoint of the one below."""

    def __init__(self) -> None:
        self._levels: list[_Level] = []

    def change_to(self, wanted: Sequence[World]) -> None:
        """Roll back what is not wanted and build what is missing. AssertionError when rows leaked into a world."""
        kept = 0
        while kept < min(len(wanted), len(self._levels)) and self._levels[kept].world is wanted[kept]:
            kept += 1
        leaked: list[str] = []
        while len(self._levels) > kept:
            leaked += self._levels.pop().end()
        assert not leaked, "; ".join(leaked)
        for world in wanted[kept:]:
            self._levels.append(_Level.begin(world, [self.read(one) for one in world.basis]))

    def read(self, world: World) -> Any:
        """What a world that stands was built as, read anew."""
        return _thaw(next(level.value for level in self._levels if level.world is world))


@dataclass
class _Level:
    world: World
    block: transaction.Atomic
    value: Any
    rows: dict[str, str]

    @classmethod
    def begin(cls, world: World, basis: list[Any]) -> "_Level":
        block = transaction.atomic()
        block._from_testcase = True  # type: ignore[attr-defined]  # as the block of a test: durable ones fit inside
        block.__enter__()
        waiting = list(connection.run_on_commit)
        try:
            value = _freeze(world.build(*basis))
            connection.check_constraints()
            rows = _stored()
        except BaseException:
            _roll_back(block)
            raise
        connection.run_on_commit = waiting  # nothing of it will be committed
        return cls(world, block, value, rows)

    def end(self) -> list[str]:
        """Roll back; what is not as it was built."""
        try:
            now = _stored()
            changed = sorted(table for table in self.rows if now[table] != self.rows[table])
        finally:
            _roll_back(self.block)
        return [f"A test changed {table} of {self.world} and was not rolled back" for table in changed]


def _roll_back(block: transaction.Atomic) -> None:
    transaction.set_rollback(True)
    block.__exit__(None, None, None)


def _freeze(made: Any) -> Any:
    if isinstance(made, models.Model):
        return Row(type(made), made.pk)
    if isinstance(made, tuple):
        return tuple(_freeze(one) for one in made)
    if isinstance(made, str | int | None):
        return made
    raise TypeError(f"A world is made of instances and plain values, not of {type(made).__name__}.")


def _thaw(value: Any) -> Any:
    if isinstance(value, Row):
        return value.read()
    return tuple(_thaw(one) for one in value) if isinstance(value, tuple) else value


def _stored() -> dict[str, str]:
    """A digest of the rows of each table."""
    tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
    parts = (
        f"SELECT '{table}', count(*) || ':' || coalesce(sum(hashtextextended(stored::text, 0)), 0)"
        f" FROM {connection.ops.quote_name(table)} AS stored"
        for table in tables
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())


# -- pytest ------------------------------------------------------------------------------------------------------


def wanted(item: Any) -> tuple[World, ...]:
    """The worlds a test asks for, each after those it is built on."""
    there = vars(item.module) if getattr(item, "module", None) else {}
    found: dict[World, None] = {}
    for name in getattr(item, "fixturenames", ()):
        if (world := _known(there.get(name))) is not None:
            _add(world, found)
    if len(found) < 2:
        return tuple(found)
    order = list(_worlds.values())
    return tuple(sorted(found, key=order.index))


def _known(value: object) -> World | None:
    return _worlds.get(value) if callable(value) else None


def _add(world: World, found: dict[World, None]) -> None:
    for one in world.basis:
        _add(one, found)
    found[world] = None


def commits(item: Any) -> bool:
    """Whether a test commits what it writes."""
    marker = item.get_closest_marker("django_db")
    asked = marker is not None and bool(marker.kwargs.get("transaction") or marker.args[:1] == (True,))
    return asked or not {"transactional_db", "live_server"}.isdisjoint(getattr(item, "fixturenames", ()))


class Worlds:
    """The plugin: builds what each test asks for before its transaction begins."""

    def __init__(self) -> None:
        self.stack = Stack()
        self._unblocked: Callable[[], AbstractContextManager[None]] = nullcontext

    @pytest.fixture(scope="session")
    def _standing(self, django_db_setup: None) -> Iterator[Stack]:
        yield self.stack
        with self._unblocked():
            self.stack.change_to(())

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Tests of a module in the order of their worlds, and all with one worker: each world is built once."""
        order = {world: number for number, world in enumerate(_worlds.values())}
        worlds = {item: [order[world] for world in wanted(item)] for item in items}
        if wrong := [item.nodeid for item in items if worlds[item] and commits(item)]:
            raise pytest.UsageError(f"{wrong[0]} commits, so it cannot share a world.")
        place = {item: number for number, item in enumerate(items)}
        first = {item.path: place[item] for item in reversed(items) if worlds[item]}
        items.sort(key=lambda item: (place[item] if commits(item) else first.get(item.path, place[item]), worlds[item]))
        for item in items:
            if worlds[item] and item.get_closest_marker("xdist_group") is None:
                item.add_marker(pytest.mark.xdist_group(item.location[0]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: pytest.FixtureRequest) -> None:
        """Change to the worlds of a test when its transaction is about to begin."""
        if fixturedef.argname == DATABASE:
            self._unblocked = request.getfixturevalue("django_db_blocker").unblock
            with self._unblocked():
                self.stack.change_to(wanted(request.node))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        """Nothing of a module stands when the fixtures of the next one are set up."""
        yield
        if nextitem is not None and nextitem.path != item.path:
            with self._unblocked():
                self.stack.change_to(())
