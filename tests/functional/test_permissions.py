"""Who sees what, and who may decide what: the auditor nothing, the delivery lead only his legal entity."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.functional.conftest import SignedIn

SCREENS = (
    "/exceptions/?view=all",
    "/contracts/",
    "/billing/work/",
    "/billing/holds/",
    "/billing/runs/",
    "/billing/candidates/",
    "/billing/invoices/",
    "/connections/",
    "/runs/",
    "/effects/",
    "/lanes/",
    "/processes/",
    "/tie-out/",
)
DECISIONS = "#main form[method=post]:not([action$='watch/']) button, #main a[hx-target='#drawer-body']"
"""What could change something: a form that posts, a button that opens a question. Whom one watches is one's own."""


def details(page: Page) -> list[str]:
    """Where the first row of a list leads, if it leads anywhere."""
    first = page.locator("[data-row][data-href]").first
    return [str(first.get_attribute("data-href"))] if first.count() else []


@pytest.mark.parametrize("path", SCREENS)
def test_auditor_sees_and_decides_nothing(sign_in: SignedIn, path: str) -> None:
    """Refused buttons stay, each with its reason; nothing else could change anything."""
    page = sign_in("aude")
    page.goto(path)
    for address in [page.url, *details(page)]:
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert [button.inner_text() for button in page.locator(DECISIONS).all()] == [], address
        for refused in page.locator("#main [data-refused]").all():
            assert refused.get_attribute("aria-disabled") == "true"
            assert refused.get_attribute("aria-description"), f"{address}: {refused.inner_text()} does not say why"


def test_auditor_is_refused_where_decisions_are_asked(sign_in: SignedIn) -> None:
    """Typing the address of a decision shows the question and why the answer is not hers; posting it is a 403."""
    page = sign_in("aude")
    page.goto("/billing/candidates/")
    page.locator("[data-row] .row-link").first.click()
    page.wait_for_url(re.compile(r"/billing/candidates/\d+/"))
    address = page.url
    page.goto(f"{address}approve/")
    expect(page.locator("#main")).to_contain_text("Only finance approvers can approve candidates.")
    assert page.locator("#main form").count() == 0
    token = page.context.cookies(address)
    csrf = next(cookie["value"] for cookie in token if "csrf" in str(cookie["name"]))
    form: dict[str, str | float | bool] = {"csrfmiddlewaretoken": str(csrf), "version": "1", "content_hash": "0" * 64}
    answer = page.request.post(f"{address}approve/", form=form, headers={"Referer": address})
    assert answer.status in {403, 409}
    assert "approve" in answer.text()


def test_delivery_lead_sees_only_his_legal_entity(sign_in: SignedIn) -> None:
    """Lists, files, numbers of other entities, and what is sent to him when he knows the address."""
    fiona, derek = sign_in("fiona"), sign_in("derek")
    fiona.goto("/contracts/")
    everyones = fiona.locator("[data-row]", has=fiona.get_by_text("DE01", exact=True)).first
    foreign = str(everyones.get_attribute("data-href"))
    number = everyones.locator(".row-link").inner_text()
    for path in ("/contracts/", "/billing/candidates/?group=posted", "/billing/invoices/", "/exceptions/?view=all"):
        derek.goto(path)
        expect(derek.get_by_role("heading", level=1)).to_be_visible()
        seen = derek.locator("#main").inner_text()
        assert "DE01" not in seen, path
        assert "US01" not in seen, path
    derek.goto("/contracts/")
    assert derek.locator("[data-row]").count() > 0
    assert derek.goto(foreign).status == 404  # type: ignore[union-attr]
    derek.goto(f"/search/?q={number}")
    expect(derek.locator("#main")).not_to_contain_text("Meridian Consulting GmbH")
    assert derek.locator(f"#main a[href='{foreign}']").count() == 0
    exported = derek.request.get("/contracts/?format=csv").text()
    assert "UK01" in exported
    assert "DE01" not in exported


def test_rooms_of_others_are_not_in_his_menu(sign_in: SignedIn) -> None:
    """What a role may not open is not offered, and says so when its address is typed."""
    page = sign_in("derek")
    assert page.locator(".sidebar").get_by_role("link", name="Connections").count() == 0
    assert page.goto("/connections/").status == 403  # type: ignore[union-attr]
    expect(page.locator("#main")).to_contain_text("Your role does not include this.")


def test_nobody_sees_anything_unasked(visitor, stack) -> None:
    """Without a session every address leads to the sign-in, and back to where one wanted to go."""
    page = visitor()
    page.goto("/billing/candidates/?group=ready")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert "next=" in page.url


def test_wrong_password_says_so_and_keeps_the_name(visitor) -> None:
    """The error names what is wrong without telling whether the name exists."""
    page = visitor()
    page.goto("/sign-in/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    expect(page.get_by_label("Username")).to_have_value("nobody")
