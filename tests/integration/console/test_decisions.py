"""Decision views: what each outcome looks like with and without htmx."""

import json

import pytest

from integration_hub.trail.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kitchen_addresses")]
HTMX = {"HX-Request": "true"}
DRAWER = {**HTMX, "HX-Target": "drawer-body"}
GOOD = {"version": "3", "reason": "Agreed in amendment 3."}


@pytest.fixture
def hold(client, alice):
    client.force_login(alice)
    return Event.objects.create(
        action="a.b.c", actor="x", actor_kind="person", object_type="kitchen", object_id="1", object_label="H-1"
    )


def url(hold, fail: str = "") -> str:
    return f"/kitchen/release/{hold.pk}/" + (f"?fail={fail}" if fail else "")


def test_get_asks_on_a_page_or_in_the_drawer(client, hold):
    page, part = client.get(url(hold)), client.get(url(hold), headers=DRAWER)
    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()
    for response in (page, part):
        assert "Release H-1" in response.content.decode()
        assert 'name="version" value="3"' in response.content.decode()


def test_done_redirects_with_a_message(client, hold):
    response = client.post(url(hold), GOOD, follow=True)
    assert response.redirect_chain == [("/kitchen/list/", 302)]
    assert "H-1 released." in response.content.decode()


def test_done_in_a_row_answers_with_the_row(client, hold):
    response = client.post(url(hold), {**GOOD, "row": f"event-{hold.pk}"}, headers=DRAWER)
    assert response.status_code == 200
    assert response["HX-Retarget"] == f"#event-{hold.pk}"
    assert response["HX-Reswap"] == "outerHTML"
    assert response.content.decode().strip().startswith(f'<tr role="row" id="event-{hold.pk}"')
    told = json.loads(response["HX-Trigger"])["console:outcome"]
    assert told == {"message": "H-1 released.", "tone": "success", "done": True}


def test_done_on_a_page_with_htmx_redirects_the_browser(client, hold):
    assert client.post(url(hold), GOOD, headers=DRAWER)["HX-Redirect"] == "/kitchen/list/"


@pytest.mark.parametrize(
    ("fail", "status", "words"),
    [
        ("stale", 409, "Someone else changed this"),
        ("not-ready", 409, "The period is closed."),
        ("denied", 403, "someone else must release it"),
        ("bad", 422, "is too vague. Name the contract."),
    ],
)
def test_refusals(client, hold, fail, status, words):
    page = client.post(url(hold, fail), GOOD)
    assert page.status_code == status
    assert words in page.content.decode()
    assert "Nothing was changed." in page.content.decode()
    drawer = client.post(url(hold, fail), {**GOOD, "row": f"event-{hold.pk}"}, headers=DRAWER)
    assert (drawer.status_code, drawer["HX-Retarget"]) == (status, "#drawer-body")
    row = client.post(
        url(hold, fail), {**GOOD, "row": f"event-{hold.pk}"}, headers={**HTMX, "HX-Target": f"event-{hold.pk}"}
    )
    assert (row.status_code, row["HX-Retarget"]) == (status, f"#event-{hold.pk}")
    assert 'class="row-outcome"' in row.content.decode()
    assert json.loads(row["HX-Trigger"])["console:outcome"]["done"] is False


def test_stale_offers_to_look_again_and_no_button_to_force_it(client, hold):
    text = client.post(url(hold, "stale"), GOOD).content.decode()
    assert "Look at it again" in text
    assert 'name="version"' not in text


@pytest.mark.parametrize("version", [None, "", "0", "x"])
def test_missing_version_is_an_error(client, hold, version):
    data = {"reason": "x"} | ({} if version is None else {"version": version})
    response = client.post(url(hold), data)
    assert response.status_code == 422
    assert "Reload the page and try again." in response.content.decode()


def test_missing_reason_is_told_at_the_field(client, hold):
    response = client.post(url(hold), {"version": "3"})
    assert response.status_code == 422
    assert "Say why" in response.content.decode()


def test_other_methods_are_refused(client, hold):
    assert client.delete(url(hold)).status_code == 405
    assert client.post("/help/").status_code == 405


def test_row_id_is_not_trusted(client, hold):
    response = client.post(url(hold), {**GOOD, "row": "x,body"}, headers=DRAWER)
    assert "HX-Retarget" not in response


def test_refused_button_stays_with_its_reason(client, hold):
    Event.objects.create(
        action="a.b.c",
        actor="x",
        actor_kind="person",
        object_type="kitchen",
        object_id="2",
        data={"status": "released"},
    )
    text = client.get("/kitchen/list/").content.decode()
    assert 'aria-disabled="true" aria-description="You raised this hold."' in text
