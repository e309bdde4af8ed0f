"""What one person may do alone: by number and by amount per currency, never summed across currencies."""

from decimal import Decimal

import pytest

from integration_hub.people.four_eyes import needs_second


@pytest.fixture(autouse=True)
def limits(settings):
    settings.ALONE_ITEMS, settings.ALONE_AMOUNT = 2, Decimal(100)


@pytest.mark.parametrize(
    ("items", "money"),
    [(1, {}), (2, {"USD": Decimal(100)}), (2, {"USD": Decimal(60), "EUR": Decimal(60)}), (1, {"USD": Decimal(-100)})],
)
def test_up_to_the_limits_nobody_else_is_needed(items, money):
    assert needs_second(items=items, money=money) == ""


@pytest.mark.parametrize(
    ("items", "money", "why"),
    [(3, {}, "3 items"), (1, {"EUR": Decimal("100.01")}, "100.01 EUR"), (1, {"USD": Decimal(-101)}, "101.00 USD")],
)
def test_above_them_the_reason_is_told(items, money, why):
    assert why in needs_second(items=items, money=money)
