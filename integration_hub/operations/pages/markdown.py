"""Markdown as the generated pages write it."""

from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by `manage.py model_docs`. Change the code it describes, then run it again. -->"


def document(title: str, *blocks: str) -> str:
    """A page: title, notice, blocks with one empty line between them."""
    return "\n\n".join([f"# {title}", NOTICE, *(block for block in blocks if block)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; no rows, no table."""
    lines = [_row([_cell(value) for value in row]) for row in rows]
    if not lines:
        return ""
    return "\n".join([_row(head), _row(["---"] * len(head)), *lines])


def bullets(items: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"* {item}" for item in items)


def mermaid(text: str) -> str:
    """A diagram."""
    return f"```mermaid\n{text}\n```"


def code(text: object) -> str:
    """Literal text."""
    return f"`{text}`"


def anchor(title: str) -> str:
    """The anchor that a heading gets."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def prose(docstring: str | None) -> str:
    """A docstring as one paragraph per block."""
    blocks = (docstring or "").strip().split("\n\n")
    return "\n\n".join(" ".join(block.split()) for block in blocks)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: str) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
