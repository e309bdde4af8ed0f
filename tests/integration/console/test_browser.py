"""The keyboard and the drawer in a real browser. Skipped where there is no Chromium."""

import os
from pathlib import Path

import pytest

from integration_hub.trail.models import Event

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("kitchen_addresses"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium"),
]
QUIET = ":not(.htmx-request):not(.htmx-swapping):not(.htmx-settling)"


@pytest.fixture
def page(live_server, alice, client):
    """The list with five holds, Alice signed in; any error on the console fails the test.

    Tests reach the database through the page only: the browser's event loop would open a connection of its own.
    """
    for number in range(5):
        Event.objects.create(
            action="a.b.c",
            actor="x",
            actor_kind="person",
            object_type="kitchen",
            object_id=number,
            object_label=f"H-{number}",
        )
    client.force_login(alice)
    complaints: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        frame = browser.new_context(viewport={"width": 1280, "height": 860})
        frame.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = frame.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None
        )
        page.goto(live_server.url + "/kitchen/list/")
        yield page
        browser.close()
    assert complaints == []


def current(page) -> str:
    return str(page.locator("[data-row].is-current .row-link").inner_text())


def test_rows_are_walked_ticked_and_opened_by_keys(page):
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert current(page) == "H-3"
    page.keyboard.press("k")
    assert current(page) == "H-4"
    page.keyboard.press("x")
    assert page.locator("[data-bulk-count]").inner_text() == "1 ticked"
    page.keyboard.press("Enter")
    page.wait_for_url("**/kitchen/detail/**")


def test_a_asks_and_never_acts_then_focus_moves_on(page):
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector("dialog[open] textarea:focus")
    page.keyboard.type("jjx agreed")  # letters are text here
    page.locator("dialog button", has_text="Release").click()
    page.wait_for_selector("dialog:not([open])", state="attached")
    page.wait_for_selector("#toast:text-is('H-4 released.')")
    page.wait_for_selector(".row-link:focus:text-is('H-3')")


def test_refusal_stays_in_the_drawer(page):
    page.locator("[data-key=a]").first.click()
    page.locator("dialog textarea").fill("stale")
    page.locator("dialog button", has_text="Release").click()
    page.wait_for_selector("dialog[open] .banner-warning")
    assert "Look at it again" in page.locator("dialog").inner_text()
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog:not([open])", state="attached")


def test_sorting_swaps_the_list_and_changes_the_address(page):
    page.locator("#sort-object_label").click()
    page.wait_for_url("**sort=object_label**")
    page.wait_for_selector(f"#list{QUIET} th[aria-sort=ascending]")
    assert page.locator("[data-row] .row-link").first.inner_text() == "H-0"
    page.locator("[data-tick-all]").check()
    assert page.locator("[data-bulk-count]").inner_text() == "5 ticked"


def test_filter_keeps_empty_parameters_out_of_the_address(page):
    page.locator("#list-filters").click()
    page.locator("[name=action]").fill("zzz")
    page.locator(".filter-form button", has_text="Apply").click()
    page.wait_for_selector("text=Nothing matches these filters")
    assert page.url.endswith("?action=zzz")


def test_search_help_and_go(page):
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("dialog[open] .shortcuts")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(lambda url: url.endswith("/"))


def test_keys_can_be_switched_off(page):
    start = page.url
    page.goto(start.replace("/kitchen/list/", "/preferences/"))
    page.locator("[name=keyboard_shortcuts]").uncheck()
    page.locator("button", has_text="Save").click()
    page.wait_for_selector("text=Preferences saved.")
    page.goto(start)
    page.keyboard.press("j")
    assert page.locator(".is-current").count() == 0


def test_a_failing_server_is_told(page):
    page.route("**/kitchen/list/?sort=*", lambda route: route.fulfill(status=500, body="x"))
    page.locator("#sort-object_label").click()
    page.wait_for_selector("#server-error:not([hidden])")


def test_theme_follows_the_system(page):
    page.emulate_media(color_scheme="dark")
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 21, 26)"
    page.emulate_media(color_scheme="light")
    sync_api.expect(page.locator("body")).to_have_css("background-color", "rgb(243, 245, 247)")
