"""Watched folders: `drop/<connection>/<entity>/` in the data directory, where files are renamed into place whole."""

import json
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from integration_hub.intake.actions import files
from integration_hub.intake.actions.feeds import FILE_DROP
from integration_hub.intake.filedrop import load
from integration_hub.intake.models import Feed, FileDrop
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import ThroughlineError

logger = logging.getLogger(__name__)

BY = "system:intake"
MANIFEST = ".manifest.json"
COMPANION = ".companion."
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
PATIENCE = timedelta(minutes=10)
"""How long a file waits for the companion that its manifest names."""


def watch() -> int:
    """The tick: take every file that lies ready, parents first, and have it loaded; how many were taken."""
    feeds = Feed.objects.filter(connection__vendor=FILE_DROP, connection__is_paused=False, is_active=True)
    taken = 0
    for feed in feeds.select_related("connection").order_by("connection_id", "weight", "pk"):
        for path in _ready(_folder(feed)):
            taken += _take(feed, path)
    return taken


def _folder(feed: Feed) -> Path:
    root = Path(settings.VAR_DIR).resolve()
    wanted = (root / str(feed.connection.settings.get("folder") or f"drop/{feed.connection.code}")).resolve()
    if not wanted.is_relative_to(root):  # A setting must not make us read the rest of the machine.
        wanted = root / "drop" / feed.connection.code
    return wanted / feed.entity


def _ready(folder: Path) -> Iterator[Path]:
    """Files that lie ready, oldest name first; never one that is still being written."""
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        name = path.name
        skipped = name.startswith(".") or name.endswith((MANIFEST, *UNFINISHED)) or COMPANION in name
        if not skipped and path.is_file() and not path.is_symlink():
            yield path


def _take(feed: Feed, path: Path) -> bool:
    beside = [path, path.with_name(path.name + MANIFEST)]
    try:
        totals = _manifest(beside[1])
        companion = totals.get("companion")
        if companion:
            beside.append(path.with_name(Path(str(companion)).name))
            if not beside[-1].is_file() and _age(path) < PATIENCE:
                return False
        found = _drop(feed, path, totals, beside[-1] if companion else None)
    except (ThroughlineError, OSError, ValueError) as error:
        _refuse(feed, path, beside, str(error))
        return False
    # Stored and committed before it is moved: a crash in between finds the same content again, and changes nothing.
    files.apply(file=found, by=BY)
    _move(beside, "processed")
    return True


def _drop(feed: Feed, path: Path, totals: dict[str, Any], companion: Path | None) -> FileDrop:
    with ExitStack() as opened:
        second = None
        if companion is not None:
            stream = opened.enter_context(companion.open("rb"))
            second = files.Companion(companion.name, stream, str(totals.get("key", "")))
        return files.drop(
            connection=feed.connection,
            entity=feed.entity,
            name=path.name,
            stream=opened.enter_context(path.open("rb")),
            by=BY,
            companion=second,
            totals=totals,
        )


def _manifest(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    data = json.loads(path.read_text("utf-8"))
    if not isinstance(data, dict):
        raise ValueError(f"{path.name} is not a JSON object.")
    return data


def _age(path: Path) -> timedelta:
    return now() - datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _refuse(feed: Feed, path: Path, beside: list[Path], problem: str) -> None:
    logger.warning("file %s was refused: %s", path, problem)
    load.raise_refused(feed.connection, feed.entity, path.name, problem, subject=("feed", str(feed.pk), str(feed)))
    _move(beside, "refused")


def _move(paths: list[Path], where: str) -> None:
    stamp = f"{now():%Y%m%dT%H%M%S%f}"
    for path in paths:
        if path.is_file():
            target = path.parent / where
            target.mkdir(exist_ok=True)
            path.replace(target / f"{stamp}-{path.name}")
