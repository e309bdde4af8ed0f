"""The keyboard on real screens: search, going places, walking rows, help."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.functional.conftest import SignedIn


def current(page: Page) -> str:
    return page.locator("[data-row].is-current .row-link").inner_text()


def test_slash_searches_and_enter_opens_what_was_found(sign_in: SignedIn) -> None:
    page = sign_in("fiona")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("INV-DE01-000001")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("INV-DE01-000001|/invoices/"))
    expect(page.locator("#main")).to_contain_text("INV-DE01-000001")


@pytest.mark.parametrize("username", ["fiona", "paula", "ines"])
def test_every_chord_goes_where_its_menu_item_goes(sign_in: SignedIn, username: str) -> None:
    page = sign_in(username)
    found = page.locator("[data-go]").evaluate_all("links => links.map(one => [one.dataset.go, one.href])")
    chords = dict(found)
    assert len(chords) == len(found), f"two menu items share a key: {found}"
    assert len(chords) >= 8
    for key, address in chords.items():
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(lambda url, address=address: url.startswith(address))


def test_rows_are_walked_and_opened(sign_in: SignedIn) -> None:
    page = sign_in("fiona")
    page.goto("/billing/invoices/")
    names = page.locator("[data-row] .row-link").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert current(page) == names[1]
    page.keyboard.press("k")
    assert current(page) == names[0]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/billing/invoices/\d+/"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(names[0])


def test_home_is_walked_too(sign_in: SignedIn) -> None:
    page = sign_in("fiona")
    page.keyboard.press("j")
    expect(page.locator("[data-row].is-current")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/") or "/billing/" in url or "/exceptions/" in url)


def test_help_lists_the_keys_and_escape_closes_it(sign_in: SignedIn) -> None:
    page = sign_in("paula")
    page.keyboard.press("?")
    expect(page.locator("dialog[open] .shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_a_asks_and_never_decides(sign_in: SignedIn) -> None:
    """`a` opens the question of the next decision; Escape leaves everything as it was."""
    page = sign_in("conrad")
    page.goto("/billing/candidates/?group=ready")
    for address in page.locator("[data-row]").evaluate_all("rows => rows.map(row => row.dataset.href)"):
        page.goto(address)
        if page.locator(".page-head-actions a", has_text="Approve").count():
            break  # and not one that waits for somebody else, whose button asks nothing
    before = page.locator("h1").inner_text()
    page.keyboard.press("a")
    expect(page.locator("dialog[open]")).to_contain_text(re.compile("Approve TL-"))
    page.keyboard.press("Escape")
    page.reload()
    assert page.locator("h1").inner_text() == before


def test_skip_link_comes_first(sign_in: SignedIn) -> None:
    """The first stop of the tabulator jumps over menu and search."""
    page = sign_in("fiona")
    page.goto("/contracts/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
