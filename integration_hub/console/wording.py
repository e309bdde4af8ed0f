"""How values are written on screens: one place for money, hours, days, moments and icons."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import format_decimal
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from integration_hub.console.badges import Badge
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Money, per_currency, show

MISSING = mark_safe('<span class="missing" title="No value">–</span>')
DAY = 86_400
_STEPS = ((60, 1, "s"), (3600, 60, "min"), (DAY, 3600, "h"), (DAY * 60, DAY, "d"), (DAY * 730, DAY * 30, "mo"))


Amounts = Mapping[str, Decimal] | Sequence[Money]
"""Sums: per currency, or each with its currency and what it is (net, gross)."""


def money(amount: Decimal, currency: str, basis: str = "") -> str:
    """`1,234.50 USD net`; an unknown currency shows the amount as it is, never a guess."""
    try:
        text = show(amount, currency)
    except ValueError:
        text = f"{amount} {currency}".strip()
    return f"{text} {basis}".rstrip()


def money_html(amount: Any, currency: str, basis: str = "") -> SafeString:
    """An amount with its currency and what it is set apart: tabular figures line up, the sign stands in front."""
    value = decimal(amount)
    if value is None:
        return MISSING
    figure, _, code = money(value, currency).rpartition(" ") if currency else (str(value), "", "")
    tone = " is-negative" if value < 0 else ""
    unit = f"{code} {basis}".strip()
    return format_html('<span class="money{}">{} <span class="currency">{}</span></span>', tone, figure, unit)


def each(values: Amounts) -> list[Money]:
    """Sums one by one, however they are given."""
    return per_currency(values, "") if isinstance(values, Mapping) else list(values)


def amounts_html(values: Amounts | None) -> SafeString:
    """One line per currency and basis, never a sum across them."""
    lines = ((money_html(one.amount, one.currency, one.basis),) for one in each(values or ()))
    return format_html_join("", '<span class="amount-line">{}</span>', lines) or MISSING


def decimal(value: Any) -> Decimal | None:
    """The value as Decimal, or None when it is missing or no number."""
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None


def number(value: Any) -> str:
    """`12,345`: grouped, without trailing zeros."""
    exact = decimal(value)
    return str(value) if exact is None else str(format_decimal(exact, format="#,##0.######", locale="en"))


def hours(value: Any) -> str:
    """`7.50 h`: always two places, so that a column of hours lines up."""
    exact = decimal(value)
    return str(value) if exact is None else f"{format_decimal(exact, format='#,##0.00', locale='en')} h"


def percent(value: Any) -> str:
    """`12.5 %` of a share given as 0.125."""
    exact = decimal(value)
    return str(value) if exact is None else f"{format_decimal(exact * 100, format='#,##0.#', locale='en')} %"


def yes_no(value: bool) -> str:
    """A boolean in words."""
    return "Yes" if value else "No"


def day_html(value: date | datetime) -> SafeString:
    """`21 Nov 2026` in a `<time>`."""
    day = value.astimezone(UTC).date() if isinstance(value, datetime) else value
    return format_html('<time datetime="{}">{}</time>', day.isoformat(), f"{day.day} {day:%b %Y}")


def when_html(value: datetime) -> SafeString:
    """`21 Nov 2026 09:42` in UTC, with the distance from now in the tooltip."""
    moment = value.astimezone(UTC)
    text = f"{moment.day} {moment:%b %Y %H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), f"{ago(value)} · UTC", text)


def ago_html(value: date | datetime) -> SafeString:
    """`3 h ago` with the exact moment in the tooltip."""
    moment = _moment(value)
    exact = f"{moment.day} {moment:%b %Y %H:%M} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, ago(value))


def ago(value: date | datetime) -> str:
    """`3 h ago`, `in 2 d`, `just now`."""
    seconds = (now() - _moment(value)).total_seconds()
    text = age(abs(seconds))
    if abs(seconds) < 10:
        return "just now"
    return f"{text} ago" if seconds > 0 else f"in {text}"


def age(seconds: float) -> str:
    """A duration in one unit: `45 s`, `12 min`, `3 h`, `5 d`, `4 mo`, `2 y`."""
    for below, unit, name in _STEPS:
        if seconds < below:
            return f"{int(seconds // unit)} {name}"
    return f"{int(seconds // (DAY * 365))} y"


def _moment(value: date | datetime) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC)


def icon_html(name: str, label: str = "", classes: str = "") -> SafeString:
    """An icon of `static/icons.svg`; without a label it is decoration and hidden from screen readers."""
    address = f"{static('icons.svg')}#{name}"
    if label:
        html = '<svg class="icon {}" role="img" aria-label="{}"><use href="{}"/></svg>'
        return format_html(html, classes, label, address)
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}"/></svg>', classes, address)


def badge_html(badge: Badge) -> SafeString:
    """A status: dark text on a tinted ground, with an icon."""
    return format_html('<span class="state state-{}">{}{}</span>', badge.tone, icon_html(badge.icon), badge.label)
