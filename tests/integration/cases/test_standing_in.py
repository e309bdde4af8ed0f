"""Standing in for the owner of an exception for a while: who may, what it brings, and that the history keeps it."""

from datetime import timedelta

import pytest

from integration_hub.cases import queries
from integration_hub.cases.actions import cases, standing_in
from integration_hub.cases.models import Case
from integration_hub.console import timeline
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.notices import audience
from integration_hub.notices.models import Kind
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.trail.queries import timeline_of
from tests import factories, screens

pytestmark = screens.SCREENS
UNTIL = timedelta(days=5)


@pytest.fixture
def anna(db):
    return factories.user(Role.PMO, name="anna")


@pytest.fixture
def bert(db):
    return factories.user(Role.PMO, name="bert")


@pytest.fixture
def case(anna):
    made = cases.raise_case(code="RATE_TEST", root_cause="r", title="No price", legal_entity="US01", by="system:test")
    return cases.claim(case_id=made.pk, by=anna, seen_version=made.version)


def lend(case, by, to, until=UNTIL, reason="Away", version=None):
    return standing_in.delegate(
        case_id=case.pk, to=to, until=now() + until, reason=reason, by=by, seen_version=version or case.version
    )


def mine(user):
    return list(Case.objects.filter(queries.view_condition("mine", user)))


def test_the_owner_lets_somebody_stand_in_and_what_he_does_is_kept_as_done_for_the_owner(case, anna, bert):
    case = lend(case, anna, bert)
    assert (case.assigned_to, case.delegate, case.status) == (anna, bert, "assigned")
    assert (mine(anna), mine(bert)) == ([case], [case])
    case = cases.start(case_id=case.pk, by=bert, seen_version=case.version)
    cases.comment(case_id=case.pk, text="Asked for it", by=bert)
    case = cases.resolve(case_id=case.pk, outcome="manual", text="Rate added", by=bert, seen_version=case.version)
    for_whom = {event.action.rpartition(".")[2]: event.data.get("stands_in_for") for event in Event.objects.all()}
    assert for_whom == {
        "raised": None, "assigned": None, "delegated": None, "started": "anna", "commented": "anna", "resolved": "anna",
    }  # fmt: skip
    assert timeline.sentences(timeline_of("case", case.pk, limit=1)) == ["bert resolved it, for anna"]
    assert (case.delegate, case.delegate_until) == (None, None)


def test_it_ends_by_time_by_either_of_them_and_with_the_owner(case, anna, bert):
    case = lend(case, anna, bert)
    Case.objects.filter(pk=case.pk).update(delegate_until=now() - timedelta(seconds=1))
    case = cases.start(case_id=case.pk, by=bert, seen_version=case.version)
    assert ("stands_in_for" in Event.objects.latest("id").data, mine(bert)) == (False, [])
    case = lend(case, anna, bert)
    case = standing_in.take_back(case_id=case.pk, by=bert, seen_version=case.version)
    assert case.delegate is None
    case = lend(case, anna, bert)
    case = cases.assign(case_id=case.pk, to=bert, by=anna, seen_version=case.version)
    assert (case.assigned_to, case.delegate) == (bert, None)


def test_only_the_owner_lends_and_only_to_who_handles_exceptions_here(case, anna, bert):
    with pytest.raises(Denied, match="Only its owner"):
        lend(case, bert, anna)
    with pytest.raises(Denied, match="stand in for yourself"):
        lend(case, anna, anna)
    with pytest.raises(Denied, match="does not handle exceptions"):
        lend(case, anna, factories.user(Role.AUDITOR))
    with pytest.raises(Denied, match="does not work for this legal entity"):
        lend(case, anna, factories.user(Role.PMO, entities=("GB01",)))
    with pytest.raises(BadInput, match="more than 30 days away"):
        lend(case, anna, bert, timedelta(days=31))
    with pytest.raises(BadInput, match=r"lies in the past(.|\n)*is empty"):
        lend(case, anna, bert, -UNTIL, " ")
    with pytest.raises(Stale):
        lend(case, anna, bert, version=case.version - 1)
    with pytest.raises(Denied, match="Nobody stands in"):
        standing_in.take_back(case_id=case.pk, by=anna, seen_version=case.version)


def test_who_stands_in_is_told_of_it_and_of_its_deadline(case, anna, bert):
    case = lend(case, anna, bert)
    readers = audience.Readers([anna, bert])
    told = audience.audience(Event.objects.latest("id"), case, readers, {})
    assert told == {bert.pk: Kind.ASSIGNED}
    near = Event(action="cases.case.near", recorded_at=now(), data={}, actor="system:notices")
    assert audience.audience(near, case, readers, {}) == {anna.pk: Kind.NEAR, bert.pk: Kind.NEAR}


def test_it_is_done_on_its_page_and_by_program(case, anna, bert, client):
    browser, url = screens.browser(anna), f"/exceptions/{case.pk}/"
    assert "Delegate" in screens.page(browser, url)
    screens.page(browser, f"{url}delegate/")
    until = (now() + UNTIL).date().isoformat()
    asked = {"version": case.version, "to": bert.pk, "until": until, "reason": "Away"}
    assert browser.post(f"{url}delegate/", asked).status_code == 302
    body = screens.page(browser, url)
    assert "Stands in" in body
    assert "bert" in body
    case.refresh_from_db()
    screens.page(browser, f"{url}take-back/")
    assert browser.post(f"{url}take-back/", {"version": case.version}).status_code == 302
    auth = {"headers": {"Authorization": f"Bearer {factories.token(anna)}"}, "content_type": "application/json"}
    case.refresh_from_db()
    said = {"version": case.version, "to": "bert", "until": f"{until}T00:00:00Z", "reason": "Away"}
    answer = client.post(f"/api/v1/cases/{case.pk}/delegate/", said, **auth).json()
    assert (answer["assigned_to"], answer["delegate"]) == ("anna", "bert")
    answer = client.post(f"/api/v1/cases/{case.pk}/take_back/", {"version": answer["version"]}, **auth).json()
    assert answer["delegate"] is None
