"""How a close stands: each check with its findings and what was accepted, the money that is ready, what is late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, Sum

from billing.models import Hold, Piece
from integration_hub.cases.models import Case, Member
from integration_hub.kernel.money import ZERO
from reconciliation.closing.checks import CHECKS
from reconciliation.closing.found import Check, Found, Period, listed, sums
from reconciliation.models import Acceptance, PeriodClose
from reconciliation.reports import formulas

DUE = ("billable", "blocked", "held", "over_cap", "reserved", "posted", "corrected")
"""What the period is to bring in; postponed, included, given away and written off is not due in it."""
STOPPED = ("blocked", "held", "over_cap")
POSTED = ("posted", "corrected")


@dataclass(frozen=True, slots=True)
class Line:
    """One check as it stands."""

    check: Check
    found: Found
    due_on: date
    acceptance: Acceptance | None

    @property
    def accepted(self) -> bool:
        """Whether somebody accepted exactly these findings."""
        return self.acceptance is not None and self.acceptance.content == self.found.digest

    @property
    def lapsed(self) -> bool:
        """Whether an acceptance is for other findings than there are now."""
        return self.acceptance is not None and not self.found.clear and not self.accepted

    @property
    def passes(self) -> bool:
        """Whether it stands in nobody's way."""
        return self.found.clear or self.accepted

    @property
    def state(self) -> str:
        """One word for it."""
        return "clear" if self.found.clear else "accepted" if self.accepted else "open"


@dataclass(frozen=True, slots=True)
class Ready:
    """The money of the period in one currency, net; `stopped` is the part that nothing lets through now."""

    currency: str
    due: Decimal
    posted: Decimal
    stopped: Decimal
    unpriced: Decimal
    """Minutes of stopped work that has no price, so that it is in none of the sums."""

    @property
    def unpriced_hours(self) -> Decimal:
        """The same in hours."""
        return self.unpriced / 60

    @property
    def share(self) -> Decimal | None:
        """Money passing of money due (billing.md §6, close readiness); None where nothing is due."""
        return formulas.close_readiness(self.due - self.stopped, self.due)


@dataclass(frozen=True, slots=True)
class Late:
    """What will miss the cut-off as it stands."""

    what: str
    count: int
    money: dict[str, Decimal]
    url: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A close at one moment."""

    close: PeriodClose
    period: Period
    lines: tuple[Line, ...]

    @property
    def blockers(self) -> list[Line]:
        """Checks that keep the period from being signed."""
        return [line for line in self.lines if not line.passes]


def at(close: PeriodClose, moment: datetime) -> Standing:
    """Every check of a close, made anew."""
    return _made(close, moment, CHECKS)


def of_check(close: PeriodClose, name: str, moment: datetime) -> Line:
    """One check of a close, made anew; the others are not asked. Raises LookupError for one that does not exist."""
    chosen = [check for check in CHECKS if check.name == name]
    return _made(close, moment, chosen).lines[0]


def _made(close: PeriodClose, moment: datetime, checks: Sequence[Check]) -> Standing:
    period = Period(close.legal_entity, close.starts_on, close.ends_on, close.cut_off_on, moment)
    accepted = {row.check_name: row for row in close.acceptances.filter(withdrawn_at=None)}
    lines = (Line(check, check.find(period), check.due_on(period), accepted.get(check.name)) for check in checks)
    return Standing(close, period, tuple(lines))


def readiness(period: Period) -> list[Ready]:
    """Money passing and money due of the period's work, per currency."""
    rows = Piece.objects.filter(
        legal_entity__code=period.legal_entity, is_current=True, state__in=DUE,
        event__service_date__range=(period.starts_on, period.ends_on),
    ).order_by()  # fmt: skip
    found: Any = rows.exclude(currency="").values("currency").annotate(
        due=Sum("amount"),
        posted=Sum("amount", filter=Q(state__in=POSTED)),
        stopped=Sum("amount", filter=Q(state__in=STOPPED)),
    )  # fmt: skip
    unpriced = rows.filter(state__in=STOPPED, amount=None).values_list("contract__currency").annotate(m=Sum("minutes"))
    without = {currency or "": minutes or ZERO for currency, minutes in unpriced}
    told = {row["currency"]: row for row in found}
    return [
        Ready(currency, **_sums(told.get(currency, {})), unpriced=without.get(currency, ZERO))
        for currency in sorted({*told, *without} - {""})
    ]


def _sums(row: Mapping[str, Any]) -> dict[str, Decimal]:
    return {name: row.get(name) or ZERO for name in ("due", "posted", "stopped")}


def late(period: Period) -> list[Late]:
    """Exceptions and holds whose own date is after the cut-off: nobody plans to be done before."""
    entity = period.legal_entity
    cases = Case.objects.filter(
        legal_entity=entity, status__in=Case.OPEN_STATES, severity__lte=2, due_at__date__gt=period.cut_off_on
    )
    held = Member.objects.filter(case__in=cases, is_open=True)
    holds = Hold.objects.filter(legal_entity__code=entity, status="open", review_on__gt=period.cut_off_on)
    counted = cases.aggregate(n=Count("pk"))["n"]
    found = [
        Late("Exceptions due after the cut-off", counted, sums(held),
             listed("cases:case-list", legal_entity=entity, view="all")),
        Late("Holds reviewed after the cut-off", holds.count(), {},
             listed("billing:hold-list", legal_entity=entity, review_on_after=period.cut_off_on)),
    ]  # fmt: skip
    return [row for row in found if row.count]
