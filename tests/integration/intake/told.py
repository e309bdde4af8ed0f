"""What tests of the intake ask: what a run counted, which cases are open, a mapping with one rule changed."""

import io
from typing import Any

from django.core.management import call_command

from integration_hub.cases.models import Case
from integration_hub.intake.models import Run
from tests.integration.intake.conftest import MAPPING


def counted(run: Run) -> dict[str, int]:
    """What a run counted, without the noughts."""
    names = ("read", "applied", "unchanged", "stale", "conflicts", "parked", "refused", "filtered")
    return {name: getattr(run, name) for name in names if getattr(run, name)}


def open_cases(code: str) -> list[Case]:
    """Open cases of a code."""
    return list(Case.objects.filter(code=code).exclude(status="resolved"))


def with_rule(target: str, change: dict[str, Any]) -> dict[str, Any]:
    """The mapping of time entries with one rule changed."""
    entity = MAPPING["entities"]["time_entry"]
    rules = [{**rule, **change} if rule["target"] == target else rule for rule in entity["rules"]]
    return {**entity, "rules": rules}


def command(*args: Any) -> str:
    """What a command writes."""
    out = io.StringIO()
    call_command(*[str(arg) for arg in args], stdout=out)
    return out.getvalue()
