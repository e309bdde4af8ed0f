"""One bench per test, over a vendor put back to its beginning."""

import pytest

from integration_hub.sandbox import Landscape
from tests.connectors.benches import BENCHES
from tests.connectors.benches.bench import Bench


@pytest.fixture
def bench(request: pytest.FixtureRequest, db: None, running: Landscape) -> Bench:
    made = BENCHES[request.param](running)
    made.restore()
    return made
