"""Opens screens as the people of the demo, takes the pictures, and notes what the browser complains about."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.functional import steps
from tests.functional.stack import PATIENCE, Stack
from tests.screenshots.catalogue import DARK, NARROW, Screen
from tests.screenshots.compact import compact

WIDE, TALL = {"width": 1280, "height": 800}, 1300
PHONE = {"width": 390, "height": 844}
"""Viewports in CSS pixels; a longer page is pictured down to TALL."""


@dataclass
class Camera:
    """One browser over one stack. `complaints` fails the command, `slow` is told."""

    stack: Stack
    browser: Browser
    out: Path
    complaints: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=dict)
    """Milliseconds from request to first byte, by slug."""
    known: dict[str, Any] = field(default_factory=dict)
    """Cookies by person."""

    def take(self, screens: list[Screen], values: dict[str, str]) -> None:
        """All pictures of these screens: light and wide, then what else each wants."""
        with self._page() as helper:
            for variant in ("", DARK, NARROW):
                for person in dict.fromkeys(screen.person for screen in screens):
                    mine = [one for one in screens if one.person == person and (not variant or variant in one.also)]
                    if not mine:
                        continue
                    with self._page(person, variant) as page:
                        for screen in mine:
                            self._picture(page, helper, screen, variant, values)

    @contextmanager
    def _page(self, person: str = "", variant: str = "") -> Iterator[Page]:
        """A page of somebody who is signed in (or of nobody)."""
        context = self.browser.new_context(
            base_url=self.stack.url,
            viewport=PHONE if variant == NARROW else WIDE,
            color_scheme="dark" if variant == DARK else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE * 1000)
        page = context.new_page()
        self._listen(page)
        if person:
            self._enter(context, page, person)
        try:
            yield page
        finally:
            context.close()

    def _enter(self, context: BrowserContext, page: Page, person: str) -> None:
        if person in self.known:
            context.add_cookies(self.known[person])
            return
        steps.enter(page, person)
        self.known[person] = context.cookies()

    def _listen(self, page: Page) -> None:
        def said(message: Any) -> None:
            if message.type in {"error", "warning"}:
                self.complaints.append(f"{page.url}: {message.text}")

        page.on("console", said)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))

    def _picture(self, page: Page, helper: Page, screen: Screen, variant: str, values: dict[str, str]) -> None:
        name = f"{screen.slug}-{variant}" if variant else screen.slug
        try:
            answer = self._open(page, screen, values)
        except LookupError as missing:
            self.complaints.append(f"{name}: {missing}")
            return
        if answer is None or not answer.ok:
            self.complaints.append(f"{name}: {page.url} answered {answer.status if answer else 'nothing'}")
            return
        timing = answer.request.timing
        self.took[name] = timing["responseStart"] - timing["requestStart"]
        if screen.ready:
            page.locator(screen.ready).first.wait_for()
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if over > 0:
            self.complaints.append(f"{name}: {page.url} is {over} px too wide")
        usual = page.viewport_size or WIDE
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": usual["width"], "height": max(usual["height"], min(height, TALL))})
        (self.out / f"{name}.png").write_bytes(compact(page.screenshot(), helper))
        page.set_viewport_size(usual)

    def _open(self, page: Page, screen: Screen, values: dict[str, str]) -> Any:
        answer = page.goto(screen.path.format(**values))
        if screen.row is not None:
            rows = page.locator("#main [data-row][data-href], #result_list tbody tr").filter(has_text=screen.row)
            links = rows.locator(".row-link, th a")
            if links.count() == 0:
                raise LookupError(f"{page.url} has no row with {screen.row!r}")
            answer = page.goto(str(links.first.get_attribute("href")))
        if screen.tail:
            answer = page.goto(page.url.partition("?")[0] + screen.tail)
        return answer
