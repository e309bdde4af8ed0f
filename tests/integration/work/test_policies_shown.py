"""R-20: what the screen says about failures is what happens, driven against a server that answers badly."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from integration_hub.connectors import signs, transport
from integration_hub.connectors.auth import Static
from integration_hub.connectors.models import Account, Connection
from integration_hub.connectors.transport import Ask, Session
from integration_hub.kernel.failures import POLICIES, Failed, FailureClass, said
from integration_hub.people.models import Role
from integration_hub.work import engine, settlement
from integration_hub.work.actions import items
from integration_hub.work.models import Item, Lane
from integration_hub.work.registry import HANDLERS, Handler
from tests import screens

pytestmark = screens.SCREENS

CLASSES = {"Transient": "transient", "Rate": "rate", "Rejected": "rejected", "Auth": "auth", "Mapping": "mapping",
           "Data": "data", "Bug": "bug", "Unknown outcome": "unknown_outcome"}  # fmt: skip
CELL = re.compile(r'<td role="cell"[^>]*data-label="([^"]+)"[^>]*>(.*?)</td>', re.DOTALL)
ROW = re.compile(r"<tr role=\"row\">(.*?)</tr>", re.DOTALL)


class Server(ThreadingHTTPServer):
    """Answers every request with the status its path names, and counts them. /slow and /cut never answer."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []
        self.over = threading.Event()


class Answer(BaseHTTPRequestHandler):
    def answer(self):
        self.server.asked.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        what = self.path.rpartition("/")[2]
        if what == "slow":
            self.server.over.wait(10)
        if not what.isdigit():
            self.close_connection = True
            return
        self.send_response(int(what))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = answer

    def log_message(self, *args):
        """Quiet."""


@pytest.fixture
def server():
    running = Server()
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running
    running.over.set()
    running.shutdown()
    running.server_close()
    transport.close_clients()


@pytest.fixture
def vendor(db, server, monkeypatch):
    monkeypatch.setattr("integration_hub.connectors.credentials.read", lambda connection: {})
    return Connection.objects.create(
        code="bad", vendor="kantata", name="Bad vendor", base_url=f"http://127.0.0.1:{server.server_port}",
        settings={"timeout_seconds": "0.3"},
    )  # fmt: skip


@pytest.fixture
def shown(db):
    """What the screen says: {class: (tries, waits)}, {answer: (class when reading, class when writing)}."""
    body = screens.page(screens.browser(screens.user(Role.AUDITOR)), "/lanes/failures/")
    policies, answers = {}, {}
    for row in ROW.findall(body):
        cells = {name: re.sub(r"<[^>]+>", "", html).strip() for name, html in CELL.findall(row)}
        if "Failure" in cells:
            policies[CLASSES[cells["Failure"]]] = (int(cells["Tries"]), cells["Waits between them"])
        elif "Answer" in cells:
            answers[cells["Answer"]] = (CLASSES[cells["When reading"]], CLASSES[cells["When writing"]])
    return policies, answers


def calm(vendor):
    """Neither breaker nor quiet account keeps the next try back: they are no tries (see test_sending)."""
    Connection.objects.update(open_until=None, failures_in_row=0, is_paused=False)
    Account.objects.update(quiet_until=None, learnt_calls=None, learnt_at=None)


def ask(vendor, what, *, write):
    session = Session(vendor, auth=Static(lambda secret: {}), dialect=signs.Plain())
    session.ask(Ask("POST" if write else "GET", f"/{what}", write=write))


def test_every_class_is_shown_and_every_answer_ends_in_one(shown):
    policies, answers = shown
    assert set(policies) == {kind.value for kind in FailureClass}
    assert len(answers) == len(signs.STATUSES) + 3


def test_every_answer_is_taken_for_what_is_shown(vendor, server, shown):
    _, answers = shown
    broken = {"No answer in time": "slow", "The line breaks": "cut"}
    for answer, expected in answers.items():
        for write, kind in zip((False, True), expected, strict=True):
            calm(vendor)
            if answer == "Not reachable":
                vendor.base_url = "http://127.0.0.1:1"
            with pytest.raises(Failed) as caught:
                ask(vendor, broken.get(answer) or answer.split()[0], write=write)
            vendor.base_url = f"http://127.0.0.1:{server.server_port}"
            assert caught.value.kind == kind, f"{answer}, {'writing' if write else 'reading'}"


@pytest.mark.parametrize(
    ("what", "write"),
    [(429, False), (503, False), (503, True), (422, True), (403, True), (408, False), (500, True), (401, False)],
)
def test_an_answer_is_asked_for_as_often_as_shown(vendor, server, shown, monkeypatch, what, write):
    """The server counts the tries, the lane is watched for the waits; both are what the screen says."""
    policies, answers = shown
    kind = next(kinds[write] for answer, kinds in answers.items() if answer.startswith(f"{what} "))

    def handler(job):
        calm(vendor)
        ask(vendor, what, write=write)

    _drive(monkeypatch, handler)
    tries, waits = policies[kind]
    assert len(server.asked) == tries
    _, observed = _outcome()
    assert observed == waits


@pytest.mark.parametrize("kind", list(FailureClass))
def test_every_class_is_tried_as_shown(shown, monkeypatch, kind):
    policies, _ = shown

    def handler(job):
        if kind is FailureClass.BUG:
            raise ZeroDivisionError("a bug")
        raise Failed(kind, "no")

    _drive(monkeypatch, handler)
    assert _outcome() == policies[kind.value]


WAITED: list = []


def _drive(monkeypatch, handler):
    """Work one item until the lane gives up, as if every wait were over at once."""
    WAITED.clear()
    release = settlement.release

    def note(lane, *, delay=None, **more):
        if delay is not None:
            WAITED.append(delay)
            more["delay"] = delay
        release(lane, **more)

    monkeypatch.setattr(settlement, "release", note)
    monkeypatch.setattr(HANDLERS, "_entries", {"test.fails": Handler(run=handler, local=False)})
    items.enqueue("test.fails", lane="L", stage="bulk")
    for _ in range(max(policy.attempts for policy in POLICIES.values()) + 3):
        Lane.objects.update(next_at="2000-01-01T00:00Z")
        engine.drain("bulk")


def _outcome():
    """(tries, waits in words) of the item, which the lane must have given up."""
    item = Item.objects.get()
    assert item.state == "parked"
    return item.attempts, said(WAITED) or "–"
