"""What moved in a candidate since somebody approved it: that, and nothing else, they have to look at again (§5.3)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any, NamedTuple

from billing.models import Approval, Candidate
from contracts.models import BillTo
from integration_hub.console.wording import money
from integration_hub.people.models import User

_WORDS = {
    "bill_to": "Bill to",
    "currency": "Currency",
    "invoice_date": "Invoice date",
    "accounting_date": "Accounting date",
    "purchase_order": "Purchase order",
    "contract_version": "Version of the contract",
    "rules": "Rules",
    "net": "Net",
    "tax": "Tax",
    "gross": "Gross",
    "drawdown": "Paid by retainers",
    "retained": "Withheld",
    "advanced": "Billed ahead, or taken of deposits",
    "reason": "Reason",
    "rebillable": "Billed again",
    "note": "Note",
    "tax_codes": "Tax codes by line",
    "booked_to": "Booked to, by line",
}
_COLUMNS = ("description", "hours", "rate", "net", "tax")
_MONEY = ("net", "tax", "gross", "drawdown", "retained", "advanced")


class Change(NamedTuple):
    """One thing that is otherwise now; empty: it was not there, or is gone."""

    what: str
    was: str
    now: str


def lapsed(candidate: Candidate, person: User) -> Approval | None:
    """The person's last approval, where it lapsed because figures moved and they have not decided since."""
    last = Approval.objects.filter(candidate=candidate, by=person).order_by("-pk").first()
    return last if last and last.verdict == Approval.Verdict.APPROVED and last.lapsed_at and last.content else None


def between(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """What differs between two renderings of a candidate (`checks.rendering` as JSON): head first, then lines."""
    currency = str(now.get("currency", ""))
    head = [
        Change(_WORDS[name], _shown(name, was.get(name), currency), _shown(name, now.get(name), currency))
        for name in _WORDS
        if was.get(name) != now.get(name)
    ]
    return head + _lines(was.get("lines", []), now.get("lines", []), currency)


def _lines(was: Sequence[Sequence[Any]], now: Sequence[Sequence[Any]], currency: str) -> list[Change]:
    changes = []
    for number, (before, after) in enumerate(zip_longest(was, now), 1):
        if before != after:
            changes.append(Change(f"Line {number}", _line(before, currency), _line(after, currency)))
    return changes


def _line(line: Sequence[Any] | None, currency: str) -> str:
    if line is None:
        return ""
    row = dict(zip(_COLUMNS, line, strict=False))
    worked = f", {row['hours']} h at {row['rate']}" if row["hours"] is not None and row["rate"] is not None else ""
    return f"{row['description']}{worked}: {_money(row['net'], currency)} and tax {_money(row['tax'], currency)}"


def _shown(name: str, value: Any, currency: str) -> str:
    if value in (None, ""):
        return ""
    if name == "bill_to":
        return str(BillTo.objects.select_related("customer").get(pk=value).customer.name)
    return _money(value, currency) if name in _MONEY else str(value)


def _money(value: Any, currency: str) -> str:
    return money(Decimal(str(value)), currency)
