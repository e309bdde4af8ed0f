"""Chat rooms, told by a real HTTP receiver: of what and of whose, in which format, and what becomes of a post."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import call_command
from django.test import override_settings

from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.connectors import secrets
from integration_hub.kernel.errors import BadInput, Denied
from integration_hub.kernel.failures import Failed
from integration_hub.notices.actions import bundling, delivering, rooms
from integration_hub.notices.actions.rooms import RoomIn
from integration_hub.notices.chat import Post, compose
from integration_hub.notices.models import Message, Notice, Room
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.models import Item
from integration_hub.work.registry import Job
from tests.integration.notices.conftest import raised, told
from tests.screens import browser, page, user

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


class Receiver:
    """What was posted, and how the next posts are answered; 0 takes one and hangs up."""

    def __init__(self):
        self.posts: list[dict] = []
        self.answers: list[int] = []

    def handler(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if status in (0, 200):
                    receiver.posts.append(json.loads(body))
                if status == 0:
                    self.connection.close()
                    return
                self.send_response(status)
                self.send_header("Retry-After", "7")
                self.send_header("Location", "http://127.0.0.1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        return Handler


@pytest.fixture
def receiver():
    chat = Receiver()
    with ThreadingHTTPServer(("127.0.0.1", 0), chat.handler()) as server:
        chat.url = f"http://127.0.0.1:{server.server_address[1]}/services/secret"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield chat
        server.shutdown()
        thread.join()


@pytest.fixture
def admin(db):
    return user(Role.INTEGRATION_ADMIN, "ines")


@pytest.fixture
def opened(receiver, admin):
    """`opened(…)` opens a room of the PMO of US01."""

    def make(**more):
        stated = {"code": "pmo", "name": "PMO", "format": "slack", "owner_role": "pmo", "legal_entities": ["US01"],
                  "kinds": ["opened", "missed", "healed"], "url": receiver.url}  # fmt: skip
        return rooms.save(room=RoomIn(**stated | more), by=admin)

    return make


@pytest.fixture
def given(opened):
    """A message that waits for the room."""
    opened()
    raised("rates <b>&")
    told()
    assert bundling.bundle() == 1
    return Message.objects.get(channel="chat")


def job(message):
    item = Item.objects.filter(payload__message=message.pk).latest("pk")
    return Job(item.pk, "lane", item.kind, item.payload, 1, 1)


def state():
    return Message.objects.get(channel="chat").state


def test_a_room_is_told_of_its_role_its_entities_its_kinds_and_its_severities_once(opened):
    opened()
    opened(code="grave", name="Grave", least_severity=1)
    opened(code="finance", name="Finance", owner_role="finance")
    opened(code="all", name="All", owner_role="", legal_entities=[], all_legal_entities=True)
    opened(code="closed", name="Closed", is_active=False)
    raised("here")
    raised("there", "DE01")
    for _ in range(2):
        told()
    found = Notice.objects.filter(channel="chat").values_list("room__code", "title").order_by("room__code", "pk")
    assert list(found) == [("all", "No price for here"), ("all", "No price for there"), ("pmo", "No price for here")]


def test_slack_gets_its_blocks_and_no_markup_of_ours(given, receiver):
    delivering.deliver(job(given))
    post = receiver.posts[0]
    case = Case.objects.get(code="RATE_TEST")
    link = f"<http://127.0.0.1:8000/exceptions/{case.pk}/|No price for rates &lt;b&gt;&amp;>"
    assert post["blocks"][0]["text"]["text"] == f"*S2 · New in your queue · US01*\n{link}\nAdd the rate."
    assert state() == "sent"


def test_teams_gets_its_card(opened, receiver):
    opened(format="teams")
    raised("*all*")
    told()
    bundling.bundle()
    delivering.deliver(job(Message.objects.get(channel="chat")))
    card = receiver.posts[0]["attachments"][0]["content"]
    assert card["type"] == "AdaptiveCard"
    assert card["body"][1]["text"].startswith(r"[No price for \*all\*](http")


@pytest.mark.parametrize(("status", "kind"), [(429, "rate"), (404, "auth"), (302, "auth"), (400, "rejected")], ids=str)
def test_a_refusal_says_who_must_act_and_leaves_nothing_open(given, receiver, status, kind):
    receiver.answers = [status]
    with pytest.raises(Failed) as failed:
        delivering.deliver(job(given))
    assert (failed.value.kind, state(), receiver.posts) == (kind, "waiting", [])
    assert "secret" not in str(failed.value)
    if status == 429:
        assert failed.value.retry_after.total_seconds() == 7


@pytest.mark.parametrize("answer", [0, 500])
def test_a_lost_answer_is_unknown_and_is_not_posted_again(given, receiver, answer):
    receiver.answers = [answer]
    delivering.deliver(job(given))
    delivering.deliver(job(given))
    assert (state(), len(receiver.posts)) == ("unknown", 1 if answer == 0 else 0)
    case = Case.objects.get(code="NOTICE_NOT_SENT")
    assert case.title == "Notices do not reach PMO by chat"
    assert "secret" not in case.detail


def test_a_room_that_lost_an_entity_before_it_was_told_is_not(given, opened):
    cases.heal(code="RATE_TEST", root_cause="rates <b>&", because="Done.", by="system:test")
    told()
    opened(legal_entities=["DE01"], url="")
    assert bundling.bundle() == 0
    assert Notice.objects.get(kind="healed").withheld == "This room is not told of this legal entity."


def test_the_address_is_sealed_shown_nowhere_and_resealed(given, receiver, admin, capsys):
    room = Room.objects.get()
    assert room.host == "127.0.0.1"
    assert b"secret" not in bytes(room.sealed_url)
    assert "services/secret" not in json.dumps(list(Event.objects.values_list("data", flat=True)))
    admin.is_superuser = admin.is_staff = True
    admin.save()
    assert "services/secret" not in page(browser(admin), f"/admin/hub_notices/room/{room.pk}/change/")
    before = secrets.new_key()
    with override_settings(SECRETS_KEY=before):
        rooms.save(room=RoomIn(code="pmo", name="PMO", format="slack", kinds=["opened"], legal_entities=["US01"],
                               url=receiver.url), by=admin)  # fmt: skip
    with override_settings(SECRETS_KEY=f"{secrets.new_key()},{before}"):
        call_command("reseal_secrets")
        assert "1 chat rooms resealed" in capsys.readouterr().out
        assert compose(Message.objects.get(channel="chat")).url == receiver.url


@override_settings(PRODUCTION=True, OUTBOUND_HOSTS=[])
def test_in_production_no_room_leads_into_the_house(opened, receiver):
    with pytest.raises(BadInput, match="not public"):
        opened(code="inner", url="https://127.0.0.1/x")
    with pytest.raises(BadInput, match="not encrypted"):
        opened(code="plain", url="http://hooks.example.com/x")
    with pytest.raises(Failed, match="not encrypted") as failed:
        delivering.chat.send(Post("PMO", receiver.url, b"{}"))
    assert "secret" not in str(failed.value)
    assert receiver.posts == []


def test_only_an_administrator_of_its_entities_keeps_a_room(opened, admin):
    with pytest.raises(BadInput, match="names nothing a room is told of"):
        opened(kinds=["mention"])
    local = user(Role.INTEGRATION_ADMIN, "local", entities=("DE01",))
    stated = RoomIn(
        code="x", name="X", format="slack", kinds=["opened"], legal_entities=["US01"], url="http://a.example"
    )
    with pytest.raises(Denied, match="You do not work for US01"):
        rooms.save(room=stated, by=local)
