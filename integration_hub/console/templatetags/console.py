"""`{% load console %}`: money, hours, moments, icons, badges and editing of the query part."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integration_hub.console import charts, wording
from integration_hub.console.badges import badge as badge_of
from integration_hub.console.query import edited
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Basis, Money, per_currency

register = template.Library()


@register.filter
def money(amount: Any, currency: str = "") -> SafeString:
    """`{{ line.amount|money:line.currency }}` or `{{ some_money|money }}`."""
    if isinstance(amount, Money):
        return wording.money_html(amount.amount, amount.currency, amount.basis)
    return wording.money_html(amount, currency)


@register.filter
def amounts(values: wording.Amounts | None) -> SafeString:
    """`{{ totals|amounts }}`: one line per currency and basis, never a sum across them."""
    return wording.amounts_html(values)


@register.filter
def as_basis(values: "Mapping[str, Decimal]", basis: Basis) -> list[Money]:
    """`{{ totals|as_basis:"net"|amounts }}`: sums by currency, with what they are."""
    return per_currency(values, basis)


@register.filter
def hours(value: Any) -> str | SafeString:
    """`7.50 h`."""
    return wording.MISSING if value is None or value == "" else wording.hours(value)


@register.filter
def percent(value: Any) -> str | SafeString:
    """`12.5 %` of 0.125."""
    return wording.MISSING if value is None or value == "" else wording.percent(value)


@register.filter
def number(value: Any) -> str | SafeString:
    """`12,345`."""
    return wording.MISSING if value is None or value == "" else wording.number(value)


@register.filter
def day(value: date | datetime | None) -> SafeString:
    """`21 Nov 2026`."""
    return wording.day_html(value) if value else wording.MISSING


@register.filter
def when(value: datetime | None) -> SafeString:
    """`21 Nov 2026 09:42`, UTC."""
    return wording.when_html(value) if value else wording.MISSING


@register.filter
def ago(value: date | datetime | None) -> SafeString:
    """`3 h ago`."""
    return wording.ago_html(value) if value else wording.MISSING


@register.filter
def age_of(value: datetime | None) -> str:
    """`3 min`: how long ago, without saying "ago"."""
    return wording.age((now() - value).total_seconds()) if value else "–"


@register.filter
def clock_time(value: datetime | None) -> str:
    """`09:42`."""
    return f"{value:%H:%M}" if value else "–"


@register.simple_tag
def icon(name: str, label: str = "", classes: str = "") -> SafeString:
    """`{% icon "check" %}`; give a label only when no text says the same."""
    return wording.icon_html(name, label, classes)


@register.filter
def badge(status: object, label: str = "") -> SafeString:
    """`{{ hold.status|badge }}`: a status code, a choice or a `Badge`."""
    return wording.badge_html(badge_of(status, label)) if status not in (None, "") else wording.MISSING


@register.simple_tag(takes_context=True)
def querystring_with(context: Context, **changes: Any) -> str:
    """`{% querystring_with depth=3 after=None %}`: this page's query with changes; None removes."""
    request: HttpRequest = context["request"]
    return edited(request.GET, **changes)


@register.filter
def highlight(text: Any, query: str) -> SafeString:
    """The text with what was searched for marked."""
    needle = query.strip() if query else ""
    if not needle:
        return format_html("{}", text)
    parts = re.split(f"({re.escape(needle)})", str(text), flags=re.IGNORECASE)
    marked = (format_html("<mark>{}</mark>" if place % 2 else "{}", part) for place, part in enumerate(parts))
    return format_html_join("", "{}", ((part,) for part in marked))


@register.filter
def icon_of(status: object) -> SafeString:
    """Only the icon of a status, for places where the word stands beside it."""
    shown = badge_of(status)
    return format_html('<span class="tone-{}">{}</span>', shown.tone, wording.icon_html(shown.icon))


@register.filter
def or_dash(value: Any) -> Any:
    """The value, or a dash when it is missing. Zero is a value."""
    return wording.MISSING if value is None or value == "" else value


@register.simple_tag
def bars(values: Sequence[charts.Bar], title: str) -> SafeString:
    """`{% bars buckets "Open holds by age" %}`: ageing and other buckets."""
    return charts.bars(values, title)


@register.simple_tag
def stacked_bar(values: Sequence[charts.Bar], title: str) -> SafeString:
    """`{% stacked_bar parts "Where the month stands" %}`."""
    return charts.stacked(values, title)


@register.simple_tag
def sparkline(values: Sequence[charts.Number], title: str) -> SafeString:
    """`{% sparkline values "Entries per day" %}`."""
    return charts.sparkline(values, title)


@register.filter
def tone_of(status: object) -> str:
    """The tone of a status, for places that only colour what the word says."""
    return badge_of(status).tone
