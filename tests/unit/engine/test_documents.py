# mypy: disable-error-code="comparison-overlap"
"""R6 and R7: printed lines, cents and tax."""

from datetime import date
from decimal import Decimal

import pytest

from billing.engine.documents import Room, print_lines, share_tax
from tests.unit.engine.build import billed, d

FEB_1, FEB_3, FEB_28 = date(2026, 2, 1), date(2026, 2, 3), date(2026, 2, 28)


def thirds(rate="142", **kwargs):
    """Three pieces of 20 minutes, with their amounts as they are stored."""
    amount = str((Decimal(20) * Decimal(rate) / 60).quantize(Decimal("0.000001")))
    return [billed(i, amount, minutes=d(20), rate=d(rate), role="pm", **kwargs) for i in (1, 2, 3)]


def test_three_lines_lose_a_cent_and_one_line_does_not():
    assert [line.net for line in print_lines(thirds(), "none", "USD")] == [d("47.33")] * 3
    [line] = print_lines(thirds(), "role", "USD")
    assert (line.net, line.minutes, line.rate, line.shares) == (142, 60, 142, (d("47.34"), d("47.33"), d("47.33")))


def test_nothing_is_lost_by_storing_thirds():
    [line] = print_lines(thirds("142.015"), "rate", "USD")
    assert line.net == d("142.02")


def test_a_tie_rounds_away_from_zero_or_to_even():
    pieces = [billed(1, "12.345")]
    assert print_lines(pieces, "none", "USD")[0].net == d("12.35")
    assert print_lines(pieces, "none", "USD", "half_even")[0].net == d("12.34")


def test_the_currency_decides_the_cents():
    assert print_lines([billed(1, "12.5", currency="JPY")], "none", "JPY")[0].net == 13
    assert print_lines([billed(1, "12.3456", currency="KWD")], "none", "KWD")[0].net == d("12.346")


def test_a_piece_in_another_currency_is_refused():
    with pytest.raises(ValueError, match=r"Pieces \[1\] are not in EUR"):
        print_lines([billed(1, "1")], "none", "EUR")


def test_fees_come_after_entries_and_entries_by_date_then_id():
    fee = billed(1, "100", kind="fee", service_date=FEB_1, service_to=FEB_28, description="Retainer February")
    late, early = billed(2, "1", service_date=FEB_3), billed(9, "2", service_date=FEB_1)
    taxi = billed(5, "3", kind="expense", service_date=FEB_1, description="Taxi")
    lines = print_lines([fee, late, early, taxi], "role", "USD")
    assert [(line.kind, line.piece_ids) for line in lines] == [("expense", (5,)), ("time", (9, 2)), ("fee", (1,))]
    assert (lines[2].service_from, lines[2].service_to, lines[2].minutes) == (FEB_1, FEB_28, None)


ENTRIES = [
    billed(
        1, "10", minutes=d(60), rate=d(10), resource="a", resource_label="Ann", role="pm", task_code="x", task_label="X"
    ),
    billed(
        2, "20", minutes=d(60), rate=d(20), resource="b", role="pm", task_code="x", task_label="X", service_date=FEB_3
    ),
    billed(
        3, "40", minutes=d(60), rate=d(20), resource="a", resource_label="Ann", description="Call", contract_line_id=2
    ),
]


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [
        ("none", [("X", 10), ("Call", 40), ("X", 20)]),
        ("resource", [("Ann", 10), ("Ann", 40), ("b", 20)]),
        ("role", [("pm", 30), ("Time", 40)]),
        ("task", [("X", 30), ("Time", 40)]),
        ("rate", [("Time at 10 USD per hour", 10), ("Time at 20 USD per hour", 40), ("Time at 20 USD per hour", 20)]),
    ],
)
def test_the_bill_to_chooses_the_grouping(grouping, expected):
    assert [(line.description, line.net) for line in print_lines(ENTRIES, grouping, "USD")] == expected


def test_a_line_of_several_rates_shows_none_and_spans_its_days():
    line = print_lines(ENTRIES, "role", "USD")[0]
    assert (line.rate, line.service_from, line.service_to) == (None, date(2026, 2, 2), FEB_3)


@pytest.mark.parametrize("grouping", ["resource", "role", "task", "rate", "none"])
def test_a_bare_piece_still_has_a_text(grouping):
    assert print_lines([billed(1, "1")], grouping, "USD")[0].description == "Time"


def test_a_piece_without_time_at_its_rate_counts_as_stored():
    cut = billed(1, "690", minutes=d("236.5714"), rate=d(175))
    assert print_lines([cut], "rate", "USD")[0].net == 690


def over(**kwargs):
    pieces = [billed(i, "94.666667", minutes=d(40), rate=d(142), **kwargs) for i in range(1, 11)]
    return [*pieces, billed(11, "53.33333", minutes=d("22.5352"), rate=d(142), **kwargs)]


def test_rounding_up_never_passes_a_cap():
    assert sum(line.net for line in print_lines(over(), "none", "USD")) == d("1000.03")
    for room in (Room(d(1000)), Room(d(1000), line_id=1)):
        lines = print_lines(over(), "none", "USD", rooms=[room])
        assert sum(line.net for line in lines) == 1000
        assert (lines[-1].net, lines[-1].shares) == (d("53.30"), (d("53.30"),))


def test_cents_come_back_from_the_last_lines_even_when_these_are_small():
    pieces = [*over()[:10], billed(12, "0.01")]
    lines = print_lines(pieces, "none", "USD", rooms=[Room(d("946.67"))])
    assert [line.net for line in lines][-3:] == [d("94.67"), d("94.64"), d("0.00")]


def test_a_cap_counts_what_it_counts():
    pieces = [*over(), billed(20, "70", kind="expense", service_date=FEB_28), billed(21, "5", contract_line_id=2)]
    rooms = [Room(d(1000), line_id=1), Room(d("1005")), Room(d(2000), includes_expenses=True)]
    assert sum(line.net for line in print_lines(pieces, "none", "USD", rooms=rooms)) == 1075


def test_more_than_rounding_is_not_hidden():
    lines = print_lines([billed(1, "100")], "none", "USD", rooms=[Room(d(90))])
    assert lines[0].net == 100


def test_a_line_of_nothing_shares_nothing():
    [line] = print_lines([billed(1, "0", role="pm"), billed(2, "0", role="pm")], "role", "USD")
    assert (line.net, line.shares) == (0, (0, 0))


NINETEEN = [(d("19.99"), d("0.19"))] * 3


def test_tax_is_rounded_once_per_invoice_or_on_each_line():
    assert share_tax(NINETEEN, level="line", currency="EUR") == [d("3.80")] * 3
    assert share_tax(NINETEEN, level="invoice", currency="EUR") == [d("3.80"), d("3.80"), d("3.79")]


def test_each_rate_is_rounded_on_its_own():
    bases = [(d("19.99"), d("0.19")), (d("0.07"), d("0.07")), (d("19.99"), d("0.19")), (d("10"), d("0"))]
    assert share_tax(bases, level="invoice", currency="EUR") == [d("3.80"), d("0.00"), d("3.80"), d("0")]
