"""A simulation in words, for the panel above a decision, and as plain figures for programs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from billing.engine.notation import plain
from billing.models import Candidate, Piece
from billing.simulation import Document, Outlook, Simulation
from integration_hub.console.wording import day_html, hours, money_html
from integration_hub.kernel.errors import BadInput, NotReady
from integration_hub.kernel.money import ZERO

Show = Callable[[Decimal], Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One figure that the act moves."""

    name: str
    without: Any
    with_it: Any
    difference: Any


def panel(simulate: Callable[[], Sequence[Simulation]]) -> SafeString:
    """The panel of a simulation, or why there is none."""
    try:
        found = simulate()
    except (NotReady, BadInput) as refusal:
        return mark_safe(render_to_string("billing/_simulation.html", {"reason": str(refusal)}))  # noqa: S308 a template
    parts = [_part(one) for one in found]
    return mark_safe(render_to_string("billing/_simulation.html", {"parts": parts}))  # noqa: S308 a template


def _part(one: Simulation) -> dict[str, Any]:
    currency = one.contract.currency
    documents = [_document(row, currency) for row in one.with_it.documents]
    return {
        "contract": one.contract.number,
        "through": day_html(one.through) if one.through else "",
        "documents": documents,
        "estimated": any(not row.tax_is_quoted for row in one.with_it.documents),
        "changes": changes(one),
    }


def _document(row: Document, currency: str) -> dict[str, Any]:
    tax = money_html(row.tax, currency) if row.tax is not None else "not known yet"
    return {
        "kind": Candidate(
            kind=row.kind, is_supplemental=row.is_supplemental, is_release=row.is_release, is_deposit=row.is_deposit
        ).kind_words,
        "lines": row.lines,
        "net": money_html(row.net, currency),
        "tax": tax,
        "estimate": row.tax is not None and not row.tax_is_quoted,
        "drawn": money_html(row.drawn, currency) if row.drawn else "",
        "due": money_html(row.due, currency),
    }


def changes(one: Simulation) -> list[Change]:
    """Every figure that is another with the act, in the order in which a reader asks."""

    def money(value: Decimal) -> SafeString:
        return money_html(value, one.contract.currency)

    def left(name: str) -> Show:
        return (lambda value: hours(value / 60)) if ", " in name else money

    found = [_change(label, _total(one.without, kind), _total(one.with_it, kind), money) for kind, label in _TOTALS]
    labels = dict(Piece.State.choices)
    found += _changes(one.without.states, one.with_it.states, lambda key: f"Work: {labels[key].lower()}", money)
    found += _changes(one.without.caps, one.with_it.caps, lambda key: f"Used of the limit on {key}", money)
    for name in sorted({*one.without.retainers, *one.with_it.retainers}):
        before, after = (side.retainers.get(name, ZERO) for side in (one.without, one.with_it))
        found.append(_change(f"Left of {name}", before, after, left(name)))
    withheld = (one.without.retention, one.with_it.retention)
    found += _changes(*withheld, lambda key: f"Withheld by {key}", money)
    ahead = (one.without.deposits, one.with_it.deposits)
    found += _changes(*ahead, lambda key: f"Left of the deposit for {key}", money)
    months = (one.without.recognised, one.with_it.recognised)
    found += _changes(*months, lambda key: f"Recognised for {key:%B %Y}", money)
    return [row for row in found if row is not None]


_TOTALS = (("invoice", "Invoiced, net"), ("credit_memo", "Credited, net"))


def _total(outlook: Outlook, kind: str) -> Decimal:
    return sum((row.net for row in outlook.documents if row.kind == kind), ZERO)


def _changes(
    without: Mapping[Any, Decimal], with_it: Mapping[Any, Decimal], name: Callable[[Any], str], show: Show
) -> list[Change | None]:
    keys = sorted({*without, *with_it})
    return [_change(name(key), without.get(key, ZERO), with_it.get(key, ZERO), show) for key in keys]


def _change(name: str, without: Decimal, with_it: Decimal, show: Show) -> Change | None:
    if without == with_it:
        return None
    return Change(name, show(without), show(with_it), show(with_it - without))


def facts(one: Simulation) -> dict[str, Any]:
    """One simulation as plain values, by name."""
    return {
        "contract": one.contract.number,
        "currency": one.contract.currency,
        "through": one.through,
        "without": _outlook(one.without),
        "with_it": _outlook(one.with_it),
    }


def _outlook(outlook: Outlook) -> dict[str, Any]:
    return {
        "documents": [
            {
                "kind": row.kind,
                "is_supplemental": row.is_supplemental,
                "is_release": row.is_release,
                "is_deposit": row.is_deposit,
                "lines": row.lines,
                "net": row.net,
                "tax": row.tax,
                "tax_is_estimate": not row.tax_is_quoted,
                "drawn": row.drawn,
                "due": row.due,
            }
            for row in outlook.documents
        ],
        "states": {key: plain(value) for key, value in sorted(outlook.states.items())},
        "caps": {key: plain(value) for key, value in outlook.caps.items()},
        "retainers": {key: plain(value) for key, value in outlook.retainers.items()},
        "deposits": {key: plain(value) for key, value in sorted(outlook.deposits.items())},
        "retention": {key: plain(value) for key, value in sorted(outlook.retention.items())},
        "recognised": {f"{key:%Y-%m}": plain(value) for key, value in sorted(outlook.recognised.items())},
    }
