"""Numbers, dates and flags as sources write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_hub.mapping import convert


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7.5", "7.5"),
        ("1,234.50", "1234.50"),
        ("-1,234,567", "-1234567"),
        (" 12 ", "12"),
        ("1 234.5", "1234.5"),
        ("1'234.50", "1234.50"),
        (7, "7"),
        (0.1, "0.1"),
        (-2.25, "-2.25"),
        ("1e3", "1000"),
    ],
)
def test_numbers_with_a_decimal_point(text: object, expected: str) -> None:
    assert convert.number(text) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7,5", "7.5"),
        ("1.234,50", "1234.50"),
        ("1.234", "1234"),
        ("-12", "-12"),
        ("1 234,5", "1234.5"),
        (7.5, "7.5"),
    ],
)
def test_numbers_with_a_decimal_comma(text: object, expected: str) -> None:
    assert convert.number(text, decimal_comma=True) == Decimal(expected)


@pytest.mark.parametrize("text", ["7,5", "1,23,456", "12x", "", "NaN", "Infinity", True, [1]])
def test_a_number_is_never_guessed(text: object) -> None:
    with pytest.raises(ValueError, match=r"number|comma|list"):
        convert.number(text)


def test_a_point_among_decimal_commas_is_refused_unless_it_parts_thousands() -> None:
    with pytest.raises(ValueError, match="decimal point"):
        convert.number("12.5", decimal_comma=True)


def test_scale_multiplies_exactly() -> None:
    assert convert.number("1999", scale=Decimal("0.01")) == Decimal("19.99")
    assert convert.whole("1.5", scale=Decimal(60)) == 90
    with pytest.raises(ValueError, match="not a whole number"):
        convert.whole("1.55", scale=Decimal(10))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_both_notations_mean_the_same(value: Decimal) -> None:
    english = f"{value:,}"
    german = english.replace(",", "_").replace(".", ",").replace("_", ".")
    assert convert.number(english) == value
    assert convert.number(german, decimal_comma=True) == value


@pytest.mark.parametrize(
    ("text", "date_format", "expected"),
    [
        ("2026-09-01", "", date(2026, 9, 1)),
        ("2026-09-01T23:30:00-07:00", "", date(2026, 9, 1)),
        ("2026-05-01T07:25:37.000+0000", "", date(2026, 5, 1)),
        ("13-Aug-15", "%d-%b-%y", date(2015, 8, 13)),
        ("31.12.2026", "%d.%m.%Y", date(2026, 12, 31)),
        (date(2026, 1, 2), "", date(2026, 1, 2)),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "%d.%m.%Y", date(2026, 1, 2)),
    ],
)
def test_dates_are_the_day_the_source_wrote(text: object, date_format: str, expected: date) -> None:
    assert convert.day(text, date_format=date_format) == expected


@pytest.mark.parametrize(
    ("text", "date_format"), [("01/09/2026", ""), ("2026-09-01", "%d/%m/%Y"), ("31-Feb-15", "%d-%b-%y")]
)
def test_a_date_in_another_notation_is_refused(text: str, date_format: str) -> None:
    with pytest.raises(ValueError, match=text):
        convert.day(text, date_format=date_format)


def test_instants_without_a_zone_are_utc() -> None:
    assert convert.instant("2026-09-01T10:00:00") == datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert convert.instant("2026-09-01T10:00:00Z") == datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert convert.instant("2026-09-01T10:00:00-07:00") == datetime(2026, 9, 1, 17, tzinfo=UTC)
    moment = datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert convert.instant(moment) is moment


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), ("Yes", True), ("T", True), (1, True), ("no", False), ("F", False), (0, False), ("", False)],
)
def test_flags(value: object, expected: bool) -> None:
    assert convert.flag(value) is expected


def test_a_flag_is_never_guessed() -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        convert.flag("maybe")


@pytest.mark.parametrize(
    ("value", "expected"), [(" a ", "a"), (True, "true"), (False, "false"), (1.0, "1"), (1.5, "1.5"), (12, "12")]
)
def test_text(value: object, expected: str) -> None:
    assert convert.text(value) == expected
