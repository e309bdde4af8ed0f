"""What is wrong with the rows of a file, as a CSV a person can work through."""

import csv
from collections.abc import Iterator

from integration_hub.console.export import safe
from integration_hub.intake.models import FileDrop, SourceVersion

HEAD = ("row", "record", "column", "value", "message", "remedy", "status")


class _Echo:
    def write(self, text: str) -> str:
        return text


def lines(drop: FileDrop) -> Iterator[str]:
    """The report line by line, rows in the order of the file; safe to open in a spreadsheet."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + str(writer.writerow(HEAD))
    unresolved = SourceVersion.objects.filter(run__file=drop, status__in=("refused", "conflict", "parked"))
    for version in unresolved.order_by("row_number", "pk").iterator(chunk_size=2000):
        for problem in version.problems or [_waiting(version)]:
            cells = (
                version.row_number or "",
                version.source_id,
                problem.get("column") or problem.get("field", ""),
                problem.get("value", ""),
                problem.get("message", ""),
                problem.get("remedy", ""),
                version.get_status_display(),
            )
            yield str(writer.writerow([safe(cell) for cell in cells]))


def _waiting(version: SourceVersion) -> dict[str, str]:
    return {"message": f"waits for {version.waits_for}", "remedy": "It is taken by itself when its parent comes."}
