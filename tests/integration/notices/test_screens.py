"""The inbox, the bell, watching, and the same by REST."""

import pytest
from django.test import Client

from integration_hub.notices.models import Habit, Kind, Message, Notice, Preference, Watch
from integration_hub.people.models import Role
from integration_hub.work.models import Item
from tests import factories
from tests.integration.notices.conftest import raised, told
from tests.screens import SCREENS, assert_list, assert_needs_right, browser, page, text, user

pytestmark = SCREENS
INBOX, BELL = "/notices/", "/notices/bell/"


@pytest.fixture
def notices(paula, piet):
    """Three for Paula, one for the PMO of the other legal entity."""
    for root in ("one", "two", "three"):
        raised(root)
    raised("four", "DE01")
    assert told() == {"paula": ["opened"] * 3, "piet": ["opened"]}
    return list(Notice.objects.filter(person=paula).order_by("id"))


def test_the_inbox_shows_ones_own_newest_first(notices, paula, fiona):
    body = assert_list(browser(paula), INBOX)
    assert body.index("No price for three") < body.index("No price for one")
    assert "No price for four" not in body
    assert "You have not been told anything yet" in page(browser(fiona), INBOX)
    assert_needs_right(INBOX)


def test_the_bell_counts_what_is_new(notices, paula, django_assert_max_num_queries):
    client = browser(paula)
    assert 'hx-get="/notices/bell/"' in page(client, "/")
    with django_assert_max_num_queries(5):
        assert ">3<" in text(client.get(BELL))
    client.get(f"{INBOX}{notices[0].pk}/")
    assert ">2<" in text(client.get(BELL))


def test_a_poll_after_the_session_has_ended_leaves_the_page_alone():
    assert Client().get(BELL, headers={"HX-Request": "true", "X-Polled": "1"}).status_code == 204
    assert Client().get(BELL).status_code == 302


def test_opening_one_reads_it_and_leads_to_its_exception(notices, paula, piet):
    answer = browser(paula).get(f"{INBOX}{notices[0].pk}/")
    assert answer["Location"] == f"/exceptions/{notices[0].case_id}/"
    assert Notice.objects.filter(read_at__isnull=False).get() == notices[0]
    assert browser(piet).get(f"{INBOX}{notices[1].pk}/").status_code == 404


def test_marking_ticked_ones_and_all_that_were_shown(notices, paula, piet):
    client = browser(paula)
    theirs = Notice.objects.get(person=piet)
    client.post("/notices/read/", {"selected": [str(notices[0].pk), str(theirs.pk)]})
    assert list(Notice.objects.filter(read_at__isnull=False)) == [notices[0]], "another's stays as it is"
    client.post("/notices/read/", {"newest": str(notices[1].pk)})
    assert Notice.objects.filter(person=paula, read_at__isnull=True).get() == notices[2], "what came since is new"
    assert "No price for two" not in page(client, f"{INBOX}?unread=true")
    assert "No price for three" in page(client, f"{INBOX}?unread=true&role=pmo&kind=opened")


def test_who_no_longer_works_for_an_entity_sees_its_notices_no_more(notices, paula):
    paula.legal_entities = ["DE01"]
    paula.save()
    client = browser(paula)
    assert "No price for one" not in page(client, INBOX)
    assert "<b>" not in text(client.get(BELL))
    assert client.get(f"{INBOX}{notices[0].pk}/").status_code == 404


def test_an_exception_is_watched_from_its_page(case, fiona, piet):
    client = browser(fiona)
    assert "Watch" in page(client, f"/exceptions/{case.pk}/")
    client.post(f"/exceptions/{case.pk}/watch/")
    assert Watch.objects.get().person == fiona
    assert "Stop watching" in page(client, f"/exceptions/{case.pk}/")
    client.post(f"/exceptions/{case.pk}/unwatch/")
    assert not Watch.objects.exists()
    assert browser(piet).post(f"/exceptions/{case.pk}/watch/").status_code == 404


def test_by_rest(notices, paula, piet):
    client = Client(headers={"Authorization": f"Bearer {factories.token(paula)}"})
    rows = client.get("/api/v1/notices/?unread=true").json()["results"]
    assert [row["id"] for row in rows] == [one.pk for one in reversed(notices)]
    first = client.post(f"/api/v1/notices/{notices[0].pk}/read/").json()
    assert (first["case"], bool(first["read_at"])) == (notices[0].case_id, True)
    theirs = Notice.objects.get(person=piet)
    assert client.post(f"/api/v1/notices/{theirs.pk}/read/").status_code == 404
    done = client.post("/api/v1/notices/read-all/", {"up_to": notices[1].pk}, content_type="application/json")
    assert done.json() == {"read": 1}
    assert client.post("/api/v1/notices/read-all/", {}, content_type="application/json").status_code == 400


# Preferences and messages ---------------------------------------------------------------------------------------------

PREFERENCES, MESSAGES = "/notices/preferences/", "/notices/messages/"


def stated(**more):
    """The form as the browser sends it."""
    kinds = {f"{kind}_mail": "digest" for kind in Kind} | {"assigned_app": "on"}
    return kinds | {"zone": "Europe/Berlin", "digests": "hourly", "digest_at": "07:30"} | more


def test_one_says_how_one_is_told_and_takes_it_back(paula, settings):
    settings.EMAIL_HOST = "mail.example.com"
    client = browser(paula)
    assert "You have no e-mail address here" in page(client, PREFERENCES)
    wrong = client.post(PREFERENCES, stated(quiet_from="22:00"))
    assert (wrong.status_code, "Give both ends of the quiet hours" in text(wrong)) == (422, True)
    client.post(PREFERENCES, stated(quiet_from="22:00", quiet_until="07:00"))
    habit = Habit.objects.get(person=paula)
    assert (habit.zone, habit.digests, str(habit.quiet_until)) == ("Europe/Berlin", "hourly", "07:00:00")
    assert list(Preference.objects.filter(person=paula, app=True).values_list("kind", "mail")) == [
        ("assigned", "digest")
    ]
    client.post(PREFERENCES, {"forget": "1"})
    assert not Preference.objects.exists()


def test_where_no_mail_is_sent_nothing_about_mail_is_lost(paula):
    body = page(browser(paula), PREFERENCES)
    assert "No mail is sent here" in body
    sent = {"assigned_app": "on", "zone": "UTC", "digests": "daily", "digest_at": "08:00"}
    assert browser(paula).post(PREFERENCES, sent).status_code == 302
    assert Preference.objects.get(person=paula, kind="assigned").mail == "once"


def test_administrators_see_what_was_sent_and_have_it_sent_again(paula):
    failed = [
        Message.objects.create(channel="mail", person=paula, address="p@example.com", state="failed", error="550 no")
        for _ in range(2)
    ]
    assert_needs_right(MESSAGES)
    client = browser(user(Role.INTEGRATION_ADMIN, "ines"))
    assert "550 no" in assert_list(client, MESSAGES)
    one = f"{MESSAGES}{failed[0].pk}/"
    case = raised()
    told()
    Notice.objects.filter(case=case).update(channel="mail", due_at=case.first_seen_at, message=failed[0])
    body = page(client, one)
    assert "Send again" in body
    assert f'href="/exceptions/{case.pk}/"' in body, "the notice is another's, its exception is not"
    client.post(f"{one}again/", {"version": "1"})
    client.post(f"{MESSAGES}again/", {"selected": [f"{row.pk}:1" for row in failed]})
    assert list(Message.objects.values_list("state", "version")) == [("waiting", 2)] * 2
    assert Item.objects.filter(kind="notices.deliver", state="ready").count() == 2
