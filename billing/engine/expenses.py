"""What an expense is charged at (billing.md R14): each step that the client can see is named and rounded once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from billing.engine.agreed import ExpenseMethod, ExpenseTerm
from billing.engine.exchange import unusable
from billing.engine.facts import quoted
from billing.engine.notation import exact_amount, plain
from billing.engine.values import ZERO, Line, Price, Terms, Work
from integration_hub.kernel.money import round_money

HUNDRED = Decimal(100)
PASSED_ON = "passed on"
"""The step of a cost that was paid in the client's name."""


def stated_method(line: Line, category: str) -> ExpenseMethod | Literal[""]:
    """How a line says that expenses of a category are charged; empty where it says nothing."""
    term = _stated(line, category)
    return term.method if term else ""


def _stated(line: Line, category: str) -> ExpenseTerm | None:
    """The rule for a category: its own, that for all others, or that of the line."""
    by_category = {term.category: term for term in line.expenses}
    if found := by_category.get(category) or by_category.get(""):
        return found
    if line.expense_rule:
        return ExpenseTerm(method=line.expense_rule, percent=line.markup_percent)
    return None


def is_passed_on(steps: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the steps of a price say that the cost was paid in the client's name."""
    return any(step["step"] == PASSED_ON for step in steps)


def price_expense(work: Work, line: Line | None, terms: Terms) -> Price:
    """The value of an expense under its rule, in the contract's currency, with the step that led to each figure."""
    term = (_stated(line, work.category) if line is not None else None) or ExpenseTerm()
    if term.method == "unit_price":
        price = _by_unit(work, term, terms)
    else:
        price = converted(_without_recoverable(work, term, terms), work, terms)
        price = _charged(price, work, term, terms)
    if price.value is not None and not price.code:
        price = _within_policy(price, work, term, terms)
    if price.code or work.evidence:
        return price
    return replace(price, code="RECEIPT_MISSING")


def converted(price: Price, work: Work, terms: Terms) -> Price:
    """A cost at the rate of the work's own date, rounded, because the client sees that step."""
    amount = price.value or ZERO
    if work.currency == terms.currency:
        return price
    code = unusable(work.fx, work.service_date, terms.fx_max_age_days)
    if work.fx is None:
        return Price(None, code=code, steps=price.steps)
    if code:
        stale = {"step": "stale", **quoted(work.fx), "days": terms.fx_max_age_days}
        return Price(None, code=code, steps=(*price.steps, stale))
    value = round_money(work.fx.convert(amount), terms.currency, terms.rounding)
    step = {"step": "converted", **quoted(work.fx), "amount": plain(value), "currency": terms.currency}
    return Price(value, steps=(*price.steps, step))


def as_delivered(work: Work) -> Price:
    """The amount that the work states."""
    amount = work.amount or ZERO
    return Price(exact_amount(amount), steps=({"step": "cost", "amount": plain(amount), "currency": work.currency},))


def _without_recoverable(work: Work, term: ExpenseTerm, terms: Terms) -> Price:
    """The cost that is ours to bear: without tax that we get back, with tax that we do not."""
    price = as_delivered(work)
    if not term.tax_rate or price.value is None:
        return price
    stays = term.method == "disbursement" or not term.recoverable
    if work.taxed and not stays:
        net = round_money(price.value / (1 + term.tax_rate), work.currency, terms.rounding)
        return _then(price, net, "net of tax", percent=term.tax_rate * HUNDRED, currency=work.currency)
    if not work.taxed and stays:
        gross = round_money(price.value * (1 + term.tax_rate), work.currency, terms.rounding)
        return _then(price, gross, "with tax", percent=term.tax_rate * HUNDRED, currency=work.currency)
    return price


def _charged(price: Price, work: Work, term: ExpenseTerm, terms: Terms) -> Price:
    if price.value is None:
        return price
    if term.method == "markup":
        if term.percent is None:
            return Price(None, code="RATE_MISSING", steps=price.steps)
        base = _markup_base(price, work, term, terms)
        marked = round_money(price.value + base * term.percent / HUNDRED, terms.currency, terms.rounding)
        return _then(price, marked, "marked up", percent=term.percent)
    if term.method == "multiplier":
        if term.multiplier is None:
            return Price(None, code="RATE_MISSING", steps=price.steps)
        value = round_money(price.value * term.multiplier, terms.currency, terms.rounding)
        return _then(price, value, "multiplied", by=term.multiplier)
    if term.method == "disbursement":
        return _then(price, price.value, PASSED_ON)
    return price


def _markup_base(price: Price, work: Work, term: ExpenseTerm, terms: Terms) -> Decimal:
    """What a markup is a percentage of: the net cost, or with the tax on it where that is agreed."""
    value = price.value or ZERO
    return value * (1 + term.tax_rate) if terms.markup_base == "gross" and work.taxed and term.recoverable else value


def _by_unit(work: Work, term: ExpenseTerm, terms: Terms) -> Price:
    cost = as_delivered(work).steps
    if term.price is None or work.quantity is None:
        missing = {"step": "no units"} if term.price is not None else {"step": "no price"}
        return Price(None, code="RATE_MISSING", steps=(*cost, missing))
    value = round_money(work.quantity * term.price, terms.currency, terms.rounding)
    return _then(Price(None, steps=cost), value, "by unit", units=work.quantity, price=term.price)


def _within_policy(price: Price, work: Work, term: ExpenseTerm, terms: Terms) -> Price:
    """A limit per unit where units are stated, per expense otherwise: what is beyond asks a person, or is cut."""
    value = price.value or ZERO
    if term.limit is None:
        return price
    limit = round_money(term.limit * (work.quantity or 1), terms.currency, terms.rounding)
    if value <= limit:
        return price
    if term.over_limit == "ask":
        return replace(_then(price, value, "beyond the policy", limit=limit), code="EXPENSE_POLICY")
    return replace(_then(price, limit, "cut to the policy", limit=limit, was=value), beyond=value - limit)


def _then(price: Price, value: Decimal, step: str, /, *, currency: str = "", **told: Decimal) -> Price:
    """The price after a further step."""
    facts: dict[str, Any] = {"step": step, **{name: plain(figure) for name, figure in told.items()}}
    facts["amount"] = plain(value)
    if currency:
        facts["currency"] = currency
    return Price(value, steps=(*price.steps, facts))
