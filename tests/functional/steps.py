"""What people do on screens, and what they read there."""

import re
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Error, Locator, Page, expect

from integration_hub.operations.demo.people import PASSWORD
from tests.functional.stack import PATIENCE, Stack

LOADING = ("ERR_ABORTED", "Not attached to an active page")
"""What the browser says when the page was on its way to another one just then."""


def enter(page: Page, username: str) -> None:
    """Sign a person of the demo in through the form; leaves them at home."""
    page.goto("/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def search(page: Page, text: str) -> None:
    """Ask the search box of the top bar, and wait for its answer: the page before may hold the same words."""
    page.locator("#search").fill(text)
    page.locator("#search").press("Enter")
    page.wait_for_url("**/search/?q=*")


def drop_file(page: Page, connection: str, entity: str, file: Path, *, records: int | None = None) -> None:
    """Drop a file for one feed, named by the words of its choice, with the number of records its sender says."""
    page.goto("/files/")
    action(page, "Drop a file").click()
    page.wait_for_url("**/files/new/")
    choices = page.locator("[name=feed] option")
    feed = next(text for text in choices.all_inner_texts() if connection in text.lower() and entity in text.lower())
    page.locator("[name=feed]").select_option(label=feed)
    page.locator("[name=file]").set_input_files(file)
    if records is not None:
        page.locator("[name=records]").fill(str(records))
    page.get_by_role("button", name="Drop it").click()


def action(page: Page, name: str) -> Locator:
    """A decision at the head of the page, enabled or refused."""
    return page.locator(".page-head-actions").get_by_text(name, exact=True)


def decide(page: Page, name: str, verb: str, **fields: str) -> None:
    """Press a decision, fill the drawer, press the verb, and wait until the page says that it is done."""
    action(page, name).click()
    drawer = page.locator("dialog[open]")
    for label, value in fields.items():
        fill(drawer, label, value)
    drawer.get_by_role("button", name=verb, exact=True).click()
    expect(page.locator("#messages .banner-success")).to_be_visible()


def fill(form: Locator, name: str, value: str) -> None:
    """One field by its name in the form: text, choice or radio button."""
    field = form.locator(f"[name={name}]:not([type=hidden])")
    if field.first.get_attribute("type") == "radio":
        form.locator(f"[name={name}][value={value}]").check()
    elif field.evaluate("element => element.tagName") == "SELECT":
        field.select_option(value)
    else:
        field.fill(value)


def reload_until(page: Page, holds: Callable[[], bool], what: str, seconds: float = PATIENCE * 3) -> None:
    """Look again as a person would, until it is there."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds:g} s there is still no {what} on {page.url}.")
        page.wait_for_timeout(500)
        try:
            page.reload()
        except Error as interrupted:
            if not any(words in interrupted.message for words in LOADING):
                raise


def tile(page: Page, label: str) -> str:
    """The figure under a label."""
    box = page.locator(".tile").filter(has=page.locator(".tile-label", has_text=re.compile(rf"^\s*{label}\s*$")))
    return box.first.locator(".tile-value").inner_text().strip()


def amount(text: str) -> Decimal:
    """`45,100.50 EUR` as a number."""
    return Decimal(re.sub(r"[^\d.-]", "", text.replace("−", "-")))


def ledger(stack: Stack) -> dict[str, Any]:
    """The ERP's own books, asked of the simulator."""
    answer = httpx.get(f"{stack.vendor('control')}/_control/ledger/netsuite", timeout=PATIENCE, trust_env=False)
    books: dict[str, Any] = answer.raise_for_status().json()
    return books


def documents(stack: Stack, external_id: str) -> list[dict[str, Any]]:
    """Every document in the ERP that carries our reference."""
    return [row for row in ledger(stack)["documents"] if row.get("externalId") == external_id]
