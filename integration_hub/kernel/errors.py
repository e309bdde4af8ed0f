"""Errors that name the record, the field and the remedy."""

from dataclasses import dataclass


class ThroughlineError(Exception):
    """Base of all errors a user or an API client may be shown."""


class Denied(ThroughlineError):
    """A policy said no; the text is the reason."""


class Stale(ThroughlineError):
    """Somebody changed the row since it was shown."""

    def __init__(
        self, message: str = "Someone else changed this since you opened it. Check it and decide again."
    ) -> None:
        super().__init__(message)


class NotReady(ThroughlineError):
    """The object is not in a state that allows this; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field of one record."""

    field: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.field}: {self.message}" if self.field else self.message
        return f"{text} {self.remedy}".strip()


class BadInput(ThroughlineError):
    """Input that was refused: which record, which fields, what to do."""

    def __init__(self, record: str, problems: list[Problem]) -> None:
        self.record = record
        self.problems = problems
        super().__init__(f"{record}: " + "; ".join(str(problem) for problem in problems))
