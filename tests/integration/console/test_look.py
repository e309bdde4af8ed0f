"""The look keeps its promises: contrast, budgets, nothing inline, nothing remote, icons that exist."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("integration_hub", "contracts", "billing", "costs", "reconciliation")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TOKENS = (ROOT / "static/css/tokens.css").read_text()
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text()))
TONES = ("neutral", "info", "progress", "success", "warning", "danger")
ON = {
    "surface": "ink ink-2 ink-3 accent danger-ink warning-ink success-ink info-ink",
    "ground": "ink ink-2 ink-3 accent warning-ink",
    "surface-2": "ink ink-2 ink-3 accent accent-strong danger-ink",
    "surface-3": "ink ink-2 ink-3",
    "accent-tint": "ink ink-3 accent-strong danger-ink",
    "accent": "on-accent",
    "accent-strong": "on-accent",
    "danger": "on-danger",
    "danger-ink": "on-danger",
    "mark": "on-mark",
    "ink": "surface",
    "side": "side-ink side-heading",
    "side-active": "side-ink-strong",
    "side-line": "side-ink-strong",
    **{f"{tone}-bg": f"{tone}-ink" for tone in TONES},
}
PAIRS = [(ink, ground) for ground, inks in ON.items() for ink in inks.split()]
SHAPES = [("control-line", "surface"), ("focus", "surface"), ("focus", "ground"), ("side-accent", "side-active")]
SHAPES += [(f"chart-{tone}", "surface") for tone in TONES]


def colours() -> dict[str, tuple[str, str]]:
    found = re.findall(r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", TOKENS)
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-on-".join)
def test_text_has_contrast(pair, theme):
    ink, ground = (colours()[name][theme] for name in pair)
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("pair", SHAPES, ids="-on-".join)
def test_shapes_have_contrast(pair, theme):
    ink, ground = (colours()[name][theme] for name in pair)
    assert contrast(ink, ground) >= 3


@pytest.mark.parametrize("sheet", ["console.css", "parts.css"])
def test_colours_are_named_only_in_the_tokens(sheet):
    text = (ROOT / "static/css" / sheet).read_text()
    text = text.split("@media print")[0]
    assert not re.findall(r"#[0-9a-fA-F]{3,6}\b(?![^{]*\{)", text)


def test_every_used_token_exists():
    defined = set(re.findall(r"(--[a-z0-9-]+):", TOKENS))
    for sheet in ("console.css", "parts.css"):
        used = set(re.findall(r"var\((--(?!tblr)[a-z0-9-]+)\)", (ROOT / "static/css" / sheet).read_text()))
        assert used <= defined


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_template_budget_and_no_inline_code(path):
    text = path.read_text()
    lines = text.count("\n")
    assert lines <= (60 if path.parent.name == "_components" else 200)
    assert not re.search(r"<style\b|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", text)
    if path.parent.name == "_components":
        assert text.startswith("{% comment %}"), "say what the component takes"


def test_ninety_percent_of_the_templates_are_short():
    lengths = sorted(path.read_text().count("\n") for path in TEMPLATES)
    assert lengths[int(len(lengths) * 0.9)] <= 70


def test_icons_exist():
    named = set()
    for path in TEMPLATES:
        named |= set(re.findall(r'{% icon "([a-z0-9-]+)"', path.read_text()))
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        named |= set(re.findall(r'icon(?:: str)? ?= ?"([a-z0-9-]+)"', path.read_text()))
    assert named <= ICONS


def test_icons_of_the_menu_and_the_timeline_exist():
    from integration_hub.console import menu, timeline

    assert {item.icon for _, item in menu.MENU} <= ICONS
    assert {presenter.icon for _, presenter in timeline.PRESENTERS} <= ICONS


def test_badge_icons_exist():
    from integration_hub.console import badges

    assert {icon for _, icon in badges._WORDS.values()} <= ICONS


def test_vendored_file_is_the_recorded_one():
    digest = hashlib.sha256((ROOT / "static/vendor/tabler.min.css").read_bytes()).hexdigest()
    assert digest in (ROOT / "static/VENDORED.md").read_text()


def test_stylesheets_load_nothing_remote():
    for path in (ROOT / "static").rglob("*.css"):
        text = path.read_text()
        assert "@import" not in text
        assert "sourceMappingURL" not in text
        assert not [
            url for url in re.findall(r"url\(([^)]{0,30})", text) if not url.strip("\"'").startswith(("data:", "#"))
        ]
