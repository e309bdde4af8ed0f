# mypy: disable-error-code="comparison-overlap"
"""Deposits and down payments: the example of R13, what is refused, and that nothing leaks between two documents."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.engine.deposits import Deposit, Exceeded, down_payment

d = Decimal
CENTS = st.integers(1, 10_000_000).map(lambda cents: d(cents) / 100)
RATES = st.lists(st.sampled_from([d("0.2"), d("0.05"), d("0.07"), d("0.09975")]), max_size=2, unique=True)


def test_the_example_of_the_rule():  # 25 % of 8,400.00 at 20 %
    found = down_payment([(d(8400), [d("0.2")])], d(25), currency="USD")
    assert (found.ahead.net, found.ahead.tax) == (2100, 420)
    assert (found.final.net, found.final.tax, found.final.gross) == (6300, 1260, 7560)


def test_groups_of_taxes_are_billed_ahead_and_taken_off_by_themselves():
    """Thirds of 100.01 at 20 % and of 50.00 at 5 % and 9.975 %; the second pair stands twice, in either order."""
    two = [d("0.05"), d("0.09975")]
    lines = [(d("100.01"), [d("0.2")]), (d(25), two), (d(25), two[::-1])]
    found = down_payment(lines, d("33.3333"), currency="USD")
    assert found.ahead.nets == {(d("0.2"),): d("33.34"), (d("0.05"), d("0.09975")): d("16.67")}
    assert found.ahead.by_rate == {d("0.2"): d("6.67"), d("0.05"): d("0.83"), d("0.09975"): d("1.66")}
    assert found.final.by_rate == {d("0.2"): d("13.33"), d("0.05"): d("1.67"), d("0.09975"): d("3.33")}


@given(
    st.lists(st.tuples(CENTS, RATES), min_size=1, max_size=6),
    st.integers(1, 1_000_000),
    st.sampled_from(["USD", "JPY"]),
)
def test_both_documents_charge_the_order_and_no_more(lines, part, currency):
    if currency == "JPY":
        lines = [(net.to_integral_value("ROUND_UP"), rates) for net, rates in lines]
    found = down_payment(lines, d(part) / 10_000, currency=currency)
    assert found.ahead.net + found.final.net == found.order.net == sum(net for net, _ in lines)
    assert found.ahead.tax + found.final.tax == found.order.tax
    for group, net in found.order.nets.items():
        assert found.ahead.nets[group] + found.final.nets[group] == net
        assert 0 <= found.ahead.nets[group] <= net
    for rate, tax in found.order.by_rate.items():
        assert found.ahead.by_rate[rate] + found.final.by_rate[rate] == tax
        assert found.final.by_rate[rate] >= 0


@pytest.mark.parametrize("percent", ["0", "-5", "100.01"])
def test_a_down_payment_is_a_part_of_its_order(percent):
    with pytest.raises(ValueError, match="no percentage of an order"):
        down_payment([(d(100), [])], d(percent), currency="USD")


def test_no_more_is_taken_than_is_left_or_than_the_invoice_is():
    kept = Deposit("USD").bill(d(500))
    with pytest.raises(Exceeded, match=r"500.01 USD are to be taken of a deposit with 500.00 USD left"):
        kept.apply(d(900), d("500.01"))
    with pytest.raises(Exceeded, match=r"300.00 USD are to be taken off an invoice of 299.99 USD"):
        kept.apply(d("299.99"), d(300))
    kept, charged = kept.apply(d("299.99"))
    assert (kept.left, charged) == (d("200.01"), 0), "as much as fits"
    with pytest.raises(Exceeded):
        kept.refund(d("200.02"))
    assert kept.refund().left == 0
    for wrong, words in ((d(0), "not above nought"), (d(-1), "not above nought"), (d("0.001"), "finer than USD")):
        with pytest.raises(ValueError, match=words):
            kept.bill(wrong)


MOVES = st.lists(st.tuples(st.sampled_from(["bill", "apply", "refund"]), CENTS, st.none() | CENTS), max_size=12)


@given(MOVES)
def test_a_deposit_never_leaks_and_never_owes(moves):
    """Whatever is asked: what was billed ahead is applied, refunded or left; invoices charge the rest of the work."""
    kept, work, charged = Deposit("USD"), d(0), d(0)
    for kind, figure, asked in moves:
        before = kept
        try:
            if kind == "bill":
                kept = kept.bill(figure)
            elif kind == "apply":
                kept, rest = kept.apply(figure, asked)
                work, charged = work + figure, charged + rest
                assert 0 <= rest <= figure
            else:
                kept = kept.refund(asked)
        except Exceeded:
            assert kept == before
        assert kept.left >= 0
        assert kept.billed == kept.applied + kept.refunded + kept.left
        assert kept.billed + charged == work + kept.refunded + kept.left, "the client was charged this and no more"
