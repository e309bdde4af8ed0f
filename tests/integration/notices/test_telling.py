"""Who is told of what, once; of nothing he may not see, and of nothing he did himself."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.notices.actions import deadlines, telling, watching
from integration_hub.notices.audience import mentioned
from integration_hub.notices.models import Notice, Reader
from integration_hub.people.models import Role, User
from integration_hub.trail.models import Event
from tests import screens, seals
from tests.integration.notices.conftest import raised, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people(paula, piet, fiona):
    """Who could be told, in every test."""


def again(case):
    return Case.objects.get(pk=case.pk)


def test_a_new_exception_is_told_to_the_role_that_owns_it_and_sees_it(case):
    assert told() == {"paula": ["opened"]}
    notice = Notice.objects.get()
    assert (notice.title, notice.text, notice.legal_entity) == ("No price for roles", "Add the rate.", "US01")


def test_an_exception_that_came_of_an_act_is_news_to_who_acted_too(paula):
    cases.raise_case(code="RATE_TEST", root_cause="x", title="No price", legal_entity="US01", by=paula)
    assert told() == {"paula": ["opened"]}


def test_what_is_over_before_anybody_is_told_is_not_told(case):
    cases.heal(code="RATE_TEST", root_cause="roles", because="The rate is there.", by="system:billing")
    assert told() == {}


def test_who_is_given_it_is_told_and_nobody_of_his_own_act(case, paula, fiona):
    cases.assign(case_id=case.pk, to=fiona, by=paula, seen_version=1)
    assert told(kind="assigned") == {"fiona": ["assigned"]}
    assert Notice.objects.get(kind="assigned").text == "paula assigned it to fiona."
    cases.start(case_id=case.pk, by=fiona, seen_version=2)
    assert "changed" not in told().get("fiona", [])


def test_a_mention_reaches_who_may_see_it_and_nobody_else(case, paula):
    cases.comment(case_id=case.pk, text="@Fiona, @piet and @nobody: see mail to x@fiona. @paula", by=paula)
    assert told(kind="mention") == {"fiona": ["mention"]}


def test_names_behind_an_at():
    assert mentioned("@ann, (@bob.lee). ann@carl.com @@dora @ann!") == ["ann", "bob.lee"]


def test_who_watches_hears_of_everything_until_he_stops(case, paula, fiona):
    watching.watch(case_id=case.pk, by=fiona)
    watching.watch(case_id=case.pk, by=fiona)
    cases.claim(case_id=case.pk, by=paula, seen_version=1)
    assert told(person=fiona) == {"fiona": ["changed"]}
    cases.heal(code="RATE_TEST", root_cause="roles", because="The rate is there.", by="system:billing")
    assert told(person=fiona) == {"fiona": ["changed", "healed"]}
    assert told(kind="healed") == {"paula": ["healed"], "fiona": ["healed"]}
    watching.unwatch(case_id=case.pk, by=fiona)
    raised()
    assert told(person=fiona) == {"fiona": ["changed", "healed"]}
    assert told(kind="reopened") == {"paula": ["reopened"]}


def test_who_lost_the_right_or_the_legal_entity_is_told_no_more(case, paula, fiona, piet):
    watching.watch(case_id=case.pk, by=fiona)
    fiona.legal_entities = ["DE01"]
    fiona.save()
    User.objects.filter(pk=piet.pk).update(legal_entities=["US01"], is_active=False)
    paula.groups.clear()
    cases.start(case_id=case.pk, by="system:test", seen_version=1) if case.status == "assigned" else None
    cases.comment(case_id=case.pk, text="@fiona @piet @paula", by=screens.user(Role.PMO, "boss"))
    assert told(kind__in=["mention", "changed"]) == {}


def test_a_deadline_is_said_once_and_a_missed_one_goes_beyond_its_owner(case, paula):
    other = screens.user(Role.PMO, "otto", entities=("US01",))
    cases.assign(case_id=case.pk, to=paula, by=other, seen_version=1)
    Case.objects.update(due_at=now() + timedelta(hours=1))
    assert [deadlines.look(), deadlines.look()] == [1, 0]
    assert told(kind="near") == {"paula": ["near"]}
    Case.objects.update(due_at=now() - timedelta(minutes=1))
    assert [deadlines.look(), deadlines.look()] == [1, 0]
    assert told(kind__in=["missed", "escalated"]) == {"paula": ["missed"], "otto": ["escalated"]}
    Case.objects.update(due_at=now() - timedelta(seconds=1))
    assert deadlines.look() == 1, "another deadline is said anew"


def test_an_unowned_one_is_its_roles(case):
    Case.objects.update(due_at=now() - timedelta(minutes=1))
    deadlines.look()
    assert told(kind__in=["missed", "escalated"]) == {"paula": ["missed"]}


def test_the_trail_is_read_once_and_in_order_and_nothing_is_told_twice(case):
    seals.all_older_are_over()
    assert telling.tell() == 1
    assert telling.tell() == 0
    Reader.objects.all().delete()
    telling.tell()
    assert Notice.objects.count() == 1
    again = {name: getattr(Notice.objects.get(), name) for name in ("event", "person", "channel", "case", "title")}
    with pytest.raises(IntegrityError, match="notice_once"), transaction.atomic():
        Notice.objects.create(kind="opened", severity=1, text="", happened_at=now(), **again)


def test_what_an_older_transaction_may_still_add_is_waited_for(case):
    """The event of this very transaction is not committed, so nothing at or behind it is read."""
    assert telling.tell() == 0
    assert Event.objects.filter(action="cases.case.raised").exists()


def test_many_are_told_in_a_handful_of_statements(django_assert_max_num_queries):
    for number in range(40):
        raised(f"root {number}")
    events = list(Event.objects.order_by("id"))
    with django_assert_max_num_queries(8):
        assert telling.write(events) == 40
    assert connection.in_atomic_block
