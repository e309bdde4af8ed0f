"""Small charts as server-rendered SVG: no script, they print, and their numbers can be read without seeing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integration_hub.console.badges import Tone

Number = Decimal | int | float


@dataclass(frozen=True, slots=True)
class Bar:
    """One value of a chart: its name, its size, how the value is written, and where it leads."""

    label: str
    value: Number
    text: str | SafeString = ""
    tone: Tone = "neutral"
    url: str = ""


_BAR = """<li><span class="bar-label">{}</span><svg class="bar" aria-hidden="true">
<rect class="bar-ground" width="100%" height="100%" rx="2"/>
<rect class="bar-fill chart-{}" width="{}%" height="100%" rx="2"/></svg><span class="bar-value">{}</span></li>"""
_PART = '<rect class="chart-{}" x="{}%" width="{}%" height="100%"><title>{}</title></rect>'
_KEY = """<li><svg class="swatch" aria-hidden="true"><rect class="chart-{}" width="100%" height="100%" rx="2"/></svg>
<span>{}</span><span class="bar-value">{}</span></li>"""
_STACK = """<figure class="stacked"><svg class="stack" aria-hidden="true">{}</svg>
<ul class="chart-legend" aria-label="{}">{}</ul></figure>"""


def bars(values: Sequence[Bar], title: str) -> SafeString:
    """Horizontal bars, one per line, for ageing and other buckets; bars share one scale."""
    longest = max((abs(float(bar.value)) for bar in values), default=0.0)
    widths = [_percent(abs(float(bar.value)), longest) for bar in values]
    rows = [(_linked(bar), bar.tone, width, _text(bar)) for bar, width in zip(values, widths, strict=True)]
    return format_html('<ul class="bars" aria-label="{}">{}</ul>', title, format_html_join("", _BAR, rows))


def stacked(values: Sequence[Bar], title: str) -> SafeString:
    """One bar in parts with its legend; the parts add up to the whole. Nothing but parts above zero is drawn."""
    whole = sum(max(float(bar.value), 0.0) for bar in values)
    drawn: list[tuple[str, str, str, str]] = []
    start = 0.0
    for bar in values:
        width = _percent(max(float(bar.value), 0.0), whole)
        drawn.append((bar.tone, f"{start:.2f}", width, bar.label))
        start += float(width)
    legend = format_html_join("", _KEY, ((bar.tone, _linked(bar), _text(bar)) for bar in values))
    return format_html(_STACK, format_html_join("", _PART, drawn), title, legend)


def sparkline(values: Sequence[Number], title: str, *, width: int = 120, height: int = 28) -> SafeString:
    """A line of the last values; the description says first, last, lowest and highest."""
    if not values:
        return format_html('<span class="missing">{}</span>', "no values yet")
    figures = [float(value) for value in values]
    low, high = min(figures), max(figures)
    span = (high - low) or 1.0
    step = (width - 6) / max(len(figures) - 1, 1)
    points = [(3 + index * step, 3 + (height - 6) * (1 - (value - low) / span)) for index, value in enumerate(figures)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    words = f"From {values[0]} to {values[-1]}, lowest {min(values)}, highest {max(values)}."
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" width="{}" height="{}" role="img"><title>{}</title><desc>{}</desc>'
        '<polyline points="{}"/><circle cx="{}" cy="{}" r="2.5"/></svg>',
        width,
        height,
        width,
        height,
        f"{title}. {words}",
        words,
        line,
        f"{points[-1][0]:.1f}",
        f"{points[-1][1]:.1f}",
    )


def _linked(bar: Bar) -> str | SafeString:
    return format_html('<a href="{}">{}</a>', bar.url, bar.label) if bar.url else bar.label


def _text(bar: Bar) -> str | SafeString:
    return bar.text or str(bar.value)


def _percent(value: float, whole: float) -> str:
    return f"{100 * value / whole:.2f}" if whole else "0"
