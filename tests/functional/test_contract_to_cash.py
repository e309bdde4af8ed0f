"""Finance and PMO, from what waits to the ERP's number and back to the hours."""

import re
from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.functional import steps
from tests.functional.conftest import SignedIn
from tests.functional.stack import Stack

CONTRACT = "00000020"
"""Rheinbogen Schadenplattform: time and materials in euro, its first invoice waits for approval after two months."""
ENTITY = "DE01"


def test_hold_exception_invoice_and_trace(stack: Stack, sign_in: SignedIn) -> None:
    """PMO holds, finance releases, PMO settles an exception, two approve, one posts; the number traces to the hours."""
    paula, fiona = sign_in("paula"), sign_in("fiona")
    hold = hold_contract(paula)
    refused_to_whoever_placed_it(paula, hold)
    finds_it_in_her_queue_and_releases(fiona, hold)
    work_is_billable_again(fiona)
    settle_exception(paula)
    candidate, net = bill_again(sign_in("anna"))
    approve(fiona, candidate)
    approve(sign_in("conrad"), candidate, last=True)
    number = post(fiona, candidate)
    in_the_erp_once(stack, candidate, number, net)
    traced_both_ways(fiona, number)


# -- the hold -----------------------------------------------------------------------------------------------------


def hold_contract(page: Page) -> str:
    """From the queue to the contract; a hold with a reason takes its work out of the candidate. The hold's path."""
    expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()
    open_contract(page)
    assert steps.amount(steps.tile(page, "In candidates")) > 0
    steps.decide(page, "Place a hold", "Place the hold", code="CLIENT_QUERY", reason="The client asks who tested.")
    hold = page.url
    expect(page.get_by_role("heading", level=1)).to_contain_text("Client query")
    open_contract(page)
    steps.reload_until(page, lambda: steps.amount(steps.tile(page, "Held")) > 0, "held work")
    return hold


def refused_to_whoever_placed_it(page: Page, hold: str) -> None:
    """The button stays, says why, and does nothing."""
    page.goto(hold)
    button = steps.action(page, "Release")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.locator(".page-head-actions")).to_contain_text("someone else must release it")


def finds_it_in_her_queue_and_releases(page: Page, hold: str) -> None:
    """Finance sees it at home under holds she may release."""
    page.goto("/")
    queue = page.locator(".panel", has=page.get_by_role("heading", name="Holds I may release"))
    queue.get_by_role("link", name="Client query").first.click()
    page.wait_for_url(hold)
    steps.decide(page, "Release", "Release", note="Answered on the phone.")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Released")


def work_is_billable_again(page: Page) -> None:
    """Nothing is held any more; all of it is ready for the next run."""
    open_contract(page)
    steps.reload_until(page, lambda: steps.amount(steps.tile(page, "Ready to bill")) > 0, "billable work")
    assert steps.amount(steps.tile(page, "Held")) == 0


def open_contract(page: Page) -> None:
    """By its number, through the search everyone has."""
    page.goto("/")
    steps.search(page, CONTRACT)
    page.get_by_role("region", name="contract").get_by_role("link", name=CONTRACT).click()
    page.wait_for_url(re.compile(r"/contracts/\d+/"))


# -- the exception ------------------------------------------------------------------------------------------------


def settle_exception(page: Page) -> None:
    """Minus three hours without an original: taken, and accepted with a reason."""
    page.goto("/exceptions/?view=all")
    page.get_by_role("link", name=re.compile("Negative entry without an original")).first.click()
    steps.action(page, "Take it").click()
    expect(page.locator(".page-head")).to_contain_text("Assigned")
    reason = "The hours were never worked; the PSA keeps the line for its own books."
    steps.decide(page, "Resolve…", "Resolve", outcome="override", text=reason)
    expect(page.locator(".page-head")).to_contain_text("Resolved")
    expect(page.locator("#main")).to_contain_text(reason)


# -- the invoice --------------------------------------------------------------------------------------------------


def bill_again(page: Page) -> tuple[str, Decimal]:
    """A run of the legal entity makes a new candidate of the released work. Its path and its net."""
    page.goto("/billing/runs/")
    steps.decide(page, "Start a run", "Start",
                 legal_entity=ENTITY, through="2026-06-30", invoice_date="2026-06-30")  # fmt: skip
    open_contract(page)
    steps.reload_until(page, lambda: steps.amount(steps.tile(page, "In candidates")) > 0, "new candidate")
    page.goto("/billing/candidates/")
    row = page.locator("[data-row]", has_text=CONTRACT)
    row.locator(".row-link").click()
    page.wait_for_url(re.compile(r"/billing/candidates/\d+/"))
    steps.reload_until(page, lambda: "Ready to approve" in page.locator("h1").inner_text(), "candidate that is ready")
    return page.url, steps.amount(steps.tile(page, "Net"))


def approve(page: Page, candidate: str, *, last: bool = False) -> None:
    """Exactly the figures that are shown; the first invoice of a contract needs two people."""
    page.goto(candidate)
    steps.decide(page, "Approve", "Approve")
    expect(page.locator("h1")).to_contain_text("Approved" if last else "Ready to approve")
    assert steps.tile(page, "Approvals") == ("2 of 2" if last else "1 of 2")


def post(page: Page, candidate: str) -> str:
    """Send it to the ERP and wait for its number."""
    page.goto(candidate)
    steps.decide(page, "Post to the ERP", "Post")
    steps.reload_until(page, lambda: page.locator(".tile", has_text="ERP number").count() > 0, "number of the ERP")
    return steps.tile(page, "ERP number")


def in_the_erp_once(stack: Stack, candidate: str, number: str, net: Decimal) -> None:
    """The ERP's own books hold the document once, with our amount."""
    mine = [row for row in steps.ledger(stack)["documents"] if row["type"] == "invoice" and row["tranId"] == number]
    assert len(mine) == 1, f"{number} of {candidate}"
    assert Decimal(mine[0]["subtotal"]) == net
    assert mine[0]["currency"] == "EUR"
    assert len(steps.documents(stack, mine[0]["externalId"])) == 1


# -- the trace ----------------------------------------------------------------------------------------------------


def traced_both_ways(page: Page, number: str) -> None:
    """From the invoice up to contract and hours, and from one piece of work down to the invoice."""
    page.locator(".tile", has_text="ERP number").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(number)
    steps.action(page, "Trace").click()
    page.locator(".lineage-depth").get_by_role("link", name="5").click()
    page.wait_for_url("**depth=5**")
    chain = page.locator(".lineage-list")
    expect(chain).to_contain_text(CONTRACT)
    chain.get_by_role("link", name=re.compile("× event")).click()
    page.wait_for_url("**expand=**")
    hours = chain.get_by_role("listitem").filter(has=page.get_by_text("Delivery", exact=True))
    hours.get_by_role("link", name=re.compile(r"^Time 2026-06")).first.click()
    expect(page.locator("main")).to_contain_text(re.compile(r"Came from.*kantata", re.DOTALL))
    went = page.locator("section.card", has=page.get_by_role("heading", name="Where these hours went"))
    page.goto(f"{page.url.partition('?')[0]}?depth=5")
    expect(went).to_contain_text(number)
