"""A concession on an invoice: figures first, then the question, another person's approval, one memo in the ERP."""

import re
from decimal import Decimal

from playwright.sync_api import Page, expect

from tests.functional import steps
from tests.functional.conftest import SignedIn
from tests.functional.stack import Stack

CREDITED = Decimal("100.00")


def test_part_of_an_invoice_is_credited_once(stack: Stack, sign_in: SignedIn) -> None:
    """The analyst asks, and cannot approve it; finance approves and posts; the ERP has the memo once."""
    anna, conrad = sign_in("anna"), sign_in("conrad")
    credit = ask(anna)
    refused_to_who_asked(anna)
    approve_and_post(conrad, credit)
    number = steps.tile(conrad, "ERP number")
    booked = [row for row in steps.ledger(stack)["documents"] if row["tranId"] == number]
    assert [row["type"] for row in booked] == ["creditMemo"]
    assert Decimal(booked[0]["subtotal"]) == CREDITED
    assert len(steps.documents(stack, booked[0]["externalId"])) == 1


def ask(page: Page) -> str:
    """From the invoice to its credit memo, by way of the figures. The memo's address."""
    page.goto("/billing/invoices/")
    page.locator("[data-row]", has_text="INV-").last.locator(".row-link").click()
    page.wait_for_url(re.compile(r"/billing/invoices/\d+/"))
    steps.action(page, "Credit").click()
    page.wait_for_url("**/credit/")
    steps.fill(page.locator("#main form"), "how", "amount")
    steps.fill(page.locator("#main form"), "amount", "999999999")
    page.get_by_role("button", name="See the figures").click()
    expect(page.get_by_role("alert")).to_contain_text("of the lines are left")
    steps.fill(page.locator("#main form"), "amount", str(CREDITED))
    page.get_by_role("button", name="See the figures").click()
    page.wait_for_url("**/credit/confirm/?*")
    expect(page.locator("#main")).to_contain_text("100.00")
    form = page.locator("#main form[method=post]")
    for name, value in {"reason": "GOODWILL", "then": "keep", "note": "Agreed by telephone."}.items():
        steps.fill(form, name, value)
    form.get_by_role("button", name="Ask for the credit").click()
    page.wait_for_url(re.compile(r"/billing/candidates/\d+/"))
    expect(page.locator("#main")).to_contain_text("Agreed by telephone.")
    return page.url


def refused_to_who_asked(page: Page) -> None:
    """The button is there and says why it does nothing."""
    expect(steps.action(page, "Approve")).to_have_attribute("aria-disabled", "true")


def approve_and_post(page: Page, credit: str) -> None:
    """The memo is checked by itself, then approved and posted like an invoice."""
    page.goto(credit)
    steps.reload_until(page, lambda: "Ready to approve" in page.locator("h1").inner_text(), "memo that is ready")
    steps.decide(page, "Approve", "Approve")
    steps.decide(page, "Post to the ERP", "Post")
    steps.reload_until(page, lambda: page.locator(".tile", has_text="ERP number").count() > 0, "number of the ERP")
