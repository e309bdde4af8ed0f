"""The core of the work in a browser that runs no script: links, forms, confirm pages, redirects."""

import re

from playwright.sync_api import Page, expect

from tests.functional.conftest import SignedIn

CONTRACT = "00000014"


def success(page: Page) -> None:
    expect(page.locator("#messages .banner-success")).to_be_visible()


def test_hold_is_placed_and_released(sign_in: SignedIn) -> None:
    """PMO places it on the page of its own; finance finds it in the list and releases it on the confirm page."""
    paula, conrad = sign_in("paula", java_script_enabled=False), sign_in("conrad", java_script_enabled=False)
    paula.goto("/billing/holds/place/")
    paula.locator("[name=scope]").select_option("contract")
    paula.locator("[name=target]").fill(CONTRACT)
    paula.locator("[name=code]").select_option("SCOPE_DISPUTE")
    paula.get_by_role("button", name="Place the hold").click()
    expect(paula.locator("#main")).to_contain_text("Say why, so that the person who releases it can judge.")
    paula.locator("[name=reason]").fill("Scope of the pilot line is disputed.")
    paula.get_by_role("button", name="Place the hold").click()
    success(paula)
    hold = paula.url

    conrad.get_by_role("link", name="Holds", exact=False).first.click()
    conrad.wait_for_url("**/billing/holds/**")
    conrad.locator("[data-row]", has_text=CONTRACT).get_by_role("link", name="Release").click()
    expect(conrad.get_by_role("heading", level=1)).to_contain_text("Release the hold")
    conrad.get_by_role("button", name="Release").click()
    success(conrad)
    assert conrad.url == hold
    expect(conrad.get_by_role("heading", level=1)).to_contain_text("Released")


def test_lists_are_filtered_sorted_and_paged_by_links(sign_in: SignedIn) -> None:
    page = sign_in("fiona", java_script_enabled=False)
    page.goto("/billing/work/")
    first = page.locator("[data-row]").first.inner_text()
    page.locator(".paging").get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile("after="))
    assert page.locator("[data-row]").first.inner_text() != first
    page.goto("/billing/invoices/")
    page.locator("th a.sort", has_text="Gross").click()
    page.wait_for_url(re.compile("sort=gross"))
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Gross")


def test_theme_is_chosen_by_a_form(sign_in: SignedIn) -> None:
    page = sign_in("conrad", java_script_enabled=False)
    for theme in ("dark", "system"):
        page.goto("/preferences/")
        page.locator(f"#main [name=theme][value={theme}]").check()
        page.get_by_role("button", name="Save").click()
        expect(page.locator("html")).to_have_attribute("data-theme", theme)


def test_trace_and_search_answer(sign_in: SignedIn) -> None:
    page = sign_in("aude", java_script_enabled=False)
    page.goto("/trace/")
    page.locator("#trace-q").fill("INV-DE01-000001")
    page.locator("#main").get_by_role("button", name="Trace").click()
    page.locator("#main").get_by_role("link", name="INV-DE01-000001").first.click()
    expect(page.locator(".lineage-list")).to_contain_text("Came from")


def test_shortcuts_and_help_are_a_page(sign_in: SignedIn) -> None:
    page = sign_in("paula", java_script_enabled=False)
    page.locator("[data-help]").click()
    page.wait_for_url("**/help/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
