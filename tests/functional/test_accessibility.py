"""WCAG 2.2 AA as far as axe can judge it, on the key screens, light and dark: nothing serious, nothing critical."""

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page

from tests.functional.conftest import SignedIn

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
ALL = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What the dark scheme can change: it has no markup of its own."""
LISTS = {
    "fiona": (
        "/",
        "/billing/candidates/",
        "/billing/invoices/",
        "/billing/holds/",
        "/billing/work/",
        "/tie-out/",
        "/pairs/",
        "/closes/",
    ),
    "paula": ("/", "/contracts/", "/contracts/projects/", "/contracts/customers/", "/exceptions/?view=all"),
    "ines": ("/", "/connections/", "/runs/", "/effects/", "/lanes/", "/processes/", "/files/new/", "/sources/"),
    "aude": ("/", "/audit/", "/audit/seals/", "/trace/", "/search/?q=INV-DE01", "/preferences/", "/help/"),
}
"""Screens by who looks at them; a list's first row is looked at as well."""


def findings(page: Page) -> list[str]:
    """Serious and critical violations, light and dark: rule, what it is about, and the first element."""
    page.evaluate(AXE)
    found = _judged(page, ALL, "light")
    _light(page, "dark")
    found += _judged(page, COLOURS, "dark")
    _light(page, "light")
    return found


def _light(page: Page, scheme: Literal["light", "dark"]) -> None:
    """Another scheme, as it stands when the browser has drawn it and nothing changes colour any more."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function(f"() => matchMedia('(prefers-color-scheme: {scheme})').matches")
    page.evaluate("""async () => {
        await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        await Promise.allSettled(document.getAnimations().map(animation => animation.finished));
    }""")


def _judged(page: Page, rules: dict[str, Any], scheme: str) -> list[str]:
    """What is violated alone comes out of the browser: all that axe looked at is megabytes for each page."""
    result: list[dict[str, str]] = page.evaluate(
        """async rules => {
            const { violations } = await axe.run(document, { ...rules, resultTypes: ["violations"] });
            return violations
                .filter(({ impact }) => impact === "serious" || impact === "critical")
                .map(({ id, impact, help, nodes }) => ({ id, impact, help, html: nodes[0].html.slice(0, 200) }));
        }""",
        rules,
    )
    return [
        f"{page.url} {scheme}: {found['id']} ({found['impact']}): {found['help']}: {found['html']}" for found in result
    ]


@pytest.mark.parametrize("username", LISTS)
def test_key_screens_have_no_serious_violation(sign_in: SignedIn, username: str) -> None:
    page = sign_in(username)
    found: list[str] = []
    for path in LISTS[username]:
        page.goto(path)
        found += findings(page)
        first = page.locator("#main [data-row][data-href]").first
        if first.count():
            page.goto(str(first.get_attribute("data-href")))
            found += findings(page)
    assert found == []


def test_question_in_the_drawer_has_no_serious_violation(sign_in: SignedIn) -> None:
    page = sign_in("paula")
    page.goto("/billing/holds/")
    page.locator(".page-head-actions a", has_text="Place a hold").click()
    page.locator("dialog[open] form").last.wait_for()
    assert findings(page) == []


def test_sign_in_has_no_serious_violation(visitor) -> None:
    page = visitor()
    page.goto("/sign-in/")
    assert findings(page) == []


def test_axe_finds_what_is_wrong(visitor) -> None:
    """The negative control: a picture without a text and a field without a label are found."""
    page = visitor()
    page.goto("/sign-in/")
    page.evaluate("document.querySelectorAll('label').forEach(label => label.remove())")
    assert any("label" in text for text in findings(page))


def test_axe_finds_what_is_wrong_in_the_dark(visitor) -> None:
    """The negative control: a text that is dark only where the ground is dark too is found there, and only there."""
    page = visitor()
    page.goto("/sign-in/")
    page.evaluate("""() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync("@media (prefers-color-scheme: dark) { label { color: #222 !important } }");
        document.adoptedStyleSheets = [sheet];
    }""")
    found = findings(page)
    assert [text for text in found if "dark: color-contrast" in text]
    assert not [text for text in found if " light: " in text]


def test_narrow_screens_do_not_scroll_sideways(sign_in: SignedIn) -> None:
    """At 390 pixels everything important is reachable downwards (WCAG 1.4.10)."""
    page = sign_in("fiona", viewport={"width": 390, "height": 844})
    wide = []
    for path in LISTS["fiona"]:
        page.goto(path)
        addresses = [page.url]
        first = page.locator("#main [data-row][data-href]").first
        addresses += [str(first.get_attribute("data-href"))] if first.count() else []
        for address in addresses:
            page.goto(address)
            over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            wide += [f"{address} is {over} px too wide"] if over > 0 else []
    assert wide == []
