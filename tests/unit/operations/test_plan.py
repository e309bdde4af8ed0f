"""A seed decides inputs and faults, and nothing else does."""

import pytest

from integration_hub.kernel import failpoints
from integration_hub.operations.rehearsal import faults, plan
from integration_hub.operations.rehearsal.plan import Size, make

SIZE = Size.of(2000)


def test_the_same_seed_makes_the_same_plan_and_another_seed_another():
    assert make(7, SIZE, faults.ALL) == make(7, SIZE, faults.ALL)
    assert make(7, SIZE, faults.ALL).rows != make(8, SIZE, faults.ALL).rows
    assert make(7, SIZE, faults.ALL).acts != make(8, SIZE, faults.ALL).acts


def test_a_plan_has_what_its_size_says():
    made = make(3, SIZE, faults.ALL)
    assert len(made.rows) == 2000
    assert sum(row.does in plan.EFFECTS for row in made.rows) == 20
    assert {row.does for row in made.rows} == {"note", "invoice", "project", *plan.IN_ITEMS}
    assert all(0 < act.at < SIZE.seconds for act in made.acts)


def test_rows_of_a_lane_are_numbered_without_gaps_in_the_order_they_come_in():
    seen: dict[str, int] = {}
    for row in make(3, SIZE, faults.ALL).rows:
        assert row.n == seen.get(row.lane, 0) + 1
        seen[row.lane] = row.n


def test_business_keys_are_unique_over_seeds():
    keys = [row.business_key for seed in (1, 2) for row in make(seed, SIZE, ()).rows if row.business_key]
    assert len(keys) == len(set(keys)) == 40


def test_without_faults_nothing_strikes():
    made = make(3, SIZE, faults.chosen("none"))
    assert (made.acts, made.odds, made.rules, made.hints) == ((), {}, {}, False)
    assert {row.does for row in made.rows} == {"note", "invoice", "project"}


def test_faults_are_chosen_by_name_and_by_group():
    assert [fault.name for fault in faults.chosen("kill, queue")] == [
        "kill", "queue_purge", "queue_double", "queue_shuffle",
    ]  # fmt: skip
    assert faults.chosen("all") == faults.ALL
    with pytest.raises(ValueError, match=r"No fault lightning\. Known: all, none, workers"):
        faults.chosen("kill,lightning")
    with pytest.raises(ValueError, match="No fault named"):
        faults.chosen(" ")


def test_rare_faults_come_in_their_seeds_only():
    restarts = [sum(act.fault == "restart" for act in make(seed, SIZE, faults.ALL).acts) for seed in range(1, 5)]
    assert restarts == [0, 1, 0, 1]


def test_every_fail_point_of_lanes_effects_and_intake_has_odds():
    named = {point for fault in faults.ALL for point in fault.odds}
    assert named == {*failpoints.LANE_POINTS, *failpoints.EFFECT_POINTS, *failpoints.INTAKE_POINTS}
