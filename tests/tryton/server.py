"""Tryton's server over a database of its own: built once for each state of its packages, copied for each run.

Building it takes half a minute, so the built database stays on the PostgreSQL of the tests as a template; a run copies
it in a moment. Between two tests the rows that came since are deleted, which takes less than a copy.
"""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distributions
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg import sql

from tests.tryton import company
from tests.tryton.rpc import Clerk

MODULES = ("account_invoice",)
TEMPLATES = "tryton_template_"
PROJECT = Path(__file__).resolve().parents[2]
_LOCK = 7_140_091
_KEPT = {"ir_session", "ir_cache"}
"""Who is signed in stays signed in, and what the server has heard of its caches stays heard."""


class Server:
    """The process and its database. Used as a context manager it starts on entry and is gone, with both, on exit."""

    def __init__(self, database_url: str, database: str) -> None:
        self._url = database_url
        self.database = database
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="tryton-")
        self._beginning: dict[str, int] = {}

    def __enter__(self) -> Self:
        template = built(self._url)
        with _connected(self._url) as connection:
            _drop(connection, self.database)
            _create(connection, self.database, template)
        self.start()
        with _connected(self._url, self.database) as connection:
            self._beginning = {table: _highest(connection, table) for table in _tables(connection) - _KEPT}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        with _connected(self._url) as connection:
            _drop(connection, self.database)

    def start(self, timeout: float = 60) -> None:
        """Start the process and wait until it answers. Raises RuntimeError if it does not get that far."""
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = (Path(self._folder.name) / "trytond.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.tryton.serve", "-c", str(self._configuration(port)), "-d", self.database],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        until = time.monotonic() + timeout
        while not _answers(self.url):
            if self._process.poll() is not None or time.monotonic() > until:
                said = (Path(self._folder.name) / "trytond.log").read_text()[-2000:]
                self.stop()
                raise RuntimeError(f"Tryton did not start: {said}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the process and all it started."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.stdin:
            process.stdin.close()
        self._log.close()

    def clerk(self) -> Clerk:
        """Its administrator, signed in, who works in the company of the tests."""
        clerk = Clerk(self.url, self.database, company.ADMINISTRATOR, company.PASSWORD)
        (first,) = clerk("model.company.company.search", [], 0, 1, None)
        clerk.context["company"] = first
        return clerk

    def reset(self) -> None:
        """The books as they were built: what came since is gone, numbers begin again, and every period is open."""
        with _connected(self._url, self.database) as connection:
            newer = sql.SQL(" UNION ALL ").join(
                sql.SQL("SELECT {name} WHERE EXISTS (SELECT FROM {table} WHERE id > {last})").format(
                    name=sql.Literal(table), table=sql.Identifier(table), last=sql.Literal(last)
                )
                for table, last in self._beginning.items()
            )
            filled = [name for (name,) in connection.execute(newer).fetchall()]
            connection.execute("SET session_replication_role = replica")
            for table in filled:
                connection.execute(
                    sql.SQL("DELETE FROM {} WHERE id > %s").format(sql.Identifier(table)), [self._beginning[table]]
                )
            connection.execute("UPDATE account_period SET state = 'open' WHERE state <> 'open'")
            connection.execute("UPDATE ir_sequence_strict SET number_next_internal = 1")

    def sign_out_all(self) -> None:
        """Every session ends, as it does some time after its last use."""
        with _connected(self._url, self.database) as connection:
            connection.execute("DELETE FROM ir_session")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the books say, read past the server."""
        with _connected(self._url, self.database) as connection:
            return connection.execute(query, values or None).fetchall()  # type: ignore[call-overload]

    def _configuration(self, port: int) -> Path:
        path = Path(self._folder.name) / "trytond.conf"
        uri = urlunsplit(urlsplit(self._url)._replace(path="/"))
        path.write_text(f"[database]\nuri = {uri}\n[web]\nlisten = 127.0.0.1:{port}\n[session]\nmax_attempt = 1000\n")
        return path


def built(database_url: str) -> str:
    """The template on this PostgreSQL that fits the packages and the set-up as they are now; others are dropped."""
    name = TEMPLATES + _state()
    with _connected(database_url) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        known = connection.execute(
            "SELECT datname, datistemplate FROM pg_database WHERE starts_with(datname, %s)", [TEMPLATES]
        ).fetchall()
        if (name, True) in known:
            return name
        for old, finished in known:
            if finished:
                connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(old)))
            _drop(connection, old)
        _create(connection, name, "template0")
        _build(database_url, name)
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)))
    return name


def _build(database_url: str, database: str) -> None:
    server = Server(database_url, database)
    folder = Path(server._folder.name)
    (folder / "password").write_text(company.PASSWORD)
    line = [sys.executable, "-m", "trytond.cli.admin", "-c", str(server._configuration(1)), "-d", database, "--all"]
    line += ["-u", *MODULES, "--activate-dependencies", "--email", "erp@firm.example", "-l", "en"]
    subprocess.run(
        line, env={**os.environ, "TRYTONPASSFILE": str(folder / "password")}, check=True, stdin=subprocess.DEVNULL
    )
    server.start()
    try:
        company.set_up(server.url, database)
    finally:
        server.stop()


def _state() -> str:
    """A name for what the packages and the set-up would build."""
    parts = {f"{one.name}=={one.version}" for one in distributions() if one.name.lower().startswith("trytond")}
    digest = hashlib.sha256("\n".join(sorted(parts)).encode())
    digest.update(Path(company.__file__).read_bytes())
    return digest.hexdigest()[:16]


def _connected(database_url: str, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(urlunsplit(urlsplit(database_url)._replace(path=f"/{database}")), autocommit=True)


def _create(connection: psycopg.Connection[Any], name: str, template: str) -> None:
    line = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'unicode' STRATEGY FILE_COPY")
    connection.execute(line.format(sql.Identifier(name), sql.Identifier(template)))


def _drop(connection: psycopg.Connection[Any], name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _tables(connection: psycopg.Connection[Any]) -> set[str]:
    found = connection.execute(
        "SELECT table_name FROM information_schema.columns JOIN information_schema.tables"
        " USING (table_schema, table_name) WHERE table_schema = 'public' AND column_name = 'id'"
        " AND table_type = 'BASE TABLE'"
    )
    return {name for (name,) in found.fetchall()}


def _highest(connection: psycopg.Connection[Any], table: str) -> int:
    found = connection.execute(sql.SQL("SELECT coalesce(max(id), 0) FROM {}").format(sql.Identifier(table)))
    return int(found.fetchall()[0][0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        body = {"id": 1, "method": "common.server.version", "params": []}
        return httpx.post(f"{url}/rpc/", json=body, timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False
