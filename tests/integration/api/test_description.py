"""The OpenAPI document is complete, and the page that shows it works under the strict policy."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from integration_hub.api.scopes import SCOPES

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="module")
def document(tmp_path_factory) -> Any:
    target = tmp_path_factory.mktemp("schema") / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(target))
    return yaml.safe_load(target.read_text())


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_every_operation_names_its_scope_and_its_problems(document):
    found = list(operations(document))
    assert len(found) > 55
    for path, method, operation in found:
        where = (path, method)
        assert any(f"Scope: `{scope}`." in operation["description"] for scope in SCOPES), where
        problems = {"400", "401", "403", "404"} | ({"409", "413", "422"} if method == "post" else set())
        assert problems <= operation["responses"].keys(), where
        schema = operation["responses"]["403"]["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}, where
        assert operation["security"][0] == {"token": []}, where


def test_lists_page_by_cursor(document):
    operation = document["paths"]["/api/v1/candidates/"]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert {"cursor", "limit", "status", "legal_entity", "contract"} <= names
    page = document["components"]["schemas"]["PaginatedCandidateList"]
    assert page["properties"].keys() == {"results", "next", "previous"}


def test_creating_requests_take_an_idempotency_key(document):
    for path in ("/api/v1/holds/", "/api/v1/billing-runs/"):
        parameters = document["paths"][path]["post"]["parameters"]
        assert [(p["name"], p["in"]) for p in parameters] == [("Idempotency-Key", "header")]


def test_choices_have_one_name_each(document):
    schemas = document["components"]["schemas"]
    assert "dissolved" in schemas["CandidateStatus"]["enum"]
    assert schemas["Candidate"]["properties"]["status"] == {"$ref": "#/components/schemas/CandidateStatus"}
    assert not [name for name in schemas if name.endswith("Enum")]


def test_the_document_is_served(client, db):
    answer = client.get("/api/v1/schema/")
    assert answer.status_code == 200
    assert "openapi" in answer.content.decode()[:200]


def test_the_page_has_no_inline_script_or_style(client, db):
    page = client.get("/api/docs/")
    assert page.status_code == 200
    text = page.content.decode()
    assert "<style" not in text
    assert 'style="' not in text
    assert all("src=" in part.split(">")[0] for part in text.split("<script")[1:])
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    script = client.get("/api/docs/?script=")
    assert "SwaggerUIBundle" in script.content.decode()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium")
def test_a_browser_shows_the_operations(live_server):
    sync_api = pytest.importorskip("playwright.sync_api")
    complaints: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.goto(f"{live_server.url}/api/docs/")
        page.locator(".opblock").first.wait_for(timeout=60_000)
        shown = _scrolled_through(page)
        browser.close()
    assert "/api/v1/candidates/{id}/approve/" in shown
    assert len(shown) > 55
    assert complaints == []


def _scrolled_through(page) -> set[str]:
    """The paths of all operations: of a long description the page draws what is in view, and more as one scrolls."""
    shown: set[str] = set()
    for _ in range(200):
        before = page.evaluate("window.scrollY")
        shown.update(page.locator(".opblock-summary-path").evaluate_all("rows => rows.map(row => row.dataset.path)"))
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(100)
        if page.evaluate("window.scrollY") == before:
            break
    return shown
