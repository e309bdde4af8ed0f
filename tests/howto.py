"""The commands of docs/how-to/load-an-export.md, run as they are written there."""

import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from integration_hub.environment import BASE_DIR

PAGE = BASE_DIR / "docs" / "how-to" / "load-an-export.md"
LARGER = "## A larger one"
PYTHON = ".venv/bin/python manage.py "


def small() -> list[list[str]]:
    """The commands of the small example, in order."""
    return _commands(PAGE.read_text("utf-8").partition(LARGER)[0], {})


def larger(folder: Path) -> list[list[str]]:
    """The commands of the larger example, for data in this folder."""
    return _commands(PAGE.read_text("utf-8").partition(LARGER)[2], {"SIP": str(folder)})


def commands(page: Path, python: str) -> list[list[str]]:
    """The commands of another page, in order."""
    return _commands(page.read_text("utf-8"), {}, python)


def told(part: int, page: Path = PAGE) -> str:
    """What a page says a command prints: the block of that number."""
    blocks: list[str] = re.findall(r"^```text\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    return blocks[part]


def _commands(text: str, variables: dict[str, str], python: str = PYTHON) -> list[list[str]]:
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S):
        for line in block.splitlines():
            name = line.partition("=")[0]
            if name in variables:
                continue
            assert line.startswith(python), f"not a command this test can run: {line}"
            for variable, value in variables.items():
                line = line.replace(f"${variable}", value)
            found.append(shlex.split(line.removeprefix(python)))
    assert found, "the page has no commands"
    return found


def run(command: list[str]) -> str:
    """Run one command in this process; what it prints."""
    out = io.StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


@pytest.fixture
def beside_docs(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory in which the paths of the page lead to its examples and nothing else is written."""
    settings.VAR_DIR = tmp_path / "var"
    (tmp_path / "docs").symlink_to(BASE_DIR / "docs")
    monkeypatch.chdir(tmp_path)
    return tmp_path
