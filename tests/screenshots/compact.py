"""PNG with a palette: a picture of an interface needs no more than 64 colours."""

import base64
import struct
import zlib
from pathlib import Path

from playwright.sync_api import Page

PALETTE = (Path(__file__).parent / "palette.js").read_text("utf-8")


def compact(png: bytes, helper: Page) -> bytes:
    """The same picture with at most 64 colours. `helper` is a page that may run scripts; it finds the colours."""
    found = helper.evaluate(PALETTE, base64.b64encode(png).decode())
    width, height = found["width"], found["height"]
    indices = base64.b64decode(found["indices"])
    rows = b"".join(b"\0" + indices[start : start + width] for start in range(0, width * height, width))
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", head),
        (b"PLTE", base64.b64decode(found["palette"])),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
