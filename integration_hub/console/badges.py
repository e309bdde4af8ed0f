"""The words of status: every state of every noun has one tone and one icon, so that no screen relies on colour."""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["neutral", "info", "progress", "success", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class Badge:
    """A status as people read it: a word, a tone and an icon of `static/icons.svg`."""

    label: str
    tone: Tone = "neutral"
    icon: str = "point"


_WORDS: dict[str, tuple[Tone, str]] = {}


def words(tone: Tone, icon: str, *statuses: str) -> None:
    """Give statuses a tone and an icon. Apps add their own words in `AppConfig.ready()`."""
    for status in statuses:
        _WORDS[status] = (tone, icon)


def badge(status: object, label: str = "") -> Badge:
    """The badge of a status code; unknown codes are neutral, never wrong. A `Badge` is passed through."""
    if isinstance(status, Badge):
        return status
    code = str(getattr(status, "value", status) or "")
    tone, icon = _WORDS.get(code, ("neutral", "point"))
    text = label or str(getattr(status, "label", "")) or code.replace("_", " ").capitalize()
    return Badge(text, tone, icon)


_TABLE: tuple[tuple[Tone, str, str], ...] = (
    ("neutral", "point", "draft new idle planned inactive none"),
    ("neutral", "clock", "pending queued scheduled waiting snoozed proposed"),
    ("neutral", "ban", "cancelled void voided skipped superseded closed expired written_off disabled"),
    ("info", "circle-dot", "open assigned submitted in_review sent claimed unbilled"),
    ("progress", "loader", "running retrying in_progress processing posting probing sending importing"),
    (
        "success",
        "circle-check",
        "active approved completed confirmed done finalised healthy matched ok paid posted ready",
    ),
    ("success", "circle-check", "released resolved succeeded billed billable signed on_time"),
    ("warning", "hand-stop", "held on_hold hold paused blocked"),
    ("warning", "alert-triangle", "warning late overdue due unknown partial stale mapping expiring medium"),
    ("danger", "alert-octagon", "failed error broken break dead bug critical high mismatch disputed"),
    ("danger", "circle-x", "rejected refused returned denied"),
)
for _tone, _icon, _statuses in _TABLE:
    words(_tone, _icon, *_statuses.split())
