"""What holds for every test."""

from collections.abc import Generator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as properties

from tests import worlds

pytest_plugins = ["tests.tryton.fixtures"]

KEPT = {"django_migrations", "django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}
"""What the installation made and no test that commits changes."""

UNCOUNTED = (
    *("architecture/*", "concurrency/*", "connectors/*", "functional/*", "rehearsal/*", "sandbox/*"),
    *("unit/connectors/*", "unit/effects/*", "unit/engine/*", "unit/intake/*", "unit/mapping/*", "unit/rules/*"),
    *("integration/console/*", "integration/operations/*", "integration/processes/*", "integration/test_sip.py"),
    *("integration/api/test_[!t]*", "integration/*screens.py", "integration/*/test_lists.py", "*/test_crashes.py"),
    *("integration/intake/test_edges.py", "integration/intake/test_pages.py", "integration/intake/test_refusals.py"),
    *(f"integration/billing/test_{subject}.py" for subject in (
        *("activation", "amendment", "any_erp", "any_order", "charging", "corrections", "decided_together", "duties"),
        *("explain", "home_panels", "lapsed", "limits", "replayed", "scenarios", "simulation", "status_out", "work"),
    )),
)  # fmt: skip
"""Tests that run nothing of what coverage counts, or in another process, or what cheaper tests count already."""


def pytest_configure(config: pytest.Config) -> None:
    """Spend the suite's time on the product.

    Passwords are hashed the quick way: the slow one, made to cost an attacker time, took half the run. The running
    product that browser tests drive is a process of its own and keeps Django's default. Static files are found when
    they are asked for: each test client would search the folders for all of them. A property that is shown slowly, on a
    busy machine, is shown.
    """
    settings.WHITENOISE_AUTOREFRESH = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    properties.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    properties.load_profile("untimed")
    TransactionTestCase._fixture_teardown = _empty_what_has_rows  # type: ignore[method-assign]
    config.pluginmanager.register(worlds.Worlds())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Trace only where lines are counted, set-up included: all that runs while tracing, counted or not, takes nearly
    twice as long. What pytest-cov does with its mark `no_cover` leaves the fixtures out."""
    tracing = getattr(item.config.pluginmanager.get_plugin("_cov"), "cov_controller", None)
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    if tracing is None or not any(fnmatch(place, pattern) for pattern in UNCOUNTED):
        return (yield)
    tracing.pause()
    try:
        return (yield)
    finally:
        tracing.resume()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Refuse to run when tests that must not meet would: a pytest that xdist does not know scatters its groups."""
    if not getattr(session.config.option, "loadgroup", False):
        return
    loose = [item.nodeid for item in session.items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
    if loose:
        raise pytest.UsageError(f"pytest-xdist does not keep groups together, e.g. {loose[0]}.")


def _empty_what_has_rows(test: TransactionTestCase) -> None:
    """After a test that committed: delete the rows of the few tables that have any.

    Django truncates every table and makes its permissions again, which takes seconds on a busy machine. Triggers and
    foreign keys rest meanwhile, so the role of the tests must be allowed to let them rest.
    """
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    quoted = [connection.ops.quote_name(name) for name in sorted(tables)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in quoted))
        filled = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET session_replication_role = replica")
        try:
            for name in filled:
                cursor.execute(f"DELETE FROM {name}")
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")
