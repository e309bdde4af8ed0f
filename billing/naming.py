"""What codes of billing are called for people."""

from billing.models import BillableEvent, HoldCode
from integration_hub.cases.registry import KINDS

HOLDS: dict[str, str] = dict(HoldCode.choices)


def code_words(code: str) -> str:
    """What a code says in words: the title of its exception, the name of its hold, else the code as a sentence."""
    kind = KINDS.find(code)
    return kind.title if kind else HOLDS.get(code, code.replace("_", " ").capitalize())


def work_title(event: BillableEvent) -> str:
    """A piece of work for people: what kind, whose or for what, which day."""
    who = event.resource.name if event.resource else ""
    what = event.milestone.name if event.milestone else event.line.name if event.line else ""
    day = f"{event.service_date.day} {event.service_date:%b %Y}"
    return f"{event.get_kind_display()} · {who or what or event.category or 'work'} · {day}"
