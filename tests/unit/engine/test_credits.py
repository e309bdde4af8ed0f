"""Credits over posted lines: by amount and share, to the cent, never beyond what is left (R20)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.engine.credits import (
    CreditRefused,
    InPart,
    Original,
    OverCredit,
    credit_line,
    credit_tax,
    share_of,
    spread,
)
from integration_hub.kernel.money import minor_units, round_money

CURRENCIES = ("USD", "JPY", "KWD")
many = settings(max_examples=200, deadline=None)


def cents(currency, largest=10**7):
    """Amounts of a currency, from nought."""
    return st.integers(0, largest).map(lambda units: Decimal(units).scaleb(-minor_units(currency)))


@st.composite
def lines(draw):
    """A currency and posted lines of it, each with what was credited before."""
    currency = draw(st.sampled_from(CURRENCIES))
    rate = draw(st.decimals("0", "0.27", places=3))
    found = []
    for _ in range(draw(st.integers(1, 6))):
        net = draw(cents(currency))
        line = Original(net, round_money(net * rate, currency))
        taken = min(net, draw(cents(currency)))
        if taken and draw(st.booleans()):
            line = replace(line, credited_net=taken, credited_tax=credit_tax(line, taken, currency=currency))
        found.append(line)
    return currency, found


@given(lines(), st.fractions(0, 1))
@many
def test_a_total_is_shared_to_the_cent_and_no_line_gives_more_than_it_has(drawn, part):
    currency, originals = drawn
    left = sum((line.left for line in originals), Decimal(0))
    total = round_money(left * part.numerator / part.denominator, currency)
    if total == 0:
        return
    parts = spread(total, originals, currency=currency)
    assert sum(parts) == total
    assert all(0 <= one <= line.left for one, line in zip(parts, originals, strict=True))
    with pytest.raises(OverCredit):
        spread(left + Decimal(1).scaleb(-minor_units(currency)), originals, currency=currency)


@given(st.sampled_from(CURRENCIES), st.data())
@many
def test_any_split_of_a_line_takes_its_net_and_tax_and_nothing_beyond(currency, data):
    net = data.draw(cents(currency).filter(bool))
    whole = Original(net, round_money(net * data.draw(st.decimals("0", "0.27", places=3)), currency))
    line = whole
    while line.left:
        units = int(line.left.scaleb(minor_units(currency)))
        wanted = Decimal(data.draw(st.integers(max(1, units // 3), units))).scaleb(-minor_units(currency))
        taken = credit_line(line, wanted, currency=currency)
        tax = credit_tax(line, taken, currency=currency)
        assert 0 <= tax <= line.tax - line.credited_tax
        line = replace(line, credited_net=line.credited_net + taken, credited_tax=line.credited_tax + tax)
    assert (line.credited_net, line.credited_tax) == (whole.net, whole.tax)
    with pytest.raises(OverCredit):
        credit_line(line, Decimal(1).scaleb(-minor_units(currency)), currency=currency)


def test_thirds_close_the_tax():
    line, taxes = Original(Decimal(200), Decimal(14)), []
    for net in ("66.67", "66.67", "66.66"):
        taken = credit_line(line, Decimal(net), currency="EUR")
        taxes.append(str(credit_tax(line, taken, currency="EUR")))
        line = replace(
            line, credited_net=line.credited_net + taken, credited_tax=line.credited_tax + Decimal(taxes[-1])
        )
    assert taxes == ["4.67", "4.67", "4.66"]
    with pytest.raises(OverCredit, match=r"0\.01 EUR cannot be credited: 0\.00 EUR of line 1 are left"):
        credit_line(line, Decimal("0.01"), currency="EUR", of="line 1")


@pytest.mark.parametrize("net", ["0", "-1", "0.001"])
def test_an_amount_nobody_could_pay_is_refused(net):
    with pytest.raises(CreditRefused):
        credit_line(Original(Decimal(10), Decimal(1)), Decimal(net), currency="USD")


def test_a_milestone_goes_back_whole_or_not_at_all():
    milestone, other = Original(Decimal(100), Decimal(0), whole=True), Original(Decimal(100), Decimal(0))
    assert credit_line(milestone, Decimal(100), currency="USD") == 100
    assert spread(Decimal(200), [milestone, other], currency="USD") == [100, 100]
    for refused in (
        lambda: credit_line(milestone, Decimal(40), currency="USD"),
        lambda: spread(Decimal(50), [milestone, other], currency="USD"),
    ):
        with pytest.raises(InPart):
            refused()


def test_a_share_is_of_what_was_invoiced_and_rounded_once():
    originals = [Original(Decimal("33.33"), Decimal(0)), Original(Decimal("66.68"), Decimal(0))]
    total = share_of(Decimal("12.5"), originals, currency="USD", rounding="half_up")
    assert total == Decimal("12.50")
    assert spread(total, originals, currency="USD") == [Decimal("4.17"), Decimal("8.33")]
    for percent in ("0", "100.01"):
        with pytest.raises(CreditRefused, match="no share"):
            share_of(Decimal(percent), originals, currency="USD", rounding="half_up")
