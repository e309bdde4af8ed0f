"""Two who read the trail at once tell everybody once."""

import pytest
from django.db import connection

from integration_hub.cases.actions import cases
from integration_hub.cases.registry import KINDS, CaseKind
from integration_hub.notices.actions import telling
from integration_hub.notices.models import Notice, Reader
from integration_hub.people.models import Role
from tests import screens, seals
from tests.races import without_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture(autouse=True)
def case(monkeypatch):
    kind = CaseKind("RATE_TEST", "t", "pmo", 2, "x")
    monkeypatch.setattr(KINDS, "_entries", {**KINDS._entries, "RATE_TEST": kind})
    screens.user(Role.PMO, "paula")
    Reader.objects.create(part=telling.PART)
    cases.raise_case(code="RATE_TEST", root_cause="a", title="No price", by="system:test")
    seals.all_older_are_over()


def test_two_readers_tell_once(interleave):
    assert interleave(telling.tell, telling.tell, at=(telling, "write")) == (None, None)
    assert Notice.objects.count() == 1


def test_without_the_readers_lock_and_the_constraint_they_tell_twice(interleave, monkeypatch):
    """The negative control: both guards taken away."""
    without_row_locks(monkeypatch, Reader)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE hub_notices_notice DROP CONSTRAINT notice_once")
    try:
        interleave(telling.tell, telling.tell, at=(telling, "write"))
        assert Notice.objects.count() == 2
    finally:
        Notice.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE hub_notices_notice ADD CONSTRAINT notice_once UNIQUE (event, person_id, channel)"
            )
