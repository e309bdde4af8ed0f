"""People act on the version of a case that they saw, within their legal entities, and moves follow the table."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.cases.actions.handling import wake_due
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.trail.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def case():
    return cases.raise_case(
        code="RATE_TEST",
        root_cause="r",
        title="No price",
        legal_entity="US",
        members=[MemberIn("billing.event", "1", "Event 1", Decimal(10), "USD")],
        by="system:test",
    )


def last():
    return Event.objects.order_by("-id").first()


def test_claim_start_wait_resolve(case, person):
    anna = person("anna")
    case = cases.claim(case_id=case.pk, by=anna, seen_version=1)
    assert (case.status, case.assigned_to, case.version) == ("assigned", anna, 2)
    case = cases.start(case_id=case.pk, by=anna, seen_version=2)
    case = cases.wait(case_id=case.pk, by=anna, seen_version=3, reason="Asked the client")
    assert (last().action, last().reason, last().actor) == ("cases.case.waiting", "Asked the client", "anna")
    case = cases.start(case_id=case.pk, by=anna, seen_version=4)
    case = cases.resolve(case_id=case.pk, outcome="manual", text="Rate added", by=anna, seen_version=5)
    assert (case.status, case.outcome, case.resolution) == ("resolved", "manual", "Rate added")
    assert case.members.filter(is_open=True).count() == 0
    assert (last().data["before"], last().data["after"]) == ("in_progress", "resolved")


def test_an_old_version_is_refused_and_nothing_changes(case, person):
    anna, bert = person("anna"), person("bert")
    cases.claim(case_id=case.pk, by=anna, seen_version=1)
    for act in (
        lambda: cases.claim(case_id=case.pk, by=bert, seen_version=1),
        lambda: cases.resolve(case_id=case.pk, outcome="manual", text="x", by=bert, seen_version=1),
        lambda: cases.start(case_id=case.pk, by=bert, seen_version=1),
    ):
        with pytest.raises(Stale):
            act()
    case.refresh_from_db()
    assert (case.assigned_to, case.status) == (anna, "assigned")
    assert case.members.filter(is_open=True).count() == 1


def test_assign_needs_somebody_who_can_handle_it(case, person):
    anna = person("anna")
    for to, why in [
        (person("guest", may=False), "does not handle exceptions"),
        (person("brit", entities=("GB",)), "does not work for this legal entity"),
    ]:
        with pytest.raises(Denied, match=why):
            cases.assign(case_id=case.pk, to=to, by=anna, seen_version=1)
    gone = person("gone")
    gone.is_active = False
    gone.save()
    with pytest.raises(Denied, match="does not work here any more"):
        cases.assign(case_id=case.pk, to=gone, by=anna, seen_version=1)
    bert = person("bert")
    case = cases.assign(case_id=case.pk, to=bert, by=anna, seen_version=1)
    with pytest.raises(Denied, match="already assigned"):
        cases.assign(case_id=case.pk, to=bert, by=anna, seen_version=2)
    case = cases.assign(case_id=case.pk, to=anna, by=bert, seen_version=2)
    assert case.assigned_to == anna
    case = cases.unassign(case_id=case.pk, by=anna, seen_version=3)
    assert (case.status, case.assigned_to) == ("open", None)


def test_strangers_and_those_without_the_permission_are_refused(case, person):
    for who, why in [(person("brit", entities=("GB",)), "legal entity"), (person("guest", may=False), "role")]:
        for act in (
            lambda who=who: cases.claim(case_id=case.pk, by=who, seen_version=1),
            lambda who=who: cases.comment(case_id=case.pk, by=who, text="x"),
            lambda who=who: cases.retry(case_id=case.pk, by=who, seen_version=1),
        ):
            with pytest.raises(Denied, match=why):
                act()


def test_snooze_and_wake(case, person):
    anna = person("anna")
    with pytest.raises(Denied, match="Say why"):
        cases.snooze(case_id=case.pk, until=now() + timedelta(days=1), reason=" ", by=anna, seen_version=1)
    with pytest.raises(BadInput, match="lies in the past"):
        cases.snooze(case_id=case.pk, until=now() - timedelta(days=1), reason="x", by=anna, seen_version=1)
    case = cases.snooze(case_id=case.pk, until=now() + timedelta(days=1), reason="Monday", by=anna, seen_version=1)
    assert case.status == "snoozed"
    assert wake_due() == 0
    Case.objects.update(snoozed_until=now() - timedelta(seconds=1))
    assert wake_due() == 1
    case.refresh_from_db()
    assert (case.status, case.snoozed_until, last().actor) == ("open", None, "system:cases")
    with pytest.raises(NotReady, match="not snoozed"):
        cases.wake(case_id=case.pk, by=anna, seen_version=case.version)


def test_a_snoozed_case_wakes_to_its_assignee_and_still_heals(case, person):
    anna = person("anna")
    cases.claim(case_id=case.pk, by=anna, seen_version=1)
    cases.snooze(case_id=case.pk, until=now() + timedelta(days=1), reason="Monday", by=anna, seen_version=2)
    woken = cases.wake(case_id=case.pk, by=anna, seen_version=3)
    assert (woken.status, woken.assigned_to) == ("assigned", anna)
    cases.snooze(case_id=case.pk, until=now() + timedelta(days=1), reason="Monday", by=anna, seen_version=4)
    cases.heal(code="RATE_TEST", root_cause="r", because="covered", by="system:test")
    case.refresh_from_db()
    assert case.status == "resolved"


def test_what_still_holds_cannot_be_called_mended_but_can_be_overridden(case, person, kinds):
    anna, holds = person("anna"), [True]
    kinds["RATE_TEST"] = replace(kinds["RATE_TEST"], still_holds=lambda root_cause: holds[0])
    with pytest.raises(Denied, match=r"It still holds\. It closes itself when it is mended"):
        cases.resolve(case_id=case.pk, outcome="manual", text="done", by=anna, seen_version=1)
    with pytest.raises(Denied, match="needs a reason"):
        cases.resolve(case_id=case.pk, outcome="override", text="", by=anna, seen_version=1)
    with pytest.raises(Denied, match="mended or overrides"):
        cases.resolve(case_id=case.pk, outcome="auto", text="x", by=anna, seen_version=1)
    case = cases.resolve(case_id=case.pk, outcome="override", text="Agreed", by=anna, seen_version=1)
    assert case.outcome == "override"
    with pytest.raises(Denied, match="already resolved"):
        cases.resolve(case_id=case.pk, outcome="manual", text="x", by=anna, seen_version=2)


def test_retry_rings_once_per_version(case, person, kinds):
    anna = person("anna")
    rung: list[str] = []

    def ring(root_cause):
        rung.append(root_cause)
        return 3

    with pytest.raises(Denied, match="Nothing waits behind"):
        cases.retry(case_id=case.pk, by=anna, seen_version=1)
    kinds["RATE_TEST"] = replace(kinds["RATE_TEST"], retry=ring)
    assert cases.retry(case_id=case.pk, by=anna, seen_version=1) == 3
    with pytest.raises(Stale):  # the same click sent twice
        cases.retry(case_id=case.pk, by=anna, seen_version=1)
    assert (rung, last().data["items"]) == (["r"], 3)


def test_comments_stay_also_when_it_is_resolved(case, person):
    anna = person("anna")
    with pytest.raises(BadInput, match="is empty"):
        cases.comment(case_id=case.pk, by=anna, text="  ")
    cases.comment(case_id=case.pk, by=anna, text=" Asked Kim ")
    cases.heal(code="RATE_TEST", root_cause="r", because="covered", by="system:test")
    cases.comment(case_id=case.pk, by=anna, text="Kim answered")
    assert list(case.comments.order_by("id").values_list("text", flat=True)) == ["Asked Kim", "Kim answered"]


def test_a_move_that_is_not_in_the_table_says_what_is(case, person):
    with pytest.raises(NotReady, match=r"A case that is open cannot become in_progress\. It can become:"):
        cases.start(case_id=case.pk, by=person("anna"), seen_version=1)
