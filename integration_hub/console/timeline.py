"""The timeline: what happened, told in sentences, acts of one person or run kept together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from integration_hub.console.actors import OURSELVES, name_of, names_of
from integration_hub.console.badges import Tone
from integration_hub.console.columns import follow
from integration_hub.kernel.registry import Registry

Sentence = str | Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Presenter:
    """How one kind of event is told.

    `sentence` continues the actor's name ("released the hold"): a text in which {label} and the keys of the event's
    `data` are filled in, or a function of the event.
    """

    icon: str
    sentence: Sentence
    tone: Tone = "neutral"


PRESENTERS: Registry[Presenter] = Registry("event presenter")


def tell(action: str, icon: str, sentence: Sentence, tone: Tone = "neutral") -> None:
    """Register how an action is told; called in `AppConfig.ready()`."""
    PRESENTERS.register(action, Presenter(icon, sentence, tone))


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that happened."""

    icon: str
    tone: Tone
    sentence: str
    when: datetime
    label: str
    changes: list[tuple[str, Any, Any]]


@dataclass(frozen=True, slots=True)
class Entry:
    """Things that happened in one act: the same correlation, actor and reason."""

    actor: str
    person: bool
    reason: str
    correlation_id: str
    when: datetime
    items: list[Item] = field(default_factory=list)

    @property
    def tone(self) -> Tone:
        """The gravest tone of the items."""
        order: list[Tone] = ["danger", "warning", "success", "progress", "info", "neutral"]
        return min((item.tone for item in self.items), key=order.index, default="neutral")


def entries(events: Iterable[Any]) -> list[Entry]:
    """Events (objects or dicts, newest or oldest first) as timeline entries in the same order."""
    told = list(events)
    names = names_of(str(follow(event, "actor") or OURSELVES) for event in told) if told else {}
    return [_entry(list(group), names) for _, group in groupby(told, key=_act)]


def sentences(events: Iterable[Any]) -> list[str]:
    """What each event says, with its actor and without its reason: `Fiona Hart assigned it to Paula Reed`."""
    told = list(events)
    names = names_of(str(follow(event, "actor") or OURSELVES) for event in told) if told else {}
    return [f"{names[str(follow(event, 'actor') or OURSELVES)]} {_item(event).sentence}" for event in told]


def _act(event: Any) -> tuple[Any, ...]:
    correlation = follow(event, "correlation_id")
    alone = None if correlation else follow(event, "recorded_at")
    return correlation, follow(event, "actor"), follow(event, "reason") or "", alone


def _entry(events: list[Any], names: dict[str, str]) -> Entry:
    first = events[0]
    return Entry(
        actor=names[str(follow(first, "actor") or OURSELVES)],
        person=follow(first, "actor_kind") == "person",
        reason=str(follow(first, "reason") or ""),
        correlation_id=str(follow(first, "correlation_id") or ""),
        when=follow(first, "recorded_at"),
        items=[_item(event) for event in events],
    )


def _item(event: Any) -> Item:
    action = str(follow(event, "action"))
    presenter = PRESENTERS.find(action) or _fallback(action)
    data = follow(event, "data") or {}
    label = str(follow(event, "object_label") or follow(event, "object_id") or "")
    return Item(
        icon=presenter.icon,
        tone=presenter.tone,
        sentence=_fill(presenter.sentence, event, label, data),
        when=follow(event, "recorded_at"),
        label=label,
        changes=_changes(data),
    )


class _Known(dict[str, Any]):
    """Values of a sentence; what the event does not carry is a dash."""

    def __missing__(self, key: str) -> str:
        return "–"


def _fill(sentence: Sentence, event: Any, label: str, data: dict[str, Any]) -> str:
    standing = data.get("stands_in_for")
    return f"{_said(sentence, event, label, data)}{f', for {name_of(str(standing))}' if standing else ''}"


def _said(sentence: Sentence, event: Any, label: str, data: dict[str, Any]) -> str:
    if callable(sentence):
        return sentence(event)
    return sentence.format_map(_Known({**{key: _plain(value) for key, value in data.items()}, "label": label}))


def _plain(value: Any) -> str:
    return "–" if value is None else str(value)


def _fallback(action: str) -> Presenter:
    """`billing.hold.released` → "hold released": readable, though nobody has written a sentence for it."""
    words = " ".join(action.split(".")[-2:]).replace("_", " ")
    return Presenter("point", f"{words.replace('{', '').replace('}', '')}: {{label}}")


def _changes(data: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Field changes: `data["changes"] = {"status": ["open", "released"]}`."""
    changes = data.get("changes")
    if not isinstance(changes, dict):
        return []
    pairs = ((name, pair) for name, pair in changes.items() if isinstance(pair, list | tuple) and len(pair) == 2)
    return [(name.replace("_", " "), before, after) for name, (before, after) in pairs]
