"""Mails by a real mail server: what goes to whom and when, and what becomes of those that do not arrive."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied, Stale
from integration_hub.kernel.failures import Failed
from integration_hub.notices.actions import bundling, delivering, preferences
from integration_hub.notices.actions.preferences import HabitIn
from integration_hub.notices.models import Kind, Message, Notice
from integration_hub.notices.timing import Pace
from integration_hub.notices.wishes import Wish
from integration_hub.people.models import Role
from integration_hub.work.models import Item
from integration_hub.work.registry import Job
from tests import screens, smtp
from tests.integration.notices.conftest import raised, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings):
    with smtp.serving() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", box.port, False
        settings.BASE_URL = "https://throughline.example"
        yield box


@pytest.fixture(autouse=True)
def addresses(mailbox, paula, fiona):
    for person in (paula, fiona):
        person.email = f"{person.username}@example.com"
        person.save()


@pytest.fixture
def given(case, paula, fiona):
    """An exception that Fiona was given, told and put into a message."""
    cases.assign(case_id=case.pk, to=fiona, by=paula, seen_version=1)
    told()
    assert bundling.bundle() == 1
    return Message.objects.get()


def job(message):
    item = Item.objects.filter(payload__message=message.pk).latest("pk")
    return Job(item.pk, "lane", item.kind, item.payload, 1, 1)


def state(message):
    return Message.objects.get(pk=message.pk).state


def trouble():
    return Case.objects.filter(code="NOTICE_NOT_SENT").exclude(status="resolved").count()


def habit(**more):
    return HabitIn(**{"zone": "UTC", "digests": "daily", "digest_at": time(8), **more})


def test_a_mail_names_the_exception_and_leads_to_it(given, mailbox, case):
    delivering.deliver(job(given))
    mail = mailbox.arrived[0]
    assert (mail["To"], mail["Subject"]) == ("fiona@example.com", "S2 Assigned to you: No price for roles")
    assert mail["Message-ID"] == f"<notice-message-{given.pk}@localhost>"
    assert f"https://throughline.example/exceptions/{case.pk}/" in mail.get_payload(decode=True).decode()
    assert (state(given), Message.objects.get().attempts) == ("sent", 1)


def test_a_sent_one_is_not_sent_again(given, mailbox):
    delivering.deliver(job(given))
    delivering.deliver(job(given))
    assert bundling.bundle() == 0
    assert len(mailbox.arrived) == 1


def test_new_ones_of_the_queue_come_together_in_a_digest(mailbox, paula):
    for number in range(3):
        raised(f"root {number}")
    told()
    assert bundling.bundle() == 0, "their digest is not due"
    Notice.objects.filter(channel="mail").update(due_at=now())
    assert [bundling.bundle(), bundling.bundle()] == [1, 0]
    delivering.deliver(job(Message.objects.get()))
    assert mailbox.arrived[0]["Subject"] == "3 notices, the gravest S2: No price for root 0"


def test_quiet_hours_put_a_mail_off_until_they_end_and_urgent_ones_pass(case, paula, fiona, kinds):
    zone = ZoneInfo("Asia/Kolkata")
    local = now().astimezone(zone)
    ends = (local + timedelta(hours=2)).replace(second=0, microsecond=0)
    quiet = {
        "quiet_from": (local - timedelta(hours=2)).time().replace(second=0, microsecond=0),
        "quiet_until": ends.time(),
    }
    wishes = {Kind.ASSIGNED: Wish(True, Pace.ONCE)}
    preferences.state(by=fiona, wishes=wishes, habit=habit(zone="Asia/Kolkata", **quiet))
    cases.assign(case_id=case.pk, to=fiona, by=paula, seen_version=1)
    told()
    assert Notice.objects.get(channel="mail", kind="assigned").due_at == ends
    assert bundling.bundle() == 0
    Case.objects.update(severity=1, assigned_to=None, status="open")
    cases.assign(case_id=case.pk, to=fiona, by=paula, seen_version=2)
    told()
    urgent = Notice.objects.filter(channel="mail", kind="assigned").latest("pk")
    assert urgent.due_at == urgent.happened_at


def test_what_one_chose_goes_before_ones_role_and_that_before_what_is_built_in(case, paula, fiona):
    admin = screens.user(Role.INTEGRATION_ADMIN, "ines")
    preferences.set_default(role="finance", kind="assigned", app=False, mail="off", by=admin)
    cases.assign(case_id=case.pk, to=fiona, by=paula, seen_version=1)
    assert told(person=fiona) == {}
    preferences.state(by=fiona, wishes={Kind.ASSIGNED: Wish(True, Pace.OFF)}, habit=habit())
    assert told(person=fiona) == {"fiona": ["assigned"]}
    with pytest.raises(Denied):
        preferences.set_default(role="finance", kind="assigned", app=True, mail="off", by=paula)


def test_who_lost_the_legal_entity_before_the_mail_was_due_gets_none(case, paula, fiona):
    cases.assign(case_id=case.pk, to=fiona, by=paula, seen_version=1)
    told()
    fiona.legal_entities = ["DE01"]
    fiona.save()
    assert bundling.bundle() == 0
    assert "does not work for" in Notice.objects.get(channel="mail", person=fiona).withheld


def test_a_busy_server_is_tried_again_and_a_refusal_is_told_to_administrators(given, mailbox):
    mailbox.answers = ["451 later", "550 no such user"]
    for kind, after in (("transient", "waiting"), ("rejected", "waiting")):
        with pytest.raises(Failed) as failed:
            delivering.deliver(job(given))
        assert (failed.value.kind, state(given)) == (kind, after)
    delivering.parked(job(given), failed.value)
    assert (state(given), trouble(), mailbox.arrived) == ("failed", 1, [])


def test_a_server_that_cannot_be_reached_took_nothing(given, settings):
    settings.EMAIL_PORT = 1
    with pytest.raises(Failed) as failed:
        delivering.deliver(job(given))
    assert (failed.value.kind, state(given)) == ("transient", "waiting")


def test_no_answer_is_unknown_and_nothing_is_sent_again_until_somebody_says_so(given, mailbox, paula):
    mailbox.answers = ["drop"]
    delivering.deliver(job(given))
    assert (state(given), trouble(), len(mailbox.arrived)) == ("unknown", 1, 1)
    delivering.deliver(job(given))
    assert (state(given), len(mailbox.arrived)) == ("unknown", 1)
    admin = screens.user(Role.INTEGRATION_ADMIN, "ines")
    version = Message.objects.get().version
    with pytest.raises(Denied):
        delivering.again(message_id=given.pk, by=paula, seen_version=version)
    with pytest.raises(Stale):
        delivering.again(message_id=given.pk, by=admin, seen_version=version - 1)
    delivering.again(message_id=given.pk, by=admin, seen_version=version)
    delivering.deliver(job(given))
    assert (state(given), trouble(), len(mailbox.arrived)) == ("sent", 0, 2)
    assert mailbox.arrived[0]["Message-ID"] == mailbox.arrived[1]["Message-ID"]


def test_a_worker_that_died_while_sending_leaves_it_unknown(given, mailbox):
    assert delivering.claim(given.pk)
    delivering.deliver(job(given))
    assert (state(given), trouble(), mailbox.arrived) == ("unknown", 1, [])


def test_without_a_server_or_an_address_nobody_is_mailed(case, paula, fiona, settings):
    settings.EMAIL_HOST = ""
    cases.assign(case_id=case.pk, to=fiona, by=paula, seen_version=1)
    assert told(channel="mail") == {}
    settings.EMAIL_HOST, fiona.email = "127.0.0.1", ""
    fiona.save()
    assert told(channel="mail") == {"paula": ["opened"]}
