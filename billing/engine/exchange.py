"""What exchange rates do to money that is billed in another currency than the books are kept in (billing.md R12).

A receivable is monetary: it is recognised at the rate of the day of its invoice or delivery and settled at the rate of
the day of its payment; the difference is the realised gain, negative for a loss. An advance is not (IFRIC 22): it
stays at the rate of the day it was received, and so does the revenue that it pays for. Amounts come in the currency of
the document; what comes out is in the functional currency, each figure rounded once to its minor unit. A rate is the
last that was quoted on or before a day, and none that is too old. These are figures to show: the ERP books them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from integration_hub.kernel.money import ZERO, Quote, Rounding, round_money

MISSING, STALE = "FX_MISSING", "FX_STALE"


def last_on(quotes: Sequence[Quote], on: date) -> Quote | None:
    """The last quote on or before a day, of quotes in order of their days."""
    return next((quote for quote in reversed(quotes) if quote.on <= on), None)


def unusable(quote: Quote | None, on: date, max_age: int) -> str:
    """Why nothing is converted at a quote on a day: the code of the exception, or nothing. `max_age` is in days."""
    if quote is None:
        return MISSING
    return STALE if (on - quote.on).days > max_age else ""


class NoRate(ValueError):
    """Nothing can be converted; the message says what, and on which day. `code` is that of the exception."""

    def __init__(self, code: str, base: str, quote: str, on: date) -> None:
        what = "No exchange rate" if code == MISSING else "No fresh exchange rate"
        super().__init__(f"{what} from {base} to {quote} is known on {on}.")
        self.code = code


@dataclass(frozen=True, slots=True)
class Books:
    """How amounts of one currency come into the books: at `quotes` from `currency` to `functional`, by their days."""

    currency: str
    functional: str
    quotes: Sequence[Quote] = ()
    rounding: Rounding = "half_up"
    max_age: int = 7
    """Days after which a quote is stale."""

    def at(self, amount: Decimal, on: date) -> Decimal:
        """An amount of `currency` in functional currency at the rate of a day, rounded. Raises NoRate."""
        if self.currency == self.functional:
            return round_money(amount, self.functional, self.rounding)
        quote = last_on(self.quotes, on)
        code = unusable(quote, on, self.max_age)
        if quote is None or code:
            raise NoRate(code, self.currency, self.functional, on)
        return round_money(quote.convert(amount), self.functional, self.rounding)


@dataclass(frozen=True, slots=True)
class Settled:
    """A receivable that was paid, in functional currency: what it stood at, and what came in."""

    receivable: Decimal
    cash: Decimal

    @property
    def gain(self) -> Decimal:
        """The realised exchange difference; a loss is negative."""
        return self.cash - self.receivable


def settle(amount: Decimal, *, invoiced: date, paid: date, books: Books, before: Decimal = ZERO) -> Settled:
    """An amount of an invoice that is paid after it was invoiced. Raises NoRate.

    `before` is what was paid of the same invoice earlier: the receivable is taken down to what is left of it, so that
    the parts of one invoice add up to what it stood at, to the cent.
    """
    receivable = books.at(before + amount, invoiced) - books.at(before, invoiced)
    return Settled(receivable, books.at(amount, paid))


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that was paid ahead in part, in functional currency: the advances as they were received, the rest."""

    liability: Decimal
    """What the advances stood at until the delivery: a contract liability."""
    receivable: Decimal
    gain: Decimal
    """Realised on the rest alone, once it is paid."""

    @property
    def revenue(self) -> Decimal:
        """The advances at the rates of their days, the rest at that of the delivery."""
        return self.liability + self.receivable


def deliver(
    price: Decimal,
    advances: Iterable[tuple[date, Decimal]],
    *,
    delivered: date,
    paid: date | None,
    books: Books,
) -> Delivered:
    """A delivery with what was paid ahead of it (day, amount); `paid` is when the rest was, None while it is open.

    Raises NoRate, and ValueError for an advance of after the delivery or for more than the price.
    """
    liability, rest = ZERO, price
    for on, amount in advances:
        if on > delivered:
            raise ValueError(f"What came on {on}, after the delivery on {delivered}, is no advance.")
        liability, rest = liability + books.at(amount, on), rest - amount
    if rest < 0:
        raise ValueError(f"The advances are {-rest} {books.currency} more than the price.")
    if not rest:
        return Delivered(liability, ZERO, ZERO)
    if paid is None:
        return Delivered(liability, books.at(rest, delivered), ZERO)
    part = settle(rest, invoiced=delivered, paid=paid, books=books)
    return Delivered(liability, part.receivable, part.gain)
