"""docs/states/*.md: one page per table of allowed moves, with its diagram."""

from integration_hub.kernel import transitions
from integration_hub.kernel.transitions import Transitions
from integration_hub.operations.pages import markdown

LEAD = (
    "Status moves through one declared table per noun, and the action that makes a move is checked against it. "
    "These pages are drawn from those tables."
)


def slug(table: Transitions) -> str:
    """The file name without its ending."""
    return table.noun.replace(" ", "-")


def pages() -> dict[str, str]:
    """One page per table, and the list of them."""
    tables = sorted(transitions.ALL, key=lambda table: table.noun)
    found = {f"states/{slug(table)}.md": _page(table) for table in tables}
    listed = markdown.bullets(
        f"[{table.noun.capitalize()}]({slug(table)}.md): {', '.join(f'`{state}`' for state in table.moves)}"
        for table in tables
    )
    return {"states/index.md": markdown.document("States", LEAD, listed), **found}


def _page(table: Transitions) -> str:
    rows = [
        (f"`{source}`", f"`{target}`", trigger)
        for source, targets in table.moves.items()
        for target, trigger in targets.items()
    ]
    final = [f"`{state}`" for state, targets in table.moves.items() if not targets]
    ends = f"Final: {', '.join(final)}." if final else "No state is final."
    start = f"Begins as `{table.initial}`. " if table.initial else ""
    return markdown.document(
        f"States of {'an' if table.noun[0] in 'aeiou' else 'a'} {table.noun}",
        f"{start}{ends}",
        markdown.mermaid(table.mermaid()),
        markdown.table(("From", "To", "When"), rows),
    )
