"""Play a scenario: each step through the billing code and the database, what it gave against what it was to give."""

from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from billing.scenarios import limits
from billing.scenarios.comparing import difference
from billing.scenarios.drafted import Draft, put_in_force
from billing.scenarios.reading import BadScenario, Scenario, Unsupported, Words, read
from billing.scenarios.registry import VERBS, Verb
from billing.scenarios.world import build


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a scenario: `passed`, `failed` with the first difference, or `unsupported` with the reason."""

    id: str
    title: str
    outcome: str
    step: int = 0
    verb: str = ""
    detail: str = ""


class _Undo(Exception):
    """Ends the transaction of a scenario, which must leave nothing behind."""


def play_file(path: Path, draft: Draft | None = None) -> Result:
    """Play the scenario of a file, by the rules of a draft where one is given; one that cannot be read has failed."""
    try:
        return play(read(path), draft)
    except BadScenario as error:
        return Result(path.stem, path.name, "failed", detail=str(error))


def play(scenario: Scenario, draft: Draft | None = None) -> Result:
    """Play a scenario in a transaction that is rolled back whatever happens. Raises NotReady for a bad draft."""
    results: list[Result] = []
    try:
        with transaction.atomic():
            if draft is not None:
                put_in_force(draft)
            results.append(_play(scenario))
            raise _Undo
    except _Undo:
        return results[0]


def _play(scenario: Scenario) -> Result:
    number, verb = 0, ""
    try:
        given = Words("given", scenario.given)
        world = build(given, Words("policy", scenario.policy))
        limits.agree(world, given)
        for number, values in enumerate(scenario.steps, start=1):
            step = Words(f"step {number}", values)
            verb, expected = str(step.need("do")), step.take("expect")
            actual = _verb(verb)(world, step)
            step.done()
            if expected is not None and (found := difference(expected, actual)):
                return Result(scenario.id, scenario.title, "failed", number, verb, found)
    except Unsupported as error:
        return Result(scenario.id, scenario.title, "unsupported", number, verb, str(error))
    except BadScenario as error:
        return Result(scenario.id, scenario.title, "failed", number, verb, str(error))
    return Result(scenario.id, scenario.title, "passed")


def _verb(name: str) -> Verb:
    verb = VERBS.find(name)
    if verb is None:
        raise BadScenario(f"{name!r} is no verb.")
    return verb
