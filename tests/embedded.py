"""Loaded with `-p tests.embedded`: a real PostgreSQL, with a template as installed, before Django reads its settings.

Every test database is a copy of the template, migrated and with the roles' rights: what every installation has is made
once for each state of the code, not once per run, worker or test.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
APPS = ("integration_hub", "contracts", "billing", "costs", "reconciliation")
TEMPLATES = "throughline_template_"
_LOCK = 7_140_090


def prepare() -> None:
    """Name the server and the template in the environment, for this process and the workers it starts."""
    if not os.environ.get("DATABASE_URL"):
        from integration_hub.kernel import embedded

        os.environ["DATABASE_URL"] = embedded.ensure(Path(os.environ.get("THROUGHLINE_VAR_DIR", ROOT / "var")))
    if not os.environ.get("THROUGHLINE_TEST_TEMPLATE"):
        os.environ["THROUGHLINE_TEST_TEMPLATE"] = _template(os.environ["DATABASE_URL"])


def _template(url: str) -> str:
    """The template that fits the migrations as they are now; one of another state is dropped."""
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


prepare()
