"""Reads a PDF as its typesetter writes it: the text of its pages by what the fonts say of their glyphs."""

import re
import zlib

_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_FLAT = rb"\((?:\\.|[^\\()])*\)"
_LITERAL = rb"\((?:\\.|[^\\()]|%b)*\)" % _FLAT
_TOKEN = re.compile(rb"/(f\d+) [\d.]+ Tf|(\[(?:%b|[^\]()])*\]TJ|%bTj)" % (_LITERAL, _LITERAL), re.S)
_STRING = re.compile(_LITERAL, re.S)


class Pdf:
    """A document: `pages` are the runs of text of each, in the order they are read."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.objects = {int(found[1]): found[2] for found in re.finditer(rb"\n(\d+) 0 obj\n(.*?)\nendobj", body, re.S)}
        numbers = [number for number, content in self.objects.items() if b"/Type/Page/" in content]
        self.pages = [self._runs(self.objects[number]) for number in sorted(numbers)]

    @property
    def text(self) -> str:
        """Everything that is printed, runs apart."""
        return "\n".join(run for page in self.pages for run in page)

    def _runs(self, page: bytes) -> list[str]:
        resources = self.objects[_reference(page, b"Resources")]
        fonts = {name: self._glyphs(int(number)) for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", resources)}
        content = self._stream(_reference(page, b"Contents"))
        runs, glyphs = [], {}
        for font, shown in _TOKEN.findall(content):
            if font:
                glyphs = fonts[font]
            else:
                codes = b"".join(_unescaped(literal[1:-1]) for literal in _STRING.findall(shown))
                runs.append("".join(glyphs.get(codes[at : at + 2], "\0") for at in range(0, len(codes), 2)))
        return runs

    def _glyphs(self, font: int) -> dict[bytes, str]:
        cmap = self._stream(_reference(self.objects[font], b"ToUnicode"))
        pairs = re.findall(rb"^<([0-9A-F]{4})> <([0-9A-F]+)>$", cmap, re.M)
        return {bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}

    def _stream(self, number: int) -> bytes:
        return zlib.decompress(self.objects[number].split(b"stream\n", 1)[1].removesuffix(b"\nendstream"))


def _reference(content: bytes, name: bytes) -> int:
    found = re.search(rb"/%b (\d+)" % name, content)
    assert found is not None, name
    return int(found[1])


def _unescaped(text: bytes) -> bytes:
    def one(found: re.Match[bytes]) -> bytes:
        return bytes([int(found[1], 8)]) if found[1][:1].isdigit() else _ESCAPES.get(found[1], found[1])

    return re.sub(rb"\\([0-7]{3}|.)", one, text, flags=re.S)
