"""Small pictures of agreements: how far a limit is used."""

from datetime import date
from decimal import Decimal
from typing import Any

from contracts.models import Cap, CapMonth
from integration_hub.console import charts
from integration_hub.console.wording import money_html
from integration_hub.kernel.money import ZERO


def limit(
    name: str,
    kind: str,
    *,
    limit: Decimal | None,
    reserved: Decimal,
    committed: Decimal,
    currency: str,
    this: Decimal = ZERO,
    until: date | None = None,
    url: str = "",
    words: str = "",
) -> dict[str, Any]:
    """A cap or purchase order for `contracts/_limit.html`. `this` is the part of `reserved` that one document takes.

    What credit memos on their way give back is not billed any more. `words` say what the bar cannot.
    """
    others = reserved - this
    left = limit - reserved - committed if limit is not None else None
    if others < 0:
        committed, others = committed + others, ZERO
    parts = [("Billed", committed, "success"), ("In other candidates" if this else "In candidates", others, "progress")]
    if this:
        parts.append(("This candidate", this, "info"))
    if left is not None and left >= 0:
        parts.append(("Left", left, "neutral"))
    bars = [
        charts.Bar(label, value, money_html(value, currency), tone)  # type: ignore[arg-type]  # tones are words above
        for label, value, tone in parts
    ]
    over = -left if left is not None and left < 0 else None
    return {
        "name": name,
        "kind": kind,
        "until": until,
        "limit": limit,
        "currency": currency,
        "url": url,
        "words": words,
        "over": over,
        "chart": charts.stacked(bars, f"How far {name} is used"),
    }


def cap(cap: Cap, *, month: CapMonth | None = None, this: Decimal = ZERO, words: str = "") -> dict[str, Any]:
    """A limit on the contract, a line or one payer's share, of one month where it is monthly, as `limit` draws it."""
    name = f"{cap.line or 'Whole contract'}{cap.whose}"
    row = month or cap
    return limit(
        f"{name}, {month.month:%B %Y}" if month else name,
        cap.get_kind_display(),
        limit=row.limit,
        reserved=row.reserved,
        committed=row.committed,
        currency=cap.currency,
        this=this,
        words=words,
    )
