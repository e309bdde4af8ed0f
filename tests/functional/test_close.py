"""A month on its way to being closed: what stands in the way, what is accepted, and why it cannot be signed yet."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.functional import steps
from tests.functional.conftest import SignedIn

REASON = "Agreed with the client for next month."


def test_a_controller_sees_what_stands_in_the_way_and_accepts_part_of_it(sign_in: SignedIn) -> None:
    """What may stand is accepted with a reason; what would make the figures untrue keeps the period open."""
    conrad, paula = sign_in("conrad"), sign_in("paula")
    address = open_may(conrad)
    before = stands(conrad)
    title = accept_one(conrad)
    assert stands(conrad) == before - 1
    expect(row(conrad, title)).to_contain_text(REASON)
    expect(row(conrad, "Systems agree item by item")).to_contain_text("To do")
    expect(row(conrad, "Systems agree item by item").get_by_text("Accept…")).to_have_count(0)
    only_looks(paula, address, title)
    take_back(conrad, title)
    assert stands(conrad) == before


def open_may(page: Page) -> str:
    """The close of May; its address."""
    page.goto("/closes/")
    steps.action(page, "Open a close…").click()
    drawer = page.locator("dialog[open]")
    steps.fill(drawer, "legal_entity", "US01")
    steps.fill(drawer, "month", "2026-05-15")
    drawer.get_by_role("button", name="Open it").click()
    page.wait_for_url(re.compile(r"/closes/\d+/"))
    expect(page.locator("h1")).to_contain_text("Close of US01, 2026-05")
    return page.url


def stands(page: Page) -> int:
    """How many checks the disabled button names."""
    expect(steps.action(page, "Sign…")).to_have_attribute("aria-disabled", "true")
    reason = page.locator(".page-head-actions .action-reason").inner_text()
    return int(re.findall(r"(\d+) checks? stands?", reason)[0])


def row(page: Page, title: str) -> Locator:
    """One line of the checklist."""
    return page.locator("#main tbody tr", has=page.get_by_role("rowheader", name=title))


def accept_one(page: Page) -> str:
    """The first check that may be accepted, accepted in the drawer; its title."""
    first = page.locator("#main tbody tr", has_text="Accept…").first
    title = first.get_by_role("rowheader").locator("a").inner_text()
    first.get_by_text("Accept…").click()
    drawer = page.locator("dialog[open]")
    steps.fill(drawer, "reason", REASON)
    drawer.get_by_role("button", name="Accept", exact=True).click()
    expect(page.locator("#messages .banner-success")).to_be_visible()
    expect(row(page, title)).to_contain_text("Accepted")
    return title


def only_looks(page: Page, address: str, title: str) -> None:
    """Whoever may not close sees the same, and is offered nothing."""
    page.goto(address)
    expect(row(page, title)).to_contain_text(REASON)
    expect(page.locator("#main").get_by_text("Take back…")).to_have_count(0)
    expect(page.locator(".page-head-actions .action-reason")).to_be_visible()


def take_back(page: Page, title: str) -> None:
    """It stands in the way again."""
    row(page, title).get_by_text("Take back…").click()
    page.locator("dialog[open]").get_by_role("button", name="Take back", exact=True).click()
    expect(page.locator("#messages .banner-success")).to_be_visible()
    expect(row(page, title)).to_contain_text("To do")
