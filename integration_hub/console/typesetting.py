"""PDF of a template and its data: tagged PDF/A, the same bytes for the same data, no text of it ever interpreted.

A template is a Typst file. It gets its data as JSON (`json(bytes(sys.inputs.data))`), so that whatever a vendor wrote
is a string and never markup. It reads files of its own folder only, uses the fonts that come with the typesetter, and
nothing of the network. Strings go through `printable` first: what no font can print is shown as its code.
"""

import hashlib
import json
import subprocess
import sys
import unicodedata
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import typst

STANDARD: Final = "a-2a"
FONTS = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
"""What templates set `text(font: …)` to; the later ones for what the first does not have."""
SECONDS = 120
_ROOT = Path(__file__).parents[2]
_LATIN = 0x250
"""Code points below are in the first font, control characters apart."""
_PROBE = f"""
#set document(title: "Probe")
#set text(lang: "en", font: ({", ".join(f'"{name}"' for name in FONTS)}))
#sys.inputs.text
""".encode()


def set_pdf(template: Path, data: dict[str, Any], *, on: date) -> bytes:
    """The template with its data as PDF/A-2a, dated `on`.

    Set by a process of its own, because the typesetter keeps what it has set in memory: 200 MB for a thousand rows.
    Raises TypesettingError when the template cannot be set with these data, or not in `SECONDS`.
    """
    asked = {"template": str(template), "data": data, "on": on.isoformat()}
    command = [sys.executable, "-m", __name__]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked).encode(), capture_output=True, timeout=SECONDS, cwd=_ROOT, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise TypesettingError(f"{template.name} was not set in {SECONDS} s.") from late
    if done.returncode != 0:
        raise TypesettingError(f"{template.name}: {done.stderr.decode(errors='replace').strip()[-500:]}")
    return done.stdout


class TypesettingError(RuntimeError):
    """A document could not be set."""


def digest_of(folder: Path) -> str:
    """What the look of a document depends on beside its data: the templates of a folder and the typesetter."""
    made = hashlib.sha256(version("typst").encode())
    for path in sorted(folder.glob("*.typ")):
        made.update(path.name.encode() + b"\0" + path.read_bytes())
    return made.hexdigest()


def compiled(template: Path, data: dict[str, Any], *, on: date, **how: Any) -> Any:
    """The template with its data, set in this process; `how` as `typst.compile` takes it."""
    import typst  # late, as below: 7 MB for whoever sets or measures text

    return typst.compile(
        str(template),
        root=str(template.parent),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(shown(data), ensure_ascii=False)},
        timestamp=int(datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()),
        **how,
    )


def _main() -> int:
    """One document from standard input to standard output."""
    import typst

    asked = json.load(sys.stdin.buffer)
    try:
        pdf = compiled(
            Path(asked["template"]),
            asked["data"],
            on=date.fromisoformat(asked["on"]),
            format="pdf",
            pdf_standards=[STANDARD],
        )
    except typst.TypstError as wrong:
        sys.stderr.write(f"{wrong.message} {' '.join(wrong.hints)}")
        return 1
    sys.stdout.buffer.write(pdf)
    return 0


@cache
def _fonts() -> "typst.Fonts":
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


# -- text --------------------------------------------------------------------------------------------------------


def shown(value: Any) -> Any:
    """Data with every string `printable`."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: shown(one) for name, one in value.items()}
    return [shown(one) for one in value] if isinstance(value, list | tuple) else value


def printable(text: str) -> str:
    """Text as it can be set: what would be invisible or has no glyph stands there as `[U+4E2D]`, nothing is dropped.

    Control and format characters count as invisible (those that turn the direction could make a figure read
    otherwise); lines stay, tabs become spaces.
    """
    if text.isascii() and text.isprintable():
        return text
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
    return "".join(part if part.isspace() and part in " \n" else _word(part) for part in _words(clean))


def _words(text: str) -> list[str]:
    parts, word = [], ""
    for char in text:
        if char in " \n":
            parts += [word, char]
            word = ""
        else:
            word += char
    return [part for part in [*parts, word] if part]


@lru_cache(maxsize=50_000)
def _word(word: str) -> str:
    """Marks belong to the letter before them, so a word that has some is tried as a whole."""
    found = "".join(char if _has_glyph(char) else _code(char) for char in word)
    if any(unicodedata.category(char).startswith("M") for char in found) and not _prints(found):
        return "".join(char if ord(char) < _LATIN else _code(char) for char in found)
    return found


def _has_glyph(char: str) -> bool:
    if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}:
        return False
    return ord(char) < _LATIN or _prints(char)


def _code(char: str) -> str:
    return f"[U+{ord(char):04X}]"


@lru_cache(maxsize=50_000)
def _prints(text: str) -> bool:
    """Whether the fonts can print it, asked of the typesetter itself: the standard refuses what they cannot."""
    import typst

    try:
        typst.compile(
            _PROBE,
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"text": text},
            pdf_standards=[STANDARD],
            timestamp=0,
        )
    except typst.TypstError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(_main())
