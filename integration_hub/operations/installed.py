"""A database as every installation starts: migrated, with the roles' rights; made once for each state of the code.

What needs a fresh database, a rehearsal or a test, copies it: that takes a moment where migrating takes many seconds.
Imported before Django reads its settings.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
APPS = ("integration_hub", "contracts", "billing", "costs", "reconciliation")
TEMPLATES = "throughline_template_"
_LOCK = 7_140_090


def template(url: str) -> str:
    """The template on this server that fits the migrations as they are now; those of another state are dropped."""
    name = TEMPLATES + _state_of_migrations()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        known = connection.execute(
            "SELECT datname, datistemplate FROM pg_database WHERE starts_with(datname, %s)", [TEMPLATES]
        ).fetchall()
        if (name, True) in known:
            return name
        for old, finished in known:
            if finished:
                connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE false").format(sql.Identifier(old)))
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(old)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        for command in ("migrate", "sync_roles"):
            _manage(command, urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
        connection.execute(sql.SQL("ALTER DATABASE {} IS_TEMPLATE true").format(sql.Identifier(name)))
    return name


def _manage(command: str, url: str) -> None:
    line = [sys.executable, str(ROOT / "manage.py"), command, "--verbosity", "0"]
    subprocess.run(line, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}, check=True, stdout=subprocess.DEVNULL)


def _state_of_migrations() -> str:
    """A name for what all migrations, ours and those of the locked dependencies, and the roles would make."""
    digest = hashlib.sha256((ROOT / "requirements" / "base.txt").read_bytes())
    migrations = sorted(path for app in APPS for path in (ROOT / app).glob("**/migrations/*.py"))
    for path in (*migrations, ROOT / "integration_hub" / "people" / "roles.py"):
        digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
