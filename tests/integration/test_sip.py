"""Ten years of real project work, loaded by the commands of the how-to. Runs where the data set lies at hand."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.db.models import Max, Sum

from billing.models import BillableEvent, Decision, Piece
from contracts.models import Project, Resource, Task
from integration_hub.cases.models import Case
from integration_hub.environment import BASE_DIR
from integration_hub.intake.models import Run, SourceVersion
from integration_hub.trail.models import Event
from tests import howto
from tests.howto import beside_docs

__all__ = ["beside_docs"]

FOLDERS = [BASE_DIR.parent / "shared" / "data" / "sip", Path("/work/shared/data/sip")]
DATA = next((folder for folder in FOLDERS if (folder / "Sip-task-info.csv").is_file()), None)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(DATA is None, reason="the SiP data set is not at hand: it is no part of this project"),
]


@pytest.fixture(autouse=True)
def fresh_plans(db: None) -> Iterator[None]:
    """Nothing is committed here, so that autovacuum would find full tables empty and have them searched row by row: it
    is kept away. At the end all references are checked at once, by plans made while the tables really were empty."""
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(map(connection.ops.quote_name, names))} IN SHARE UPDATE EXCLUSIVE MODE")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


def stored() -> dict[str, tuple[int, Any]]:
    """How many rows there are of what a load may make, and the newest of each."""
    models: tuple[Any, ...] = (SourceVersion, BillableEvent, Decision, Piece, Project, Resource, Task, Case)
    return {
        model.__name__: (model.objects.count(), model.objects.aggregate(newest=Max("pk"))["newest"]) for model in models
    }


def load() -> dict[str, Any]:
    """All commands of the page; the account of hours as JSON."""
    assert DATA is not None
    commands = howto.larger(DATA)
    for command in commands[:-1]:
        howto.run(command)
    assert howto.run(commands[-1]) == howto.told(1)
    return dict(json.loads(howto.run([*commands[-1], "--json"])))


def test_ten_years_end_in_their_buckets_and_a_second_load_changes_nothing(beside_docs: Path) -> None:
    (account,) = load()["legal_entities"]

    buckets = {(bucket["state"], bucket["code"]): Decimal(bucket["hours"]) for bucket in account["buckets"]}
    assert buckets == {
        ("billable", ""): Decimal("78485.66"),
        ("non_billable", "NON_BILLABLE"): Decimal("14028.19"),
        ("blocked", "NOT_APPROVED"): Decimal("2488.13"),
    }
    assert sum(buckets.values()) == Decimal(account["hours_in"]) == Decimal("95001.98")
    assert BillableEvent.objects.count() == Decision.objects.count() == Piece.objects.count() == 12_299
    assert BillableEvent.objects.aggregate(total=Sum("minutes"))["total"] == Decimal("95001.98") * 60
    assert BillableEvent.objects.latest("minutes").minutes == Decimal("2100.5") * 60
    assert (Task.objects.count(), Resource.objects.count()) == (10_266, 22)
    assert Project.objects.exclude(code="SIP-2004").count() == 20
    run = Run.objects.get(feed__entity="time_entry")
    assert (run.read, run.applied, run.error) == (12_299, 12_299, "")
    assert not Case.objects.exists()

    before, billed = stored(), Event.objects.filter(action__startswith="billing.").count()
    (again,) = load()["legal_entities"]

    assert again == account
    assert stored() == before
    assert Event.objects.filter(action__startswith="billing.").count() == billed
    assert Run.objects.filter(feed__entity="time_entry").latest("pk").unchanged == 12_299
