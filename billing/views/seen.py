"""Decisions on candidates carry what the person saw: version, hash, total and the last event told on the page."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from billing.models import Candidate
from integration_hub.console import timeline
from integration_hub.console.http import Request
from integration_hub.console.wording import decimal
from integration_hub.kernel.money import show
from integration_hub.trail.queries import timeline_of

TOLD = 3


def decision_url(name: str, candidate: Candidate, last_event: int) -> str:
    """The address of a decision, bound to what the page shows."""
    return f"{reverse(name, args=[candidate.pk])}?{urlencode(as_shown(candidate, last_event))}"


def as_shown(candidate: Candidate, last_event: int) -> dict[str, Any]:
    """What a form states as seen."""
    return {
        "version": candidate.version,
        "content_hash": candidate.content_hash,
        "gross": f"{candidate.gross:f}",
        "event": last_event,
    }


def as_seen(candidate: Candidate, request: Request) -> dict[str, Any]:
    """What the page that led here showed; what is shown now when it was opened by itself."""
    stated = {name: request.GET[name] for name in ("version", "content_hash", "gross", "event") if name in request.GET}
    last = timeline_of("billing.candidate", candidate.pk, limit=1).first()
    return as_shown(candidate, last.pk if last else 0) | stated


def moved_since(candidate: Candidate, seen: dict[str, Any]) -> str:
    """What has changed since somebody saw the candidate, in sentences; empty when nothing has."""
    same_version = str(seen.get("version")) == str(candidate.version)
    same_content = str(seen.get("content_hash", "")) == candidate.content_hash
    if same_version and same_content:
        return ""
    return " ".join(filter(None, [_figures(candidate, seen, same_content), _happened(candidate, seen)]))


def _figures(candidate: Candidate, seen: dict[str, Any], same_content: bool) -> str:
    before = decimal(seen.get("gross"))
    status = candidate.get_status_display().lower()
    if same_content:
        return f"The figures are the same, but it is now {status}."
    if before is not None and before != candidate.gross:
        was, now_ = show(before, candidate.currency), show(candidate.gross, candidate.currency)
        return f"The figures moved: gross was {was} and is {now_}. It is now {status}."
    return f"The total is the same, but lines, tax, PO, bill-to or terms moved. It is now {status}."


def _happened(candidate: Candidate, seen: dict[str, Any]) -> str:
    """The last things that happened since, each in one sentence."""
    if not str(seen.get("event", "")).isdecimal():
        return ""
    rows = timeline_of("billing.candidate", candidate.pk).filter(pk__gt=int(seen["event"]))[:TOLD]
    told = [f"{entry.actor} {entry.items[0].sentence}" for entry in timeline.entries(rows)]
    return f"Since then: {'; '.join(told)}." if told else ""
