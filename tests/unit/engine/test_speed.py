"""How fast work is decided. The figure is printed (`pytest -s`), never asserted: machines differ."""

from datetime import date, timedelta
from time import process_time

from billing.engine.decide import decide
from tests.unit.engine.build import d, rate, terms, time

COUNT = 20_000
ROLES = [f"role {number}" for number in range(20)]
JUL_1 = date(2026, 7, 1)


def test_simple_time_under_a_card_of_fifty_rows(capsys):
    card = [rate(i, "100", role=role, valid_to=JUL_1) for i, role in enumerate(ROLES)]
    card += [rate(100 + i, "110", start=JUL_1, role=role) for i, role in enumerate(ROLES)]
    card += [rate(200 + i, "90", scope="customer", resource=f"p{i}") for i in range(10)]
    works = [
        time(
            i,
            "1",
            date(2026, 1, 1) + timedelta(days=i % 300),
            resource=f"p{i % 40}",
            role=ROLES[i % 20],
            minutes=d(15 + i % 480),
        )
        for i in range(COUNT)
    ]
    agreed = terms(rates=tuple(card))
    began = process_time()
    found = decide(agreed, works)
    spent = process_time() - began
    with capsys.disabled():
        print(f"\n{COUNT / spent:,.0f} entries a second under a card of {len(card)} rows")  # noqa: T201
    value = sum(((w.minutes or d(0)) * (100 if w.service_date < JUL_1 else 110) for w in works), d(0)) / 60
    priced = sum((piece.amount or d(0) for decision in found for piece in decision.pieces), d(0))
    assert abs(priced - value) < d("0.05")
