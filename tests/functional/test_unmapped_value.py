"""A value nobody has mapped: the PSA sends it, a case says so, an administrator maps it, and the record is taken."""

import re

from playwright.sync_api import Page, expect

from integration_hub.sandbox.world.vendors.kantata import Kantata
from tests.functional import steps
from tests.functional.conftest import SignedIn
from tests.functional.stack import Stack

CENTRE = "DE-LAB"
PERSON = "Ottilie Brand"


def test_new_colleague_with_an_unknown_cost_centre(stack: Stack, sign_in: SignedIn) -> None:
    ines = sign_in("ines")
    person = joins(stack)
    read_people_now(ines)
    open_case(ines)
    expect(ines.locator("#main")).to_contain_text(f"“{CENTRE}”")
    ines.locator("[name=ours]").fill("DE-DEL")
    ines.get_by_role("button", name="Map it").click()
    expect(ines.locator("#messages .banner-success")).to_contain_text("1 record is taken again")
    steps.reload_until(ines, lambda: "Resolved" in ines.locator(".page-head").inner_text(), "case that closed itself")
    taken(ines, person)


def joins(stack: Stack) -> str:
    """Somebody in HR creates the person in the PSA; the id there."""
    kantata = Kantata(stack.vendor("kantata"))
    new = {"full_name": PERSON, "email_address": "ottilie.brand@meridian.example", "cost_center": CENTRE}
    try:
        known = [row["id"] for row in kantata.rows("users", order="created_at:asc") if row["full_name"] == PERSON]
        return str((known or kantata.create("users", [new]))[0])
    finally:
        kantata.close()


def read_people_now(page: Page) -> None:
    """The administrator does not wait for the feed's rhythm."""
    page.goto("/connections/kantata/")
    page.locator("[data-row] .row-link", has_text="resource").first.click()
    page.wait_for_url(re.compile(r"/feeds/\d+/"))
    steps.decide(page, "Read now…", "Read now")


def open_case(page: Page) -> None:
    """The case about this value in the queue of all exceptions."""
    page.goto("/exceptions/?view=all")
    rows = page.locator("[data-row]", has_text=CENTRE)
    steps.reload_until(page, lambda: rows.count() > 0, f"case about {CENTRE}")
    rows.first.locator(".row-link").click()
    page.wait_for_url(re.compile(r"/exceptions/\d+/"))


def taken(page: Page, person: str) -> None:
    """The record that was refused is applied, and its trace says so."""
    page.goto(f"/trace/source/kantata/resource/{person}/")
    steps.reload_until(page, lambda: "Applied" in page.locator(".page-head").inner_text(), "applied record")
    expect(page.locator("#main")).to_contain_text(PERSON)
