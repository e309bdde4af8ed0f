"""Loaded with `-p tests.embedded`: a real PostgreSQL, with a template as installed, before Django reads its settings.

Every test database is a copy of the template: what every installation has is made once for each state of the code, not
once per run, worker or test.
"""

import os
from pathlib import Path

from integration_hub.kernel import embedded
from integration_hub.operations import installed


def prepare() -> None:
    """Name the server and the template in the environment, for this process and the workers it starts."""
    if not os.environ.get("DATABASE_URL"):
        var_dir = Path(os.environ.get("THROUGHLINE_VAR_DIR", installed.ROOT / "var"))
        os.environ["DATABASE_URL"] = embedded.ensure(var_dir)
    if not os.environ.get("THROUGHLINE_TEST_TEMPLATE"):
        os.environ["THROUGHLINE_TEST_TEMPLATE"] = installed.template(os.environ["DATABASE_URL"])


prepare()
