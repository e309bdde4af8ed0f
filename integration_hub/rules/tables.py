"""Decision tables without the database: what a kind decides, its rules in order, and the answer with its reason."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal, Protocol

from integration_hub.kernel.errors import Problem, ThroughlineError
from integration_hub.rules import language
from integration_hub.rules.history import Found, Period

InputType = Literal["text", "number", "bool", "day"]
Value = str | float | bool
Inputs = Mapping[str, Value]
Outputs = Mapping[str, str]


class NoRule(ThroughlineError):
    """A table could not decide; says which and why. A published one always can: its last rule takes everything."""


@dataclass(frozen=True, slots=True)
class Input:
    """Something a condition may look at. `values` are all it can be, where that is known; a day is text like
    2026-07-01.
    """

    name: str
    label: str
    type: InputType = "text"
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """Something a rule says. `values` are those allowed (none named: any text); `many`: several, with commas."""

    name: str
    label: str
    values: tuple[str, ...] = ()
    many: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule: where its condition holds, these are the outputs. An empty condition always holds."""

    condition: str
    outputs: Outputs
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """What tables of one kind decide; `delivered` are the rules until somebody publishes others.

    `published` is told, in the transaction, that the rules of a legal entity ("": of all) are others now. `proved` says
    what else is wrong with rules, from their text alone; `tried` what is wrong with a table when it is tried on the
    data there are, when it is checked and again when it is published. `history` runs a draft over stored decisions.
    """

    name: str
    title: str
    about: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    delivered: tuple[RuleSpec, ...]
    published: Callable[[str], None] | None = field(default=None, compare=False)
    proved: "Callable[[Sequence[RuleSpec]], Iterable[Problem]] | None" = field(default=None, compare=False)
    tried: "Callable[[Table], Iterable[Problem]] | None" = field(default=None, compare=False)
    history: "History | None" = field(default=None, compare=False)

    @property
    def names(self) -> frozenset[str]:
        """The names of its inputs."""
        return frozenset(item.name for item in self.inputs)

    @property
    def days(self) -> frozenset[str]:
        """The names of those inputs that are days."""
        return frozenset(item.name for item in self.inputs if item.type == "day")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a table said, by which rule (counted from 1) of which version; version 0 is the one delivered."""

    outputs: Outputs
    table: str
    version: int
    rule: int
    note: str = ""

    def __getitem__(self, output: str) -> str:
        return self.outputs[output]

    def facts(self) -> dict[str, object]:
        """The answer as plain JSON, to be frozen into a decision."""
        return {**self.outputs, "table": self.table, "version": self.version, "rule": self.rule, "note": self.note}

    def told(self) -> str:
        """Which rule it was, in words."""
        version = f"version {self.version}" if self.version else "as delivered"
        return f"rule {self.rule} of {self.table}, {version}"


@dataclass(frozen=True)
class Table:
    """The rules of one version, compiled: the first whose condition holds decides."""

    kind: Kind
    legal_entity: str
    version: int
    rules: tuple[RuleSpec, ...]
    conditions: tuple[language.Condition, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The table as a decision records it: its kind, and its legal entity where it is of one."""
        return f"{self.kind.name}:{self.legal_entity}" if self.legal_entity else self.kind.name

    @property
    def days(self) -> frozenset[date]:
        """The days its conditions name: between two of them its answers do not depend on the day."""
        looked = [condition for condition in self.conditions if condition.names & self.kind.days]
        return frozenset(day for condition in looked for text in condition.texts if (day := _day(text)) is not None)

    def names(self, text: str) -> bool:
        """Whether a condition names this text: rules that are older than a value of an input do not."""
        return any(text in condition.texts for condition in self.conditions)

    @cached_property
    def facts(self) -> dict[str, object]:
        """The table as plain JSON, for `recalled`."""
        rules = [{"condition": r.condition, "outputs": dict(r.outputs), "note": r.note} for r in self.rules]
        return {"legal_entity": self.legal_entity, "version": self.version, "rules": rules}

    def decide(self, inputs: Inputs) -> Answer:
        """The outputs for these inputs, which must be all of the kind's. Raises NoRule."""
        asked = language.context(dict(inputs))
        for place, condition in enumerate(self.conditions):
            try:
                found = condition.holds(asked)
            except (TypeError, ValueError, RuntimeError, ArithmeticError) as error:
                raise NoRule(f"Rule {place + 1} of {self.name} cannot be asked: {error}") from error
            if found:
                rule = self.rules[place]
                return Answer(rule.outputs, self.name, self.version, place + 1, rule.note)
        raise NoRule(f"No rule of {self.name}, version {self.version}, takes this.")


class History(Protocol):
    """How a room decides again, by a draft, what it has stored: by the code that decides, and storing nothing."""

    @property
    def noun(self) -> str:
        """What a unit is, e.g. `contracts`."""

    def legal_entities(self) -> Sequence[str]:
        """The codes of those that have decisions."""

    def count(self, period: Period) -> int:
        """How many units have such decisions."""

    def following(self, period: Period, after: int) -> int | None:
        """The unit with the least id beyond `after`; None behind the last one."""

    def examine(self, unit: int, period: Period, draft: Table) -> Found:
        """What the draft makes of a unit. Raises NotReady while somebody works on it."""


def compiled(kind: Kind, rules: Sequence[RuleSpec], *, legal_entity: str = "", version: int = 0) -> Table:
    """Rules ready to decide. Raises language.BadCondition."""
    conditions = tuple(language.read(rule.condition, kind.names, kind.days) for rule in rules)
    return Table(kind, legal_entity, version, tuple(rules), conditions)


def recalled(kind: Kind, facts: Mapping[str, Any]) -> Table:
    """The table that `Table.facts` wrote. Raises language.BadCondition."""
    rules = [RuleSpec(row["condition"], row["outputs"], row["note"]) for row in facts["rules"]]
    return compiled(kind, rules, legal_entity=facts["legal_entity"], version=facts["version"])


def delivered(kind: Kind) -> Table:
    """The rules a kind comes with."""
    return compiled(kind, kind.delivered)


def chosen(outputs: Outputs, name: str) -> tuple[str, ...]:
    """The values of an output that may be several."""
    return tuple(part.strip() for part in outputs.get(name, "").split(",") if part.strip())


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
