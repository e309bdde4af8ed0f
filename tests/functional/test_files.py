"""A file drop from its connection to its rows: set up, looked at, applied, and applied again without effect."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.functional import stack as stacks
from tests.functional import steps
from tests.functional.conftest import SignedIn
from tests.functional.stack import Stack

CODE = "contractors"
CSV = """Number,Name,E-Mail,Role,Changed
C-1,Ann Miller,ann@example.com,Consultant,2026-06-01
C-2,Bo Lind,bo@example.com,Analyst,2026-06-02
C-3,,nobody@example.com,Analyst,2026-06-03
"""
"""Three people, the last one without a name."""


def mapping() -> dict[str, Any]:
    """Columns to fields, as `mapping_export` writes it."""
    rules = [
        {"target": "source_id", "source": "Number", "required": True},
        {"target": "version", "source": "Changed", "required": True},
        {"target": "name", "source": "Name", "required": True},
        {"target": "email", "source": '"E-Mail"'},
        {"target": "role", "source": "Role"},
    ]
    return {"connection": CODE, "entities": {"resource": {"rules": rules}}}


@pytest.fixture
def connected(stack: Stack, sign_in: SignedIn, tmp_path: Path) -> Page:
    """The connection and its mapping, set up by command as the how-to shows; an integration admin is signed in."""
    stacks.manage(stack, "connection_add", CODE, "filedrop", "--name", "Contractors", "--set", 'entities=["resource"]')
    told = tmp_path / "mapping.json"
    told.write_text(json.dumps(mapping()))
    stacks.manage(stack, "mapping_import", str(told), "--author", "ines", "--publisher", "admin")
    return sign_in("ines")


def test_a_file_is_looked_at_then_applied_and_changes_nothing_twice(connected: Page, tmp_path: Path) -> None:
    page = connected
    steps.drop_file(page, CODE, "resource", written(tmp_path / "contractors.csv", CSV), records=3)
    page.wait_for_url(re.compile(r"/files/\d+/"))
    drop = page.url
    preview = page.locator("table.preview")
    expect(page.locator("#main")).to_contain_text("2 of the first 3 rows would be applied.")
    expect(preview.locator("tbody tr").nth(0)).to_contain_text("Ann Miller")
    expect(preview.locator("tbody tr.row-danger")).to_have_count(1)
    assert people(page, "Ann Miller") == 0, "looking stores nothing"

    page.goto(drop)
    apply(page)
    assert (figure(page, drop, "Applied"), figure(page, drop, "Refused")) == ("2", "1")
    report = page.request.get(f"{drop}errors.csv").text()
    assert "4,C-3,Name," in report, "the report names the file's row, its record and its column"
    page.goto(drop)
    apply(page, label="Apply again…")
    assert (figure(page, drop, "Applied"), figure(page, drop, "Unchanged")) == ("0", "2")


def test_a_file_that_is_none_is_refused_with_words(connected: Page, tmp_path: Path) -> None:
    page = connected
    steps.drop_file(page, CODE, "resource", written(tmp_path / "empty.csv", ""))
    expect(page.locator(".field-error, .banner-danger").first).to_be_visible()
    assert page.url.endswith("/files/new/")


def written(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, "utf-8")
    return path


def apply(page: Page, label: str = "Apply…") -> None:
    """Press, confirm, and wait on the page of the run until it has ended."""
    steps.action(page, label).click()
    page.locator("dialog[open]").get_by_role("button", name="Apply", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/\d+/"))
    steps.reload_until(page, lambda: "Running" not in page.locator("h1").inner_text(), "end of the run")


def figure(page: Page, drop: str, label: str) -> str:
    """What the file's page says about its last run."""
    page.goto(drop)
    return steps.tile(page, label)


def people(page: Page, name: str) -> int:
    """How many people of this name a search finds."""
    page.goto(f"/search/?q={name}")
    return page.locator("#main .row-link", has_text=name).count()
