"""What time trackers have in common in the PSA's place: project shells we find again, and invoices as lines of notes.

They know no idempotency, price nothing for us and have no place for an invoice. So each write looks for what is there
first and makes what is missing (a send that was cut off is repeated safely), and an invoice is a line in the notes of
its project. A vendor's `Shells` say how a project carries our reference, and how it is opened and changed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from integration_hub.connectors.registry import Confirmed, Sent, Write, WriteSpec
from integration_hub.kernel.failures import Failed, FailureClass

Payload = dict[str, Any]
CREATE, ARCHIVE, INVOICE = "project.create", "project.archive", "invoice_status.write"
_REFERENCE = re.compile(r"^Contract:[ \t]*(\S+)[ \t]*$", re.MULTILINE)


def reference_in(text: object) -> str:
    """The contract's number that a line of a project's text names (`Contract: C-1001`); empty where none does."""
    found = _REFERENCE.search(str(text or ""))
    return found[1] if found else ""


def writes(vendor: str) -> tuple[WriteSpec, ...]:
    """The writes of a time tracker, for its manifest."""
    return (
        WriteSpec(f"{vendor}.{CREATE}", "Project shell", "P", undo=f"{vendor}.{ARCHIVE}"),
        WriteSpec(f"{vendor}.{ARCHIVE}", "Project archived", "P"),
        WriteSpec(f"{vendor}.{INVOICE}", "Invoice status in the notes of the project", "P"),
    )


@dataclass(frozen=True, slots=True)
class Shell:
    """A project as the tracker has it; `facts` are what a confirmation shows of it."""

    key: str
    name: str
    active: bool
    notes: str
    facts: dict[str, Any] = field(default_factory=dict)


class Shells(Protocol):
    """The projects of one account. Every method raises Failed."""

    def referred(self, reference: str) -> Shell | None:
        """The project that carries our reference; the oldest, should somebody have copied it."""
        ...

    def one(self, key: str) -> Shell | None:
        """The project with this id; None when it is not there."""
        ...

    def open(self, payload: Payload) -> Shell:
        """A new project for `reference`, `title`, `customer`, `currency`, `starts_on` and `ends_on`."""
        ...

    def reopen(self, shell: Shell, title: str) -> None:
        """An archived project is used again."""
        ...

    def archive(self, shell: Shell) -> None:
        """Nobody may book on it any more."""
        ...

    def note(self, shell: Shell, notes: str) -> None:
        """Put these notes in the place of those it has."""
        ...


def send(shells: Shells, write: Write) -> Sent:
    """Make what is missing for a write. Raises Failed."""
    return _SEND[_kind(write)](shells, write)


def find(shells: Shells, write: Write) -> Confirmed | None:
    """What a write makes, if it is there in full. Raises Failed."""
    return _FIND[_kind(write)](shells, write)


def _kind(write: Write) -> str:
    return write.effect_type.partition(".")[2]


def _create(shells: Shells, write: Write) -> Sent:
    payload = write.payload
    shell = shells.referred(payload["reference"])
    if shell is None:
        shell = shells.open(payload)
    elif not shell.active:  # an earlier activation was undone: the shell is used again
        shells.reopen(shell, payload["title"])
    return Sent(remote_id=shell.key, status=200)


def _find_created(shells: Shells, write: Write) -> Confirmed | None:
    shell = shells.referred(write.payload["reference"])
    return Confirmed(shell.key, shell.name, shell.facts) if shell is not None and shell.active else None


def _named(shells: Shells, write: Write) -> Shell | None:
    """The project by its id, or by our reference when the id never came back."""
    if known := write.payload.get("remote_id") or write.remote_id:
        return shells.one(str(known))
    return shells.referred(str(write.payload.get("reference") or ""))


def _archive(shells: Shells, write: Write) -> Sent:
    shell = _named(shells, write)
    if shell is None:
        raise Failed(FailureClass.DATA, f"{write.business_key}: there is no project to archive", field="remote_id")
    shells.archive(shell)
    return Sent(remote_id=shell.key, status=200)


def _find_archived(shells: Shells, write: Write) -> Confirmed | None:
    shell = _named(shells, write)
    return Confirmed(shell.key, shell.name, {"is_active": False}) if shell is not None and not shell.active else None


def _lead(payload: Payload) -> str:
    return f"Invoice {payload['reference']}: "


def _line(payload: Payload) -> str:
    return f"{_lead(payload)}{payload['amount']} {payload['currency']} {payload['status']}"


def _tell_invoice(shells: Shells, write: Write) -> Sent:
    """One line of the notes per invoice; whatever people wrote there stays."""
    payload = write.payload
    shell = shells.one(payload["project_remote_id"])
    if shell is None:
        raise Failed(FailureClass.DATA, f"{write.business_key}: the project is gone", field="project_remote_id")
    kept = [line for line in shell.notes.splitlines() if not line.startswith(_lead(payload))]
    shells.note(shell, "\n".join([*kept, _line(payload)]))
    return Sent(remote_id=shell.key, status=200)


def _find_invoice(shells: Shells, write: Write) -> Confirmed | None:
    shell = shells.one(write.payload["project_remote_id"])
    line = _line(write.payload)
    if shell is None or line not in shell.notes.splitlines():
        return None
    return Confirmed(shell.key, str(write.payload["reference"]), {"note": line})


_SEND: dict[str, Callable[[Shells, Write], Sent]] = {CREATE: _create, ARCHIVE: _archive, INVOICE: _tell_invoice}
_FIND: dict[str, Callable[[Shells, Write], Confirmed | None]] = {
    CREATE: _find_created,
    ARCHIVE: _find_archived,
    INVOICE: _find_invoice,
}
