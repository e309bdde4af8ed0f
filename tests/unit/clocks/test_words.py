"""How a figure of a clock is said."""

from decimal import Decimal

import pytest

from integration_hub.clocks.registry import Unit
from integration_hub.clocks.tables import told

DAYS, HOURS, MINUTES = Unit.WORKING_DAYS, Unit.WORKING_HOURS, Unit.MINUTES


@pytest.mark.parametrize(
    ("unit", "value", "words"),
    [
        (DAYS, "2.44", "2.4 d"), (DAYS, "0.01", "< 0.1 d"), (DAYS, "0", "0 d"), (DAYS, "1234.5", "1,234.5 d"),
        (HOURS, "16", "16 h"), (MINUTES, "0.1", "6 s"), (MINUTES, "2", "2 min"), (MINUTES, "119.96", "120 min"),
        (MINUTES, "120", "2 h"), (MINUTES, "2880", "2 d"),
    ],
)  # fmt: skip
def test_a_figure_has_its_unit_and_stays_on_its_line(unit, value, words):
    assert told(unit, Decimal(value)) == words.replace(" ", "\N{NO-BREAK SPACE}")


def test_what_nobody_knows_is_no_zero():
    assert "No value" in told(DAYS, None)
