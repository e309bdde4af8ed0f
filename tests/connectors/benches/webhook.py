"""A consumer of webhooks with one secret."""

from datetime import UTC, datetime

from integration_hub.connectors.publishing import Message
from integration_hub.sandbox import accounts
from tests.connectors.benches.bench import Bench

TOLD = Message("evt_1", "billing.hold.released", datetime(2026, 5, 4, tzinfo=UTC), b'{"type":"billing.hold.released"}')


class WebhookBench(Bench):
    vendor = "webhook"

    def credentials(self) -> dict[str, str]:
        return {"signing_secret": accounts.WEBHOOK_SECRET}

    def ask(self) -> None:
        """It is told of something: that is all it is asked."""
        assert list(self.connector.publish(self.connection, [TOLD])) == ["evt_1"]  # type: ignore[attr-defined]

    def is_question(self, path: str) -> bool:
        """A test message asks whether it is taken; consumers do nothing with it."""
        return True

    def books(self) -> object:
        """What it was told of, tests of the connection left out."""
        return [row for row in super().books()["messages"] if not row["id"].startswith("test_")]
