"""Budgets of house_style §8, with exemptions that say why and fail when nobody needs them any more."""

import pytest

from tests.architecture.code import ROOT, functions, modules

MODULE, FUNCTION, TEMPLATE = 400, 60, 200
"""Lines that are not blank; lines in all; lines in all."""

EXEMPT: dict[str, str] = {}
"""`path` or `path::function` → why it may be longer."""

FUNCTION_EXEMPT: dict[str, str] = {
    "integration_hub/effects/actions/effects.py::plan": "one intent has that many facts; nothing is decided on the way",
}


def long_modules() -> set[str]:
    return {path for path, text in modules() if sum(1 for line in text.splitlines() if line.strip()) > MODULE}


def long_functions() -> set[str]:
    return {f"{path}::{name}" for path, text in modules() for name, length in functions(text) if length > FUNCTION}


def long_templates() -> set[str]:
    roots = [ROOT / "templates", *(ROOT / "integration_hub").rglob("templates")]
    pages = (page for root in roots for page in root.rglob("*.html"))
    return {page.relative_to(ROOT).as_posix() for page in pages if len(page.read_text().splitlines()) > TEMPLATE}


@pytest.mark.parametrize(
    ("found", "exempt"),
    [(long_modules, EXEMPT), (long_functions, FUNCTION_EXEMPT), (long_templates, EXEMPT)],
    ids=["modules", "functions", "templates"],
)
def test_nothing_is_longer_than_its_budget(found, exempt):
    assert found() - exempt.keys() == set(), "split it by verb, or say here why it must be that long"


def test_every_exemption_is_still_needed():
    unused = (EXEMPT.keys() - long_modules() - long_templates()) | (FUNCTION_EXEMPT.keys() - long_functions())
    assert unused == set(), "it fits its budget now: take the exemption away"
