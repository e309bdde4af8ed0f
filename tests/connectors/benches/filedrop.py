"""File drop: a manifest, and nobody to call."""

from tests.connectors.benches.bench import Bench


class FileDropBench(Bench):
    vendor = "filedrop"

    def restore(self) -> None:
        """Nothing to put back."""
