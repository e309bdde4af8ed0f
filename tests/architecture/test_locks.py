"""Row locks keep out those who would change the row, and nobody else."""

import ast

from tests.architecture.code import modules


def plain_locks(text: str) -> list[int]:
    """Lines that lock rows with their keys."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "select_for_update"
        and not any(word.arg == "no_key" for word in node.keywords)
    ]


def test_row_locks_leave_those_alone_who_refer_to_the_row():
    """FOR UPDATE makes whoever stores a row that refers to this one wait until its commit, where it holds other locks:
    that is how deadlocks come. Nobody here changes a primary key, so nobody needs more than FOR NO KEY UPDATE.
    """
    found = [f"{path}:{line}" for path, text in modules() for line in plain_locks(text)]
    assert not found, "say select_for_update(no_key=True): " + ", ".join(found)


def test_a_plain_lock_is_found():
    assert plain_locks(
        "rows.filter(a=1).select_for_update(of=('self',)).get()\nrows.select_for_update(no_key=True)"
    ) == [1]
