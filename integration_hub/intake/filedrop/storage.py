"""Files as they came, kept by the digest of their content."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored file: where, how large, and its SHA-256."""

    path: Path
    bytes: int
    sha256: str


def root() -> Path:
    """The folder of kept files."""
    return Path(settings.VAR_DIR) / "files"


def keep(stream: BinaryIO) -> Kept:
    """Store a stream; the same content is stored once. Complete on disk when this returns."""
    folder = root()
    folder.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=folder, prefix="incoming-", delete=False) as target:
        try:
            while chunk := stream.read(CHUNK):
                target.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            target.flush()
            os.fsync(target.fileno())
        except BaseException:
            Path(target.name).unlink(missing_ok=True)
            raise
    name = digest.hexdigest()
    path = folder / name[:2] / name
    path.parent.mkdir(exist_ok=True)
    Path(target.name).replace(path)
    return Kept(path, size, name)


def digest_of(*parts: str) -> str:
    """One digest for several things that only together are the same."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
