"""Whatever is on both sides of a pair: nothing is matched twice, sums are kept, the quick way judges as the whole."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration_hub.kernel.clock import now
from integration_hub.rules import queries
from reconciliation.matching import outcome, passes, staging
from reconciliation.matching.pairs import Reading
from reconciliation.matching.rules import rule_of
from tests.integration.reconciliation.conftest import DAY, item

pytestmark = pytest.mark.django_db

AMOUNTS = st.integers(-500, 500).map(lambda cents: str(Decimal(cents) / 100))
SIDE = st.lists(st.tuples(st.sampled_from(["", "", "A", "B", "C"]), AMOUNTS, st.integers(0, 9)), max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=SIDE, right=SIDE)
def test_nothing_is_matched_twice_and_sums_are_kept(books, left, right):
    """Whatever is on both sides: each item is in one match at most, and agreed + broken is all there is."""
    sides = [
        [
            item(f"{n}", amount, ref=ref, on_date=DAY + timedelta(days=days), party="C")
            for n, (ref, amount, days) in enumerate(s)
        ]
        for s in (left, right)
    ]  # fmt: skip
    with staging.staged():
        for side, rows in zip("ab", sides, strict=True):
            staging.load(side, Reading(items=rows))
        table = queries.table_for("match.test", "US01")
        rules = [rule_of(table, *one) for one in passes.needed(passes.staged_currencies())]
        asked = passes.Asked(rules, now(), now(), timedelta(days=1), confirms=["reference", "keyless"])
        counts = passes.compare(asked)
        matches = staging.found(outcome.MATCHES)
        breaks = staging.found(outcome.BREAKS)
    for name in ("left_keys", "right_keys"):
        keys = [key for match in matches for key in match[name]]
        assert len(keys) == len(set(keys))
    confirmed = [match for match in matches if match["confirmed"]]
    for place, name in enumerate(("left", "right")):
        agreed = sum(int(way[name]) for way in counts.agreed.values())
        broken = sum(row[name]["count"] for row in breaks)
        assert agreed + broken + sum(len(match[f"{name}_keys"]) for match in confirmed) == len(sides[place])
    gap = sum((row["gap"] for row in breaks), Decimal(0)) + sum((match["gap"] for match in confirmed), Decimal(0))
    assert gap == sum(i.amount for i in sides[1]) - sum(i.amount for i in sides[0])


ALIKE = st.lists(
    st.builds(
        lambda ref, amount, day, tax, party: (ref, amount, DAY + timedelta(days=day), tax, party),
        st.sampled_from(["r1", "r2", "r3", "r4", "r5", ""]),
        st.sampled_from(["10", "10.00", "20", "0"]),
        st.sampled_from([0, 2, 40]),
        st.sampled_from([None, "1", "2"]),
        st.sampled_from(["", "C1", "C2"]),
    ),
    max_size=9,
)


def compared(asked, left, right):
    """What agrees and what breaks of two sides."""
    with staging.staged():
        for side, rows in (("a", left), ("b", right)):
            named = [
                item(f"{side}{n}", amount, ref=ref, on_date=day, tax=tax, party=party)
                for n, (ref, amount, day, tax, party) in enumerate(rows)
            ]
            staging.load(side, Reading(items=named))
        agreed = passes.compare(asked).agreed
        return agreed, sorted(
            (row["identity"], row["kind"], row["gap"], row["content"]) for row in staging.found(outcome.BREAKS)
        )


@pytest.mark.parametrize("period", [(None, None), (DAY, DAY + timedelta(days=30))])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(left=ALIKE, right=ALIKE)
def test_what_agrees_plainly_is_what_the_whole_judgement_finds(books, monkeypatch, period, left, right):
    table = queries.table_for("match.test", "US01")
    rules = [rule_of(table, way, "US01", "USD") for way in ("key", "sum")]
    asked = passes.Asked(rules, now(), now(), timedelta(days=1), *period)
    quick = compared(asked, left, right)
    with monkeypatch.context() as patched:
        every = "SELECT ref FROM recon_a WHERE ref <> '' UNION SELECT ref FROM recon_b WHERE ref <> ''"
        patched.setattr(passes, "_SEVERAL", every)
        assert compared(asked, left, right) == quick
