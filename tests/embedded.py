"""Loaded with `-p tests.embedded`: a real PostgreSQL before Django reads its settings."""

import os
from pathlib import Path

if not os.environ.get("DATABASE_URL"):
    from integration_hub.kernel import embedded

    root = Path(__file__).resolve().parent.parent
    os.environ["DATABASE_URL"] = embedded.ensure(Path(os.environ.get("THROUGHLINE_VAR_DIR", root / "var")))
