"""One bench per test, over a vendor put back to its beginning."""

import pytest

from tests.connectors.benches import BENCHES
from tests.connectors.benches.bench import Bench


@pytest.fixture
def bench(request: pytest.FixtureRequest, db: None) -> Bench:
    kind = BENCHES[request.param]
    made = kind(request.getfixturevalue(kind.where))
    made.restore()
    return made
