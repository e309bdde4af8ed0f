"""Every screen of the demo as a picture, and the page that shows them."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests import browser as chromium
from tests.functional import stack as stacks
from tests.functional.conftest import ARGUMENTS
from tests.functional.stack import ROOT, Stack
from tests.screenshots import prepare
from tests.screenshots.camera import Camera
from tests.screenshots.catalogue import SECTIONS
from tests.screenshots.page import page_of

OUT = ROOT / "docs" / "screenshots"
PAGE = ROOT / "docs" / "screenshots.md"
SLOW = 500
"""Milliseconds of the server after which a screen is named."""


def main(arguments: list[str]) -> int:
    """Take the pictures; 1 when a screen is missing, too wide, or the browser complains."""
    options = _options(arguments)
    wanted = [
        screen for _, screens in SECTIONS for screen in screens if screen.slug in options.only or not options.only
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    with _stack(options.months) as stack, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.ensure(), args=list(ARGUMENTS))
        camera = Camera(stack, browser, options.out)
        camera.take(wanted, prepare.values(stack, browser))
        browser.close()
    if options.out == OUT:
        _forget_others()
        PAGE.write_text(page_of(SECTIONS), "utf-8")
    size = sum(path.stat().st_size for path in options.out.glob("*.png"))
    print(f"{len(camera.took)} pictures taken, {size / 1e6:.1f} MB in {options.out}")  # noqa: T201
    for name, took in sorted(camera.took.items(), key=lambda pair: -pair[1]):
        if took > SLOW:
            print(f"slow: {name} {took:.0f} ms")  # noqa: T201
    for complaint in camera.complaints:
        print(f"wrong: {complaint}", file=sys.stderr)  # noqa: T201
    return 1 if camera.complaints else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.screenshots", description=__doc__)
    parser.add_argument("only", nargs="*", help="slugs of the screens; default: all")
    parser.add_argument("--months", type=int, default=6, help="how much the demo plays when none is running")
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args(arguments)


@contextmanager
def _stack(months: int) -> Iterator[Stack]:
    """The demo named in THROUGHLINE_STACK, or one of our own."""
    if running := stacks.given():
        yield running
        return
    with tempfile.TemporaryDirectory() as var, stacks.running(Path(var), months=months) as started:
        yield started


def _forget_others() -> None:
    """Pictures of screens that are not in the catalogue any more."""
    expected = {f"{name}.png" for _, screens in SECTIONS for screen in screens for name in screen.names}
    for path in OUT.glob("*.png"):
        if path.name not in expected:
            path.unlink()
