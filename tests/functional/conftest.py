"""The stack, a browser, and people who are signed in."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import browser as chromium
from tests.functional import stack as stacks
from tests.functional import steps
from tests.functional.stack import PATIENCE, Stack

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
SignedIn = Callable[..., Page]


@pytest.hookimpl(tryfirst=True)  # before the workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys share one stack, so one worker takes them all."""
    for item in items:
        if "tests/functional/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """The running product, once for all journeys.

    Not in pytest's own folder: whoever starts pytest next closes that to the user its database server runs as.
    """
    if running := stacks.given():
        yield running
        return
    with (
        tempfile.TemporaryDirectory(prefix="stack-", ignore_cleanup_errors=True) as folder,
        stacks.running(Path(folder) / "var") as started,
    ):
        yield started


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all journeys."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium.ensure(), args=list(ARGUMENTS))
        expect.set_options(timeout=PATIENCE * 1000)
        yield started
        started.close()


@pytest.fixture
def visitor(stack: Stack, browser: Browser) -> Iterator[Callable[..., Page]]:
    """`visitor()` is a fresh page of somebody who is not signed in. What goes wrong in it fails the test at its end."""
    complaints: list[str] = []
    contexts = []

    def open_page(**options: Any) -> Page:
        wanted: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce", **options}
        context = browser.new_context(base_url=stack.url, **wanted)
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
        page.on("response", lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 500 else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == [], stacks.complaints_of_the_web(stack)


@pytest.fixture
def sign_in(visitor: Callable[..., Page]) -> SignedIn:
    """`sign_in("paula")` signs a person of the demo in through the form and leaves them at home.

    Further keywords are Playwright's for the browser context (viewport, color_scheme, java_script_enabled …).
    """

    def enter(username: str, **options: Any) -> Page:
        page = visitor(**options)
        steps.enter(page, username)
        return page

    return enter
