"""Statements that were taken: one that comes again changes nothing, one that says something else refuses its file."""

from collections.abc import Sequence

from integration_hub.intake.bank import BankStatement
from integration_hub.intake.filedrop.bank.lines import Statement
from integration_hub.intake.models import FileDrop
from integration_hub.kernel.errors import BadInput, Problem

SHOWN = 20


def keep(drop: FileDrop, statements: Sequence[Statement]) -> None:
    """Note statements before their lines are taken. Raises BadInput for one that is here with another content."""
    rows = [
        BankStatement(
            connection=drop.connection, entity=drop.entity, file=drop, account=told.account, number=told.number,
            currency=told.currency, opening=told.opening, closing=told.closing, credits=told.credits.sum,
            debits=told.debits.sum, lines=told.credits.count + told.debits.count, first_on=told.first_on,
            last_on=told.last_on, digest=told.digest,
        )
        for told in statements
    ]  # fmt: skip
    agree(drop, statements)
    BankStatement.objects.bulk_create(rows, ignore_conflicts=True)
    agree(drop, statements)  # another file may have brought one of them at the same moment
    lines = sum(told.credits.count + told.debits.count + told.pending.count for told in statements)
    if statements and "records" not in drop.manifest:  # its own totals say what a manifest says of other files
        drop.manifest = {**drop.manifest, "records": lines}
        drop.save(update_fields=["manifest"])


def agree(drop: FileDrop, statements: Sequence[Statement]) -> None:
    """Raises BadInput naming the statements of a file that are here with another content."""
    here = BankStatement.objects.filter(
        connection=drop.connection, entity=drop.entity, number__in={told.number for told in statements}
    )
    known = {(row.account, row.number): row for row in here.select_related("file")}
    problems = []
    for told in statements:
        row = known.get((told.account, told.number))
        if row is not None and row.digest != told.digest:
            message = f"came in {row.file.name} on {row.taken_at:%d %b %Y}, with other lines or balances."
            remedy = "Ask the bank which of them is right; it gives a corrected statement a number of its own."
            problems.append(Problem(told.place, message, remedy))
    if problems:
        raise BadInput(f"File {drop.name}", problems[:SHOWN])
