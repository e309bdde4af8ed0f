"""The screens of the exceptions: the queue, one case, its decisions, bulk decisions on a frozen selection."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.html import format_html

from integration_hub.cases import panels, queries
from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import MemberIn
from integration_hub.cases.fixes import FIXES
from integration_hub.cases.models import Case
from integration_hub.console.models import Selection
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Money
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import screens

pytestmark = screens.SCREENS


@pytest.fixture
def raised(kinds):
    """`raised("roles", "US01", 100)` raises a case that holds up this much."""

    def make(root, entity="US01", amount=None, currency="USD", code="RATE_TEST"):
        held = Decimal(amount) if amount is not None else None
        return cases.raise_case(
            code=code,
            root_cause=root,
            title=f"No price for {root}",
            detail="Two rates overlap.",
            remedy="Add the rate.",
            legal_entity=entity,
            subject=("billing.thing", 1, "thing 1"),
            members=[MemberIn("billing.event", f"{root}-1", f"work of {root}", held, currency if held else "")],
            by="system:test",
        )

    return make


@pytest.fixture
def paula(db):
    return screens.user(Role.PMO, "paula", entities=("US01",))


def at(case, verb):
    return f"/exceptions/{case.pk}/{verb}/"


# The queue ----------------------------------------------------------------------------------------------------------


def test_queue_puts_money_times_severity_times_age_first(raised, paula):
    raised("small", amount=10)
    raised("large", amount=1000)
    raised("none")
    old = raised("old", amount=300)
    Case.objects.filter(pk=old.pk).update(first_seen_at=now() - timedelta(days=9))
    body = screens.assert_list(screens.browser(paula), "/exceptions/")
    shown = [body.index(f"No price for {root}") for root in ("old", "large", "small", "none")]
    assert shown == sorted(shown)
    assert "1,000.00" in body


def test_money_is_shown_per_currency_and_never_added_up(raised, paula):
    case = raised("mixed", amount=10)
    cases.raise_case(
        code="RATE_TEST",
        root_cause="mixed",
        title=case.title,
        legal_entity="US01",
        members=[MemberIn("billing.event", "eur", "euros", Decimal(7), "EUR")],
        by="system:test",
    )
    body = screens.page(screens.browser(paula), "/exceptions/")
    assert "10.00" in body
    assert "7.00" in body
    assert "17.00" not in body
    file = screens.text(screens.browser(paula).get("/exceptions/?format=csv"))
    assert "7.00 EUR; 10.00 USD" in file


def test_queue_is_split_by_who_has_it(raised, paula):
    mine, waits, done = raised("mine"), raised("waits"), raised("done")
    raised("foreign", code="CAP_TEST")
    cases.claim(case_id=mine.pk, by=paula, seen_version=1)
    cases.wait(case_id=waits.pk, by=paula, seen_version=1)
    cases.resolve(case_id=done.pk, outcome="override", text="Accepted.", by=paula, seen_version=1)
    client = screens.browser(paula)
    expected = {"mine": {"mine"}, "role": {"mine", "foreign"}, "waiting": {"waits"}, "done": {"done"}}
    for view, roots in expected.items():
        body = screens.page(client, f"/exceptions/?view={view}")
        found = {root for root in ("mine", "waits", "done", "foreign") if f"No price for {root}" in body}
        assert found == roots, view
    assert queries.counts_by_view(paula) == {"mine": 1, "role": 2, "all": 3, "waiting": 1}
    assert "Accepted." in screens.page(client, "/exceptions/?view=done")


def test_filters_narrow_the_queue(raised, paula):
    raised("cheap", amount=1)
    late = raised("late", code="CAP_TEST")
    Case.objects.filter(pk=late.pk).update(due_at=now() - timedelta(hours=1))
    client = screens.browser(paula)
    assert "No price for cheap" not in screens.page(client, "/exceptions/?overdue=true")
    assert "No price for late" in screens.page(client, "/exceptions/?overdue=true")
    assert "No price for late" not in screens.page(client, "/exceptions/?overdue=false")
    assert "No price for late" not in screens.page(client, "/exceptions/?severity=2")
    assert "Nothing matches" in screens.page(client, "/exceptions/?legal_entity=XX")


def test_empty_parts_of_the_queue_say_which_emptiness_it_is(paula):
    client = screens.browser(paula)
    assert "No exception waits here" in screens.page(client, "/exceptions/")
    assert "You have taken no exception" in screens.page(client, "/exceptions/?view=mine")
    assert "Nothing has been resolved yet" in screens.page(client, "/exceptions/?view=done")


def test_cases_of_other_legal_entities_do_not_exist(raised, paula):
    other = raised("other", entity="DE01")
    client = screens.browser(paula)
    assert "No price for other" not in screens.page(client, "/exceptions/")
    screens.page(client, f"/exceptions/{other.pk}/", status=404)
    screens.page(client, at(other, "resolve"), status=404)


def test_the_queue_needs_its_right(raised):
    case = raised("one")
    screens.assert_needs_right("/exceptions/")
    screens.assert_needs_right(f"/exceptions/{case.pk}/")


# One case -----------------------------------------------------------------------------------------------------------


def test_a_case_says_what_why_and_what_to_do(raised, paula, monkeypatch):
    case = raised("roles", amount=250)
    monkeypatch.setitem(FIXES._entries, "RATE_TEST", lambda case, request: format_html("<p>fix of {}</p>", case.pk))
    body = screens.page(screens.browser(paula), f"/exceptions/{case.pk}/")
    for said in (
        "No price for roles",
        "Two rates overlap.",
        "Add the rate.",
        "work of roles",
        "250.00",
        "it is mended",
    ):
        assert said in body, said
    assert f"<p>fix of {case.pk}</p>" in body


def test_a_resolved_case_offers_nothing_to_decide(raised, paula, monkeypatch):
    case = raised("roles")
    monkeypatch.setitem(FIXES._entries, "RATE_TEST", lambda case, request: format_html("<p>{}</p>", "the fix"))
    cases.resolve(case_id=case.pk, outcome="override", text="So be it.", by=paula, seen_version=1)
    body = screens.page(screens.browser(paula), f"/exceptions/{case.pk}/")
    assert "So be it." in body
    assert "Take it" not in body
    assert "the fix" not in body


def test_members_are_paged(raised, paula):
    case = raised("many", amount=1)
    members = [MemberIn("billing.event", f"m{n}", f"member {n:03}", Decimal(n), "USD") for n in range(40)]
    cases.set_members(
        code="RATE_TEST", root_cause="many", members=members, title="many", legal_entity="US01", by="system:test"
    )
    client = screens.browser(paula)
    first = screens.page(client, f"/exceptions/{case.pk}/")
    assert "member 039" in first
    assert "member 001" not in first
    assert "members-after=" in first


DECISIONS = {
    "claim": ({}, "assigned"),
    "start": ({}, "in_progress"),
    "wait": ({"reason": "Asked the client."}, "waiting"),
    "snooze": ({"reason": "Next week.", "until": "2099-01-01"}, "snoozed"),
    "resolve": ({"outcome": "override", "text": "Accepted."}, "resolved"),
}


@pytest.mark.parametrize("verb", DECISIONS)
def test_a_decision_asks_first_and_then_acts(raised, paula, verb):
    case = cases.claim(case_id=raised("one").pk, by=paula, seen_version=1) if verb == "start" else raised("one")
    client = screens.browser(paula)
    assert "<form" in screens.page(client, at(case, verb))
    data, status = DECISIONS[verb]
    answer = client.post(at(case, verb), {"version": case.version, **data})
    assert answer.status_code == 302
    case.refresh_from_db()
    assert case.status == status
    assert Event.objects.filter(object_type="case", object_id=str(case.pk), actor="paula").exists()


@pytest.mark.parametrize("verb", DECISIONS)
def test_a_decision_without_the_version_seen_is_refused(raised, paula, verb):
    case = raised("one")
    answer = screens.browser(paula).post(at(case, verb), DECISIONS[verb][0])
    assert answer.status_code == 422
    case.refresh_from_db()
    assert (case.status, case.version) == ("open", 1)


@pytest.mark.parametrize("verb", ["claim", "wait", "snooze", "resolve"])
def test_a_decision_on_an_old_copy_is_refused(raised, paula, verb):
    case = raised("one")
    Case.objects.filter(pk=case.pk).update(version=5)
    answer = screens.browser(paula).post(at(case, verb), {"version": 1, **DECISIONS[verb][0]})
    assert answer.status_code == 409
    assert "Someone else changed this" in screens.text(answer)
    case.refresh_from_db()
    assert case.status == "open"


def test_whoever_may_not_handle_cases_is_told_so(raised):
    case = raised("one")
    aude = screens.user(Role.AUDITOR, "aude")
    client = screens.browser(aude)
    assert "Your role does not handle exceptions." in screens.page(client, f"/exceptions/{case.pk}/")
    answer = client.post(at(case, "resolve"), {"version": 1, "outcome": "override", "text": "x"})
    assert answer.status_code == 403
    assert client.post(at(case, "comment"), {"text": "hello"}).status_code == 403


def test_what_still_holds_cannot_be_called_mended(raised, paula, kinds):
    from dataclasses import replace

    kinds["RATE_TEST"] = replace(kinds["RATE_TEST"], still_holds=lambda root: True)
    case = raised("one")
    answer = screens.browser(paula).post(at(case, "resolve"), {"version": 1, "outcome": "manual", "text": "Done."})
    assert answer.status_code == 403
    assert "It still holds." in screens.text(answer)


def test_snoozing_into_the_past_is_named_at_the_field(raised, paula):
    answer = screens.browser(paula).post(
        at(raised("one"), "snooze"), {"version": 1, "until": "2001-01-01", "reason": "x"}
    )
    assert answer.status_code == 422
    assert "lies in the past" in screens.text(answer)


def test_assigning_to_somebody_who_may_not_is_refused(raised, paula):
    case, derek = raised("one"), screens.user(Role.PMO, "derek", entities=("DE01",))
    answer = screens.browser(paula).post(at(case, "assign"), {"version": 1, "to": derek.pk})
    assert answer.status_code == 403
    assert "does not work for this legal entity" in screens.text(answer)
    ann = screens.user(Role.PMO, "ann", entities=("US01",))
    assert screens.browser(paula).post(at(case, "assign"), {"version": 1, "to": ann.pk}).status_code == 302


def test_taking_a_case_in_its_row_answers_with_the_row(raised, paula):
    case = raised("one")
    answer = screens.browser(paula).post(
        at(case, "claim"), {"version": 1, "row": f"case-{case.pk}"}, headers=screens.HTMX
    )
    assert answer.status_code == 200
    assert answer["HX-Retarget"] == f"#case-{case.pk}"
    assert screens.text(answer).lstrip().startswith("<tr")


def test_retry_is_offered_where_something_waits(raised, paula, kinds):
    from dataclasses import replace

    case = raised("one")
    assert "Try again" not in screens.page(screens.browser(paula), f"/exceptions/{case.pk}/")
    kinds["RATE_TEST"] = replace(kinds["RATE_TEST"], retry=lambda root: 3)
    assert "Try again" in screens.page(screens.browser(paula), f"/exceptions/{case.pk}/")
    answer = screens.browser(paula).post(at(case, "retry"), {"version": 1}, follow=True)
    assert "3 put back to work." in screens.text(answer)


def test_comments_are_kept(raised, paula):
    case, client = raised("one"), screens.browser(paula)
    assert client.post(at(case, "comment"), {"text": "Called them."}).status_code == 302
    assert "Called them." in screens.page(client, f"/exceptions/{case.pk}/")
    assert client.post(at(case, "comment"), {"text": " "}).status_code == 422
    assert client.get(at(case, "comment")).status_code == 405


# Bulk ---------------------------------------------------------------------------------------------------------------


def freeze(client, verb, *selected, query=""):
    answer = client.post(f"/exceptions/bulk/{verb}/{query}", {"selected": selected})
    assert answer.status_code == 302
    return answer["Location"]


def test_bulk_shows_count_money_and_refusals_before_it_acts(raised, paula):
    one, two, stale = raised("one", amount=100), raised("two", amount=50, currency="EUR"), raised("stale", amount=9)
    client = screens.browser(paula)
    url = freeze(client, "claim", f"{one.pk}:1", f"{two.pk}:1", f"{stale.pk}:7")
    body = screens.page(client, url)
    assert "100.00" in body
    assert "50.00" in body
    assert "Someone else changed this" in body
    assert Case.objects.filter(assigned_to=paula).count() == 0
    done = client.post(url)
    assert "2 of 3 done" in screens.text(done)
    assert set(Case.objects.filter(assigned_to=paula)) == {one, two}


def test_bulk_acts_on_what_was_frozen_and_not_on_what_came_later(raised, paula):
    raised("before", amount=1)
    client = screens.browser(paula)
    url = freeze(client, "claim", query="?view=all&all=1")
    later = raised("later", amount=5)
    client.post(url)
    later.refresh_from_db()
    assert later.assigned_to is None
    assert Case.objects.filter(assigned_to=paula).count() == 1


def test_all_that_match_follows_the_filter(raised, paula):
    raised("two", amount=1)
    raised("one", amount=1, code="CAP_TEST")
    freeze(screens.browser(paula), "claim", query="?severity=1&all=1")
    (selection,) = Selection.objects.all()
    assert [Case.objects.get(pk=key).code for key, _ in selection.rows] == ["CAP_TEST"]


def test_a_row_that_changes_between_the_question_and_the_act_is_refused(raised, paula):
    one, two = raised("one"), raised("two")
    client = screens.browser(paula)
    url = freeze(client, "claim", f"{one.pk}:1", f"{two.pk}:1")
    Case.objects.filter(pk=two.pk).update(version=2)
    body = screens.text(client.post(url))
    assert "1 of 2 done" in body
    assert "Someone else changed this" in body


def test_a_selection_is_decided_once_and_by_its_owner(raised, paula):
    one = raised("one")
    client = screens.browser(paula)
    url = freeze(client, "snooze", f"{one.pk}:1")
    other = screens.browser(screens.user(Role.PMO, "ann", entities=("US01",)))
    assert other.get(url).status_code == 404
    data = {"until": "2099-01-01", "reason": "Holiday."}
    assert client.post(url, {"until": "", "reason": ""}).status_code == 422
    assert client.post(url, data).status_code == 200
    again = client.post(url, data)
    assert again.status_code == 409
    one.refresh_from_db()
    assert (one.status, one.version) == ("snoozed", 2)


def test_bulk_assign_refuses_row_by_row(raised, paula):
    one, ann = raised("one"), screens.user(Role.PMO, "ann", entities=("DE01",))
    client = screens.browser(paula)
    body = screens.text(client.post(freeze(client, "assign", f"{one.pk}:1"), {"to": ann.pk}))
    assert "0 of 1 done" in body
    assert "does not work for this legal entity" in body


def test_bulk_without_rows_or_with_an_unknown_verb(paula):
    client = screens.browser(paula)
    assert client.post("/exceptions/bulk/claim/")["Location"] == "/exceptions/"
    assert client.post("/exceptions/bulk/erase/", {"selected": "1:1"}).status_code == 404


# Home ---------------------------------------------------------------------------------------------------------------


def test_home_shows_the_cases_of_my_role_by_money(raised, paula):
    raised("small", amount=1)
    raised("large", amount=90)
    waiting = panels.of_my_role(paula)
    assert (waiting.count, waiting.money) == (2, [Money(Decimal(91), "USD")])
    assert [row.title for row in waiting.rows] == ["No price for large", "No price for small"]
    assert panels.mine(paula).count == 0
    assert panels.waiting_count(paula) == 2
    assert "Exceptions of my role" in screens.page(screens.browser(paula), "/")
