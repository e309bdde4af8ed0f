"""A scenario as its file says it. Every key is taken by somebody: one that nobody takes is told, never passed over."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml


class Unsupported(Exception):
    """The scenario asks for something this product does not do; the text says what."""


class BadScenario(Exception):
    """The file is no scenario: the text says where and why."""


class Words:
    """The keys of one mapping of a file, each taken once; what is left when it is done is unsupported."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        if not isinstance(values, Mapping):
            raise BadScenario(f"{where} is {values!r}, not a mapping.")
        self.where = where
        self._values = dict(values)

    def take(self, name: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self._values.pop(name, default)

    def need(self, name: str) -> Any:
        """The value of a key that must be there."""
        if name not in self._values:
            raise BadScenario(f"{self.where} lacks {name!r}.")
        return self._values.pop(name)

    def number(self, name: str) -> Decimal | None:
        """A decimal; quoted, so that nothing is lost on the way."""
        value = self.take(name)
        if value is None:
            return None
        try:
            return Decimal(str(value))
        except InvalidOperation as error:
            raise BadScenario(f"{self.where}: {name} is {value!r}, not a number.") from error

    def amount(self, name: str) -> Decimal:
        """A decimal that must be there."""
        value = self.number(name)
        if value is None:
            raise BadScenario(f"{self.where} lacks {name!r}.")
        return value

    def day(self, name: str) -> date | None:
        """A date."""
        value = self.take(name)
        if value is None or isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError as error:
            raise BadScenario(f"{self.where}: {name} is {value!r}, not a date.") from error

    def on(self, name: str) -> date:
        """A date that must be there."""
        value = self.day(name)
        if value is None:
            raise BadScenario(f"{self.where} lacks {name!r}.")
        return value

    def one_of(self, name: str, known: Mapping[str, Any], default: str) -> Any:
        """What a word means here; another word is unsupported."""
        word = str(self.take(name, default))
        if word not in known:
            raise Unsupported(f"{self.where}: {name} {word}")
        return known[word]

    def rows(self, name: str) -> list[Any]:
        """A list, empty when it is not there."""
        value = self.take(name, [])
        if not isinstance(value, list):
            raise BadScenario(f"{self.where}: {name} is no list.")
        return value

    def done(self) -> None:
        """Nothing may be left."""
        if self._values:
            raise Unsupported(f"{self.where}: {', '.join(sorted(self._values))}")


@contextmanager
def words(where: str, values: Mapping[str, Any]) -> Iterator[Words]:
    """The keys of a mapping, all of which have to be taken."""
    found = Words(where, values)
    yield found
    found.done()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story: `given` is there at the start, `steps` happen in order and say what must come out."""

    id: str
    title: str
    policy: Mapping[str, Any]
    given: Mapping[str, Any]
    steps: tuple[Mapping[str, Any], ...]


def read(path: Path) -> Scenario:
    """The scenario of a file. Raises BadScenario when it is none."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise BadScenario(f"{path.name} is no YAML: {error}") from error
    if not isinstance(content, Mapping) or not isinstance(content.get("steps"), list):
        raise BadScenario(f"{path.name} has no steps.")
    return Scenario(
        id=str(content.get("id") or path.stem),
        title=str(content.get("title") or path.stem),
        policy=content.get("policy") or {},
        given=content.get("given") or {},
        steps=tuple(content["steps"]),
    )


def files(folder: Path) -> list[Path]:
    """The scenarios of a folder, by name."""
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
