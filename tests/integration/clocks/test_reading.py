"""Clocks against an independent recomputation in plain SQL that counts minutes, over zones, weekends and holidays."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models import Contract
from integration_hub.clocks import reading
from integration_hub.clocks.reading import Asked, Standing
from integration_hub.clocks.registry import CLOCKS, ClockKind
from integration_hub.people.models import Role
from tests.integration.clocks.conftest import AS_OF, SINCE, aim, build
from tests.screens import user
from tests.worlds import shared

pytestmark = pytest.mark.django_db
STATEMENTS = 4
"""Of one clock: working times of two tables, and the clock itself, once more where one began long ago."""
MINUTES = """
SELECT contract.number, contract.activated_at <= %(as_of)s AS has_ended,
       count(minute) FILTER (
           WHERE extract(isodow FROM minute AT TIME ZONE entity.zone) < 6
             AND (minute AT TIME ZONE entity.zone)::time >= '09:00'
             AND (minute AT TIME ZONE entity.zone)::time < CASE
                 WHEN entity.code <> 'DE01' THEN '17:00'::time
                 WHEN (minute AT TIME ZONE entity.zone)::date = '2026-04-02' THEN '13:00'
                 WHEN (minute AT TIME ZONE entity.zone)::date IN ('2026-04-03', '2026-04-06') THEN '09:00'
                 ELSE '16:30' END
       ) AS minutes, CASE WHEN entity.code = 'DE01' THEN 450 ELSE 480 END AS day
  FROM contracts_contract AS contract JOIN contracts_legalentity AS entity ON entity.id = contract.legal_entity_id
  LEFT JOIN LATERAL generate_series(contract.signed_on::timestamp AT TIME ZONE entity.zone,
      least(coalesce(contract.activated_at, %(as_of)s), %(as_of)s) - interval '1 minute', '1 minute') AS minute ON true
 GROUP BY contract.id, entity.id
"""


@shared
def world() -> tuple[Contract, ...]:
    return build()


@pytest.fixture
def everyone(world):
    return user(Role.FINANCE, "finance")


@pytest.fixture
def activation() -> ClockKind:
    return CLOCKS.get("project-activation")


def counted(as_of: datetime) -> dict[str, tuple[bool, Decimal]]:
    """By contract whether it has ended, and the working days counted minute by minute."""
    with connection.cursor() as cursor:
        cursor.execute(MINUTES, {"as_of": as_of})
        return {
            number: (bool(ended), Decimal(minutes) / Decimal(day)) for number, ended, minutes, day in cursor.fetchall()
        }


def between(values: list[Decimal], share: str) -> Decimal:
    """The percentile by linear interpolation, by hand."""
    ordered, place = sorted(values), Decimal(share) * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def near(found: Decimal | None, expected: Decimal) -> bool:
    assert found is not None
    return abs(found - expected) < Decimal("0.0001")


@pytest.mark.parametrize("as_of", [AS_OF, datetime(2026, 3, 31, 7, 30, tzinfo=UTC)])
def test_a_clock_equals_counting_its_minutes_in_plain_sql(everyone, activation, as_of):
    asked = Asked(as_of, SINCE, everyone)
    expected = counted(as_of)
    begun = {n for n, signed in Contract.objects.values_list("number", "signed_on") if signed <= as_of.date()}
    ended = [days for number, (over, days) in expected.items() if over and number in begun]
    runs = {number: days for number, (over, days) in expected.items() if not over and number in begun}
    found = reading.summary(activation, asked)
    assert (found.ended, found.running) == (len(ended), len(runs))
    assert len(ended) >= 2
    assert near(found.median, between(ended, "0.5"))
    assert near(found.p90, between(ended, "0.9"))
    assert near(found.p95, between(ended, "0.95"))
    assert near(found.oldest, max(runs.values()))
    assert sum(found.buckets) == found.ended
    for row in reading.running(activation, asked):
        assert near(row.used, runs.pop(row.contract)), row.contract
    assert not runs


def test_what_ended_later_was_running_and_what_began_later_is_not_there(everyone, activation):
    before = Asked(datetime(2026, 3, 9, 13, 0, tzinfo=UTC), SINCE, everyone)
    assert {row.contract for row in reading.running(activation, before)} == {"C-2", "C-8"}
    assert [row.contract for row in reading.ended(activation, before)] == ["C-1"]


def test_what_ended_before_the_period_is_left_out(everyone, activation):
    asked = Asked(AS_OF, datetime(2026, 4, 1, tzinfo=UTC), everyone)
    assert [row.contract for row in reading.ended(activation, asked)] == ["C-5", "C-6"]


def test_weeks_are_those_of_the_end(everyone, activation):
    weeks = reading.weeks(activation, Asked(AS_OF, SINCE, everyone))
    assert [(week.monday, week.ended) for week in weeks] == [
        (date(2026, 3, 2), 1), (date(2026, 3, 9), 1), (date(2026, 3, 30), 2), (date(2026, 4, 6), 1),
    ]  # fmt: skip
    assert near(weeks[0].median, counted(AS_OF)["C-1"][1])


def test_only_what_the_person_may_see(world, activation):
    german = user(Role.FINANCE, "german", entities=("DE01",))
    asked = Asked(AS_OF, SINCE, german)
    assert {row.legal_entity for row in reading.running(activation, asked)} == {"DE01"}
    assert reading.summary(activation, asked).ended == 2
    assert reading.summary(activation, Asked(AS_OF, SINCE, german, legal_entity="US01")).running == 0


def test_the_narrowest_target_in_force_at_the_start_judges(everyone, activation, admin):
    aim(admin, "project-activation", "1")
    aim(admin, "project-activation", "6", legal_entity="US01")
    aim(admin, "project-activation", "50", legal_entity="US01", on=date(2026, 3, 10))
    aim(admin, "project-activation", "30", contract="C-4")
    aim(admin, "project-activation", None, contract="C-8")
    asked = Asked(AS_OF, SINCE, everyone)
    within = {row.contract: row.within for row in reading.running(activation, asked)}
    assert within == {"C-4": 30, "C-7": 1, "C-8": None}
    ended = {row.contract: (int(row.within or 0), row.standing) for row in reading.ended(activation, asked)}
    assert ended == {
        "C-1": (6, Standing.IN_TIME),
        "C-2": (6, Standing.IN_TIME),
        "C-3": (50, Standing.IN_TIME),
        "C-5": (1, Standing.LATE),
        "C-6": (1, Standing.LATE),
    }
    found = reading.summary(activation, asked)
    assert (found.judged, found.kept, found.late, found.near) == (5, 3, 1, 0)


def test_a_later_statement_of_the_same_day_counts(everyone, activation, admin):
    aim(admin, "project-activation", "1")
    aim(admin, "project-activation", "400")
    assert {row.within for row in reading.running(activation, Asked(AS_OF, SINCE, everyone))} == {400}


def test_nearest_to_its_target_first_then_what_is_over_it(everyone, activation, admin):
    aim(admin, "project-activation", "20", legal_entity="US01")
    aim(admin, "project-activation", "2", legal_entity="DE01", on=date(2026, 1, 1))
    aim(admin, "project-activation", "5", legal_entity="DE01")
    rows = reading.running(activation, Asked(AS_OF, SINCE, everyone))
    assert [(row.contract, row.standing) for row in rows] == [
        ("C-7", Standing.NEAR), ("C-4", Standing.IN_TIME), ("C-8", Standing.LATE),
    ]  # fmt: skip
    late = reading.running(activation, Asked(AS_OF, SINCE, everyone), [Standing.LATE])
    assert [row.contract for row in late] == ["C-8"]


def test_the_target_passes_when_its_working_time_is_used_up(everyone, activation, admin):
    aim(admin, "project-activation", "2", contract="C-7")  # signed on Friday the 17th
    row = next(row for row in reading.running(activation, Asked(AS_OF, SINCE, everyone)) if row.contract == "C-7")
    assert row.due_at == datetime(2026, 4, 20, 14, 30, tzinfo=UTC)  # Monday 16:30 in Berlin
    evening, morning = row.due_at + timedelta(hours=3), datetime(2026, 4, 21, 7, 5, tzinfo=UTC)
    for moment, standing in ((row.due_at, Standing.NEAR), (evening, Standing.NEAR), (morning, Standing.LATE)):
        found = reading.running(activation, Asked(moment, SINCE, everyone))
        assert {one.contract: one.standing for one in found}["C-7"] is standing, moment


def test_a_fixed_number_of_statements_and_pages(everyone, activation):
    asked = Asked(AS_OF, SINCE, everyone)
    with CaptureQueriesContext(connection) as queries:
        found = reading.running(activation, asked, limit=2)
    assert len(queries) <= STATEMENTS
    rest = reading.running(activation, asked, limit=2, offset=2)
    assert [row.contract for row in [*found, *rest]] == [row.contract for row in reading.running(activation, asked)]


def test_every_registered_clock_answers(everyone):
    asked = Asked(AS_OF, SINCE, everyone)
    for _, kind in CLOCKS:
        assert reading.summary(kind, asked).ended >= 0
        assert reading.weeks(kind, asked) is not None
        assert reading.groups(kind, asked, list(Standing)) is not None
    assert {slug for slug, _ in CLOCKS} >= {
        "project-activation", "amendment-propagation", "time-to-bill", "approval-to-bill", "invoice-release",
        "change-to-storage", "change-to-decision", "effect-confirmation", "exception-resolution",
    }  # fmt: skip
