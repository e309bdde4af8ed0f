"""Timecards: a header is a week of one person on one assignment, its splits are what is billed of it by period.

Each day with hours is an entry of its own, known by the header and the weekday, for the header is what people enter and
approve, and splits come and go with the periods. A week starts on the day the firm chose.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from integration_hub.connectors import wire
from integration_hub.connectors.certinia.client import Client, Record
from integration_hub.connectors.force import soql

HEADER, SPLIT = "pse__Timecard_Header__c", "pse__Timecard__c"
START, END = "pse__Start_Date__c", "pse__End_Date__c"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HOURS = tuple(f"pse__{day}_Hours__c" for day in DAYS)
NOTES = tuple(f"pse__{day}_Notes__c" for day in DAYS)
OURS = {"day", "weekday", "hours", "minutes", "notes", "split", "entries"}
"""What a mapping may read of a day, or of a timecard (`entries`), beside the fields of the header."""


def theirs(fields: Iterable[str]) -> list[str]:
    """Those fields of a mapping that are fields of the header."""
    return [name for name in fields if name.partition(".")[0] not in OURS]


def asked(fields: Iterable[str]) -> list[str]:
    """The columns a mapping of days or timecards needs."""
    notes = NOTES if "notes" in fields else ()
    return [*theirs(fields), "CreatedDate", START, *HOURS, *notes]


def of_split(fields: Iterable[str]) -> list[str]:
    """The fields of the split that a mapping reads."""
    return [name.partition(".")[2] for name in fields if name.startswith("split.")]


def worked(header: Record, number: int) -> bool:
    """Whether somebody worked on this day of the week, Monday being 0."""
    return header.get(HOURS[number]) not in (None, 0)


def key(header: Record, number: int) -> str:
    """The entry of a day."""
    return f"{header['Id']}:{DAYS[number][:3].lower()}"


def entries(header: Record) -> list[str]:
    """The entries of a timecard."""
    return [key(header, number) for number in range(7) if worked(header, number)]


def day_of(header: Record, number: int) -> date | None:
    """The date of a weekday in the header's week."""
    if not header.get(START):
        return None
    start = date.fromisoformat(header[START])
    return start + timedelta(days=(number - start.weekday()) % 7)


def splits(client: Client, headers: list[Record], fields: list[str]) -> dict[str, list[Record]]:
    """The splits of these headers, by header."""
    found: dict[str, list[Record]] = {}
    names = soql.columns([HEADER, START, END, *fields], SPLIT)
    for condition in soql.among(HEADER, (row["Id"] for row in headers)):
        for row in client.rows(soql.select(names, SPLIT, condition)):
            found.setdefault(str(row[HEADER]), []).append(row)
    return found


def split_on(day: date | None, parts: list[Record]) -> Record | None:
    """The split a day is in."""
    return next((row for row in parts if day and row[START] <= day.isoformat() <= row[END]), None)


def entry(header: Record, number: int, day: date | None, split: Record | None) -> Record:
    """What is told of a day beside the fields of its header."""
    hours = wire.amount(header[HOURS[number]])
    return {
        "day": day.isoformat() if day else "",
        "weekday": DAYS[number],
        "hours": wire.text(hours),
        "minutes": wire.text(hours * 60),
        "notes": header.get(NOTES[number]),
        "split": split and {name: value for name, value in split.items() if name not in _NOT_TOLD},
    }


_NOT_TOLD = {"SystemModstamp", "IsDeleted", HEADER}


def worked_days(client: Client, condition: str) -> int:
    """How many days of live timecards have hours, as the org counts them."""
    return sum(
        page.totalSize
        for name in HOURS
        for page in client.query(soql.count(HEADER, condition, f"{name} != null", f"{name} != 0"))
    )


def rolled(client: Client, condition: str) -> Iterator[str]:
    """Their ids."""
    for header in client.rows(soql.select(["Id", *HOURS], HEADER, condition, order="Id")):
        yield from entries(header)
