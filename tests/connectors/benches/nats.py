"""NATS: a manifest; what it does with events is tried in tests/connectors/test_nats.py."""

from tests.connectors.benches.bench import Bench


class NatsBench(Bench):
    vendor = "nats"

    def restore(self) -> None:
        """Nothing to put back."""
