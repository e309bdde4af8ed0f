"""Takes pictures of the kitchen: `pytest tests/integration/console/look.py`, pictures in $LOOK (default /tmp/look)."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from integration_hub.console import freshness, home, menu
from integration_hub.kernel.clock import now
from integration_hub.trail.models import Event
from tests.integration.console import kitchen

OUT = Path(os.environ.get("LOOK", "/tmp/look"))
PAGES = {
    "home": "/",
    "list": "/kitchen/list/",
    "filtered": "/kitchen/list/?actor_kind=person&action=hold&sort=object_label",
    "empty": "/kitchen/list/?action=zzz",
    "detail": "/kitchen/detail/1/",
    "confirm": "/kitchen/release/{pk}/",
    "search": "/search/?q=4711",
    "preferences": "/preferences/",
    "missing": "/nowhere/",
}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NAMES = ["Northwind Traders", "Contoso Consulting GmbH", "Fabrikam", "Adventure Works (Japan)"]


def fill():
    """Rows and panels to look at."""
    currencies = ["USD", "EUR", "USD", "JPY"]
    statuses = ["open", "overdue", "released", "pending", "open"]
    for n in range(60):
        data = {"amount": str((n - 8) * 417.25), "currency": currencies[n % 4], "hours": str(n / 4)}
        data |= {"customer": NAMES[n % 4], "status": statuses[n % 5]}
        Event.objects.create(
            action="billing.hold.raised",
            actor="system:billing",
            actor_kind="person",
            object_type="kitchen",
            object_id=n,
            object_label=f"H-{1000 + n}",
            legal_entity=["US01", "DE01"][n % 2],
            data=data,
            caused_by=n * 1371 if n % 3 else None,
            recorded_at=now() - timedelta(hours=7 * n),
        )
    items = [
        ("Work", "Cases", "list", "clipboard-list", 14), ("Work", "Approvals", "list", "user-check", 3),
        ("Contracts", "Contracts", "list", "contract", 0), ("Contracts", "Projects", "list", "briefcase", 0),
        ("Billing", "Holds", "list", "hand-stop", 1204), ("Billing", "Candidates", "list", "file-invoice", 7),
        ("Billing", "Invoices", "list", "receipt", 0), ("Cash", "Payments", "list", "cash", 0),
        ("Trace", "Lineage", "list", "route", 0), ("Integration", "Connections", "list", "plug-connected", 1),
        ("Integration", "Runs", "list", "refresh", 0), ("Administration", "People", "list", "users", 0),
    ]  # fmt: skip
    for index, (section, label, url, icon, count) in enumerate(items):
        item = menu.MenuItem(section, label, f"kitchen:{url}", icon, weight=index, count=lambda user, n=count: n)
        menu.MENU.register(f"kitchen:{label}", item)
    home.PANELS.register("kitchen:a", home.Panel("Holds above the limit", kitchen.waiting, icon="hand-stop", weight=1))
    home.PANELS.register("kitchen:b", home.Panel("Candidates to approve", kitchen.waiting, icon="file-invoice"))
    home.PANELS.register(
        "kitchen:c", home.Panel("Second signatures", kitchen.nothing, icon="signature", empty="All signed.")
    )
    home.PANELS.register("kitchen:d", home.Panel("With PMO", kitchen.waiting, group="others", icon="users"))
    home.PANELS.register("kitchen:e", home.Panel("Posted today", kitchen.nothing, group="done", icon="checks"))
    read = [
        freshness.Freshness("NetSuite", now() - timedelta(hours=2), late=True),
        freshness.Freshness("Kantata", now() - timedelta(minutes=3)),
    ]
    freshness.FRESHNESS.register("kitchen", lambda user: read)


@pytest.mark.browser
@pytest.mark.usefixtures("kitchen_addresses")
@pytest.mark.django_db(transaction=True)
def test_look(live_server, alice, client, settings):
    """Every page, light and dark, wide and narrow."""
    settings.TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")
    fill()
    pk = Event.objects.values_list("pk", flat=True)[0]
    client.force_login(alice)
    cookie: Any = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    OUT.mkdir(exist_ok=True, parents=True)
    wanted = os.environ.get("PAGES", " ".join([*PAGES, "sign-in", "drawer", "filters", "menu"])).split()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for scheme in ("light", "dark"):
            for width in (1280, 390):
                frame = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme)
                page = frame.new_page()
                if "sign-in" in wanted:
                    page.goto(live_server.url + "/sign-in/")
                    page.screenshot(path=OUT / f"sign-in-{scheme}-{width}.png")
                frame.add_cookies([cookie])
                for name, address in PAGES.items():
                    if name in wanted:
                        page.goto(live_server.url + address.format(pk=pk))
                        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                        assert overflow <= 0, f"{name} is {overflow} px too wide at {width}"
                        page.screenshot(path=OUT / f"{name}-{scheme}-{width}.png", full_page=name != "list")
                if "drawer" in wanted:
                    page.goto(live_server.url + "/kitchen/list/")
                    page.locator("[data-key=a]").first.click()
                    page.wait_for_selector("dialog[open]")
                    page.screenshot(path=OUT / f"drawer-{scheme}-{width}.png")
                if "filters" in wanted:
                    page.goto(live_server.url + "/kitchen/list/")
                    page.locator("[data-tick]").first.check()
                    page.locator("#list-filters").click()
                    page.screenshot(path=OUT / f"filters-{scheme}-{width}.png")
                if "menu" in wanted:
                    page.goto(live_server.url + "/")
                    page.locator(".topbar-menu" if width < 900 else ".user-menu summary").click()
                    page.wait_for_timeout(300)
                    page.screenshot(path=OUT / f"menu-{scheme}-{width}.png")
                frame.close()
        browser.close()
