"""List screens: page and partial, permission and scope, sort, columns, filters, empty states, CSV."""

import csv
import hashlib
import io
from datetime import UTC, datetime

import pytest
from django.template import Context, Template

from integration_hub.console import freshness, menu
from integration_hub.console.export import safe
from integration_hub.console.freshness import Freshness
from integration_hub.console.screens import ListScreen
from integration_hub.kernel.clock import now
from integration_hub.people.models import User
from integration_hub.trail.models import Event
from tests.integration.console import kitchen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kitchen_addresses")]
URL = "/kitchen/list/"
HTMX = {"HX-Request": "true"}


def event(number: int, **more) -> Event:
    values = {"action": "a.b.c", "actor": "x", "actor_kind": "person", "object_type": "kitchen", "object_id": number}
    values |= {"object_label": f"H-{number}", "legal_entity": "US01", "data": {"amount": "-12.5", "currency": "USD"}}
    return Event.objects.create(**{**values, **more})


def exported(client, query: str = "") -> list[list[str]]:
    response = client.get(f"{URL}?format=csv{query}")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_needs_sign_in(client):
    response = client.get(URL)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


def test_expired_session_sends_htmx_to_the_sign_in_page(client):
    response = client.get(URL, headers=HTMX)
    assert response.status_code == 200
    assert response["HX-Redirect"].startswith("/sign-in/")


def test_needs_the_permission_and_says_which(client, charlie):
    client.force_login(charlie)
    response = client.get(URL)
    assert response.status_code == 403
    assert "hub_trail.view_event" in response.content.decode()


def test_refusal_of_an_htmx_request_is_a_banner(client, charlie):
    client.force_login(charlie)
    response = client.get(URL, headers=HTMX)
    assert response.status_code == 403
    assert response["HX-Retarget"] == "#messages"
    assert "<html" not in response.content.decode()


def test_page_and_partial_of_one_address(client, alice):
    event(1)
    client.force_login(alice)
    page, part = client.get(URL), client.get(URL, headers=HTMX)
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()
    assert 'id="list"' in part.content.decode()
    for response in (page, part):
        assert "HX-Request" in response["Vary"]
        assert "Cookie" in response["Vary"]
        assert response["Cache-Control"] == "no-store"
        assert response["X-Request-ID"]


def test_scope_hides_other_legal_entities(client):
    event(1, legal_entity="US01")
    event(2, legal_entity="DE01")
    user = User.objects.create_superuser("dora", "d@example.com", "x", legal_entities=["DE01"])
    client.force_login(user)
    text = client.get(URL).content.decode()
    assert "H-2" in text
    assert "H-1<" not in text


def test_sorted_column_says_so_and_links_to_the_other_direction(client, alice):
    event(1)
    client.force_login(alice)
    text = client.get(f"{URL}?sort=object_label").content.decode()
    assert text.count("aria-sort=") == 1
    assert 'aria-sort="ascending"' in text
    assert "?sort=-object_label" in text


@pytest.mark.parametrize("sort", ["password", "-nothing", "customer", "actor__x"])
def test_unknown_sort_falls_back_to_the_default(client, alice, sort):
    event(1)
    client.force_login(alice)
    text = client.get(URL, {"sort": sort}).content.decode()
    assert 'aria-sort="descending"' in text


def test_pages_follow_the_cursor_and_keep_the_filter(client, alice):
    for number in range(30):
        event(number)
    client.force_login(alice)
    first = client.get(f"{URL}?actor_kind=person")
    table = first.context["table"]
    assert "actor_kind=person" in table.next_url
    second = client.get(URL + table.next_url).context["table"]
    assert len(second.page.rows) == 5
    assert second.previous_url
    assert not second.next_url


def test_columns_are_switched_in_the_address(client, alice):
    event(1)
    client.force_login(alice)
    shown = [column.name for column in client.get(f"{URL}?show=object_id").context["table"].shown]
    assert "object_id" in shown
    assert "customer" not in shown


def test_chips_remove_one_value_each(client, alice):
    event(1)
    client.force_login(alice)
    bar = client.get(f"{URL}?actor_kind=person&actor_kind=system&caused_by_min=3&sort=caused_by").context["bar"]
    assert [(chip.label, chip.value) for chip in bar.chips] == [
        ("Actor", "Person"),
        ("Actor", "System"),
        ("Cause from", "3"),
    ]
    assert "actor_kind=system" in bar.chips[0].url
    assert "actor_kind=person" not in bar.chips[0].url
    assert bar.clear_url == "?sort=caused_by"


def test_days_include_both_ends_and_read_well(client, alice):
    event(1, recorded_at=datetime(2026, 10, 1, 23, 59, tzinfo=UTC))
    event(2, recorded_at=datetime(2026, 10, 2, 0, 0, tzinfo=UTC))
    event(3, recorded_at=datetime(2026, 10, 3, 23, 59, tzinfo=UTC))
    event(4, recorded_at=datetime(2026, 10, 4, 0, 0, tzinfo=UTC))
    client.force_login(alice)
    context = client.get(f"{URL}?recorded_at_after=2026-10-02&recorded_at_before=2026-10-03").context
    assert [row.object_label for row in context["table"].page.rows] == ["H-3", "H-2"]
    assert context["bar"].sentence == "Recorded from: 2026-10-02, Recorded until: 2026-10-03"


def test_wrong_filter_shows_no_rows_and_says_why(client, alice):
    event(1)
    client.force_login(alice)
    text = client.get(f"{URL}?caused_by_min=abc").content.decode()
    assert "Filter not applied." in text
    assert "H-1" not in text


def test_the_kinds_of_nothing(client, alice, monkeypatch):
    client.force_login(alice)
    assert "Nothing is held" in client.get(URL).content.decode()
    assert "Nothing matches these filters" in client.get(f"{URL}?action=zzz").content.decode()
    late = {"kitchen-late": lambda user: [Freshness("NetSuite", now(), late=True)]}
    monkeypatch.setattr(freshness.FRESHNESS, "_entries", late)
    text = client.get(URL).content.decode()
    assert "Nothing is held" not in text
    assert "NetSuite is late" in text


def test_csv_has_heading_rows_and_digest_and_is_in_the_trail(client, alice):
    event(1)
    event(2)
    client.force_login(alice)
    rows = exported(client, "&actor_kind=person")
    assert rows[0][0].startswith("# Holds · filters: Actor: Person · order: -recorded_at · time zone: UTC · as of 20")
    assert rows[1][:4] == ["Hold", "Customer", "Held", "Held currency"]
    assert [row[0] for row in rows[2:-1]] == ["H-2", "H-1"]
    body = io.StringIO()
    csv.writer(body).writerows(rows[2:-1])
    assert rows[-1][0].endswith(hashlib.sha256(body.getvalue().encode()).hexdigest())
    recorded = Event.objects.get(action="console.list.exported")
    assert recorded.actor == "alice"
    assert recorded.data["filters"] == "Actor: Person"


def test_csv_keeps_negative_numbers_and_disarms_formulas(client, alice):
    event(1, object_label="=HYPERLINK(1)")
    client.force_login(alice)
    row = exported(client)[2]
    assert row[0] == "'=HYPERLINK(1)"
    assert row[2:4] == ["-12.5", "USD"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@a", "\tx", "\rx", "-1+cmd|' /C calc'!A0", "＝1"])
def test_formulas_are_disarmed(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-1", "-12.50", "7", "Smith-Jones", "a=b", ""])
def test_numbers_and_words_are_left_alone(text):
    assert safe(text) == text


def test_what_is_missing_is_empty():
    assert safe(None) == ""


@pytest.mark.parametrize("missing", ["permission", "scope"])
def test_a_screen_must_state_permission_and_scope(missing):
    stated = {name: None for name in ("permission", "scope") if name != missing}
    with pytest.raises(TypeError, match=missing):
        type("Forgetful", (ListScreen,), stated)


def test_two_tables_on_one_page_keep_apart(rf, alice):
    event(1)
    request = rf.get("/x/?lines-sort=object_label&sort=caused_by&after=abc")
    request.user = alice
    lines = kitchen.EventTable(Event.objects.all(), request, name="lines")
    assert lines.order == "object_label"
    text = Template("{{ table }}").render(Context({"table": lines}))
    assert '<div class="table-box" id="lines-table">' in text
    assert 'id="lines-event-' in text
    assert "?sort=caused_by&amp;after=abc&amp;lines-sort=-object_label" in text


def test_list_needs_few_queries(client, alice, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(menu.MENU, "_entries", {})  # what the menu counts is each room's own budget
    monkeypatch.setattr(freshness.FRESHNESS, "_entries", {})
    for number in range(60):
        event(number)
    client.force_login(alice)
    client.get(URL)
    with django_assert_max_num_queries(3):  # session, user, rows
        client.get(URL)
