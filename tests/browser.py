"""Find a Chromium for the browser tests, or get one: an installed one, Playwright's own download, Debian's package.

Run as a script it makes sure there is one; `find()` tells the tests where it is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The shell first: it draws pages and no windows around them, which costs a third less."""
PACKAGES = ("chromium-headless-shell", "chromium")


def find() -> str | None:
    """The path of an installed Chromium, or of the one Playwright downloaded; None when there is neither."""
    chosen = os.environ.get("THROUGHLINE_CHROMIUM")
    if chosen:
        return chosen
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def ensure() -> str:
    """A Chromium's path; installs one if it must. Raises SystemExit with the remedy when it cannot."""
    if path := find():
        return path
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, timeout=300)
    if path := find():
        return path
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=False)  # noqa: S607
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for package in PACKAGES:
            done = subprocess.run(["apt-get", "install", "-y", "-qq", package], check=False, env=environment)  # noqa: S607
            if done.returncode == 0:
                break
    if path := find():
        return path
    raise SystemExit(
        "No Chromium: install one (Debian: apt-get install chromium) or set THROUGHLINE_CHROMIUM to its path."
    )


if __name__ == "__main__":
    print(f"Browser: {ensure()}")  # noqa: T201
