"""Two people, two clicks, one outcome: a decision holds for what was seen and takes effect once."""

import re

from playwright.sync_api import Page, expect

from tests.functional import steps
from tests.functional.conftest import SignedIn
from tests.functional.stack import Stack

SHARED = "00000003"
"""Pinecrest Claims Modernisation: ready to approve by two people after two months."""
DOUBLE = "00000018"
"""Tidewater Yard Management Roll-out: ready to approve."""


def open_candidate(page: Page, contract: str, group: str = "ready") -> str:
    page.goto(f"/billing/candidates/?group={group}")
    page.locator("[data-row]", has_text=contract).locator(".row-link").click()
    page.wait_for_url(re.compile(r"/billing/candidates/\d+/"))
    return page.url


def test_second_approver_with_an_old_page_is_told_what_moved(sign_in: SignedIn) -> None:
    """Both have the question open; one approves; the other learns it, changes nothing, and may decide again."""
    fiona, conrad = sign_in("fiona"), sign_in("conrad")
    address = open_candidate(fiona, SHARED)
    conrad.goto(address)
    drawers = []
    for page in (fiona, conrad):
        steps.action(page, "Approve").click()
        drawers.append(page.locator("dialog[open]"))
        expect(drawers[-1]).to_contain_text("Approve TL-")
    drawers[0].get_by_role("button", name="Approve").click()
    expect(fiona.locator("#messages .banner-success")).to_be_visible()

    with conrad.expect_response(lambda got: got.url.endswith("/approve/") or "/approve/?" in got.url) as answered:
        drawers[1].get_by_role("button", name="Approve").click()
    assert answered.value.status == 409
    expect(drawers[1]).to_contain_text("Nothing was changed.")
    expect(drawers[1]).to_contain_text("It changed since you opened it.")
    drawers[1].get_by_role("link", name="Look at it again").click()
    conrad.wait_for_url(lambda url: url.startswith(address))
    assert steps.tile(conrad, "Approvals").startswith("1 of")
    steps.decide(conrad, "Approve", "Approve")
    assert steps.tile(conrad, "Approvals").startswith("2 of")


def test_double_click_approves_once(sign_in: SignedIn) -> None:
    page = sign_in("fiona")
    open_candidate(page, DOUBLE)
    steps.action(page, "Approve").click()
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    page.locator("dialog[open]").get_by_role("button", name="Approve").dblclick()
    expect(page.locator("#messages .banner-success")).to_be_visible()
    assert len(sent) == 1
    assert steps.tile(page, "Approvals").startswith("1 of")
    expect(page.locator(".plain-list", has_text="Fiona Hart")).to_have_count(1)


def test_posting_twice_books_once(stack: Stack, sign_in: SignedIn) -> None:
    """Two people press Post on the same approved candidate; the ERP has one invoice."""
    fiona, conrad = sign_in("fiona"), sign_in("conrad")
    fiona.goto("/billing/candidates/?group=approved")
    row = fiona.locator("[data-row]").first
    number = row.locator(".row-link").inner_text()
    row.locator(".row-link").click()
    fiona.wait_for_url(re.compile(r"/billing/candidates/\d+/"))
    conrad.goto(fiona.url)
    for page in (fiona, conrad):
        steps.action(page, "Post to the ERP").click()
        expect(page.locator("dialog[open]")).to_contain_text(f"Post {number}")
    fiona.locator("dialog[open]").get_by_role("button", name="Post").dblclick()
    expect(fiona.locator("#messages .banner-success")).to_be_visible()
    conrad.locator("dialog[open]").get_by_role("button", name="Post").click()
    expect(conrad.locator("dialog[open]")).to_contain_text("Nothing was changed.")
    steps.reload_until(fiona, lambda: fiona.locator(".tile", has_text="ERP number").count() > 0, "number of the ERP")
    posted = steps.tile(fiona, "ERP number")
    booked = [row for row in steps.ledger(stack)["documents"] if number in str(row.get("externalId"))]
    assert [row["tranId"] for row in booked if row["type"] == "invoice"] == [posted]
