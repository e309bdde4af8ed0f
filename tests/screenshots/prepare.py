"""What the demo does not play by itself but the pictures shall show: a dropped file, holds; and where to start."""

from playwright.sync_api import Browser

from tests.functional import stack as stacks
from tests.functional import steps
from tests.functional.stack import ROOT, Stack

HOLDS = (
    ("00000018", "CLIENT_QUERY", "The client asks for the time sheets behind June before she accepts the invoice."),
    ("00000003", "TAX_REVIEW", "The place of supply of the retainer is with the tax adviser."),
)
"""Contracts whose invoices would wait for approval: one loses its work, the other its readiness."""
HOURS = ROOT / "docs" / "how-to" / "examples" / "hours"


def values(stack: Stack, browser: Browser) -> dict[str, str]:
    """Drop the hours of the how-to and place the holds, each once; answer what addresses name in braces."""
    page = browser.new_page(base_url=stack.url)
    try:
        steps.enter(page, "admin")
        page.goto("/files/")
        if page.get_by_role("link", name="hours.csv").count() == 0:
            stacks.manage(stack, "connection_add", "studio", "filedrop", "--name", "Studio export")
            stacks.manage(
                stack, "mapping_import", str(HOURS / "mapping.json"), "--author", "ines", "--publisher", "admin"
            )
            steps.drop_file(page, "studio export", "time entries", HOURS / "hours.csv")
        page.goto("/billing/holds/")
        for contract, code, reason in HOLDS:
            if page.locator("[data-row]", has_text=contract).count() == 0:
                fields = {"scope": "contract", "target": contract, "code": code, "reason": reason}
                steps.decide(page, "Place a hold", "Place the hold", **fields)
                page.goto("/billing/holds/")
        page.goto("/billing/invoices/")
        page.locator("[data-row] .row-link", has_text="INV-DE01").first.click()
        return {"lineage": str(steps.action(page, "Trace").get_attribute("href")).partition("?")[0]}
    finally:
        page.close()
