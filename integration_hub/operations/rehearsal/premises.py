"""Where a rehearsal lives: a PostgreSQL server of its own in var/rehearsal, with a database copied anew each time.

Imported by manage.py before Django reads its settings: whatever DATABASE_URL names is never touched.
"""

import os
from pathlib import Path

import psycopg
from psycopg import sql

from integration_hub.environment import read
from integration_hub.kernel import embedded
from integration_hub.operations import installed

DATABASE = "rehearsal"
LEASE_SECONDS = "2"
"""Short, so that a frozen worker loses its lane within the rehearsal."""
PREFLIGHT_SECONDS = "0.3"
"""Short, so that a period that is closed under load is seen before it is opened again."""


def move_in() -> None:
    """Start the server, make a database as installed, and point this process and all it starts at it."""
    var_dir = read().var_dir / DATABASE
    address = embedded.ensure(var_dir)
    template = installed.template(address)
    with psycopg.connect(address, autocommit=True) as connection:
        # Here processes die, never the machine: what is committed survives without waiting for the disk.
        connection.execute("ALTER SYSTEM SET fsync = off")
        connection.execute("SELECT pg_reload_conf()")
        name = sql.Identifier(DATABASE)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, sql.Identifier(template)))
    os.environ["DATABASE_URL"] = embedded.ensure(var_dir, DATABASE)
    os.environ["THROUGHLINE_VAR_DIR"] = str(var_dir)
    os.environ["THROUGHLINE_REHEARSAL"] = "true"
    os.environ["THROUGHLINE_OUTBOUND_HOSTS"] = "127.0.0.1"  # nobody but the simulators is called
    os.environ.setdefault("THROUGHLINE_LEASE_SECONDS", LEASE_SECONDS)
    os.environ.setdefault("THROUGHLINE_PREFLIGHT_SECONDS", PREFLIGHT_SECONDS)
    os.environ.setdefault("THROUGHLINE_LOG_LEVEL", "WARNING")


def leave(var_dir: Path) -> None:
    """Stop the server; its files stay until the next rehearsal."""
    embedded.stop(var_dir)
