"""Two workers with the same message send it once."""

import pytest

from integration_hub.cases.actions import cases
from integration_hub.cases.registry import KINDS, CaseKind
from integration_hub.notices.actions import bundling, delivering, telling
from integration_hub.notices.models import Message
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.models import Item
from integration_hub.work.registry import Job
from tests import screens, smtp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture
def mailbox(settings):
    with smtp.serving() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", box.port, False
        yield box


@pytest.fixture(autouse=True)
def given(mailbox, monkeypatch):
    """An exception given to Fiona: a notice that is due."""
    kind = CaseKind("RATE_TEST", "t", "pmo", 2, "x")
    monkeypatch.setattr(KINDS, "_entries", {**KINDS._entries, "RATE_TEST": kind})
    fiona = screens.user(Role.FINANCE, "fiona")
    fiona.email = "fiona@example.com"
    fiona.save()
    case = cases.raise_case(code="RATE_TEST", root_cause="a", title="No price", by="system:test")
    cases.assign(case_id=case.pk, to=fiona, by="system:test", seen_version=1)
    telling.write(list(Event.objects.order_by("id")))


def deliver():
    """What a worker does with the item of the message, whoever else has it."""
    message = Message.objects.get()
    item = Item.objects.get(payload__message=message.pk)
    delivering.deliver(Job(item.pk, "lane", item.kind, item.payload, 1, 1))


def test_two_passes_make_one_message(interleave):
    assert interleave(bundling.bundle, bundling.bundle, at=(delivering, "enqueue")) == (None, None)
    assert Message.objects.count() == 1


def test_two_workers_send_it_once(interleave, mailbox):
    bundling.bundle()
    assert interleave(deliver, deliver, at=(delivering.mail, "send")) == (None, None)
    assert len(mailbox.arrived) == 1
    assert Message.objects.get().state == "sent", "the answer counts, though the second thought that the first had died"


def test_without_the_claim_they_send_it_twice(interleave, mailbox, monkeypatch):
    """The negative control."""
    bundling.bundle()
    monkeypatch.setattr(delivering, "claim", lambda pk: True)
    interleave(deliver, deliver, at=(delivering.mail, "send"))
    assert len(mailbox.arrived) == 2
