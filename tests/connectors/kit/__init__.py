"""The conformance kit: the same cases for every connector, from `integration_hub.connectors.conformance`.

A connector joins with a *bench*, and with nothing else:

1. Its manifest says in `without` what the vendor lacks, each trait with its reason. A case whose traits the vendor
   has must pass; nothing is skipped.
2. `tests/connectors/benches/<vendor>.py` holds a subclass of `Bench` (`tests/connectors/benches/bench.py`): the
   connection, and the vendor's side of each case (make, rename and remove records past the connector, prepare writes,
   look into the vendor's books).
3. It is named in `tests/connectors/benches/__init__.py`.
4. `manage.py model_docs` adds its column to docs/reference/conformance.md.

`python -m pytest tests/connectors/kit -n0 -k kantata` runs the kit for one connector. A case that is new is added to
`CASES`, with one test here; it then holds for all of them.
"""

from collections.abc import Callable
from typing import Any

import pytest

from integration_hub.connectors import conformance
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.kernel.failures import Failed
from tests.connectors.benches import BENCHES

IMPLEMENTED: dict[str, str] = {}
"""Cases by code, and the test that is each."""


def case(code: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The test of a case: it runs once for every connector the case is for, with its `bench`."""
    wanted = conformance.CASE[code]
    vendors = [
        pytest.param(name, marks=BENCHES[name].marks)
        for name, connector in CONNECTORS
        if not conformance.lacking(connector.manifest, wanted)
    ]

    def mark(test: Callable[..., Any]) -> Callable[..., Any]:
        assert IMPLEMENTED.setdefault(code, test.__name__) == test.__name__, f"two tests are {code}"
        marked: Callable[..., Any] = pytest.mark.parametrize("bench", vendors, indirect=True)(test)
        return marked

    return mark


def attempt(act: Callable[[], Any]) -> Failed | None:
    """Do it; what failed, if it did."""
    try:
        act()
    except Failed as failure:
        return failure
    return None
