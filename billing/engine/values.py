"""What the rules are told and what they answer: frozen values, exact Decimals, plain dates.

Units: time is in minutes, rates are per `unit` of a row (an hour, a day of eight hours, a piece), amounts are money in
the contract's currency unless a field beside them names another. Amounts of pieces carry `AMOUNT_PLACES` decimal
places, the precision they are stored with, and are rounded to money only on a printed line (billing.md R6).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import orjson

from billing.engine import charging
from billing.engine.agreed import Due, ExpenseTerm, Increment, Premium, Proration, RetroMode, Tier
from integration_hub.kernel.money import Quote, Rounding
from integration_hub.rules.tables import Table

RULES_VERSION = "2026.7"
"""Version of this rule set; goes into every decision. Change it with any change that can move a figure."""

AMOUNT_PLACES = 6
MINUTE_PLACES = 4
RATE_PLACES = 10
ZERO = Decimal(0)

Scope = Literal["contract", "customer", "legal_entity"]
Unit = Literal["hour", "day", "item"]
Method = Literal[
    "tm",
    "milestone",
    "retainer_hours",
    "retainer_prepaid",
    "recurring",
    "fixed_schedule",
    "expense",
    "included",
    "usage",
    "commitment",
    "progress",
]
ExpenseRule = Literal["", "at_cost", "markup", "non_billable"]
Precedence = Literal["scope_then_specificity", "specificity_then_scope", "explicit"]
Kind = Literal["time", "usage", "expense", "milestone", "fee"]
PrintedKind = Literal[Kind, "passed_on"]
"""A cost that was paid in the client's name is passed on: neither our revenue nor our tax (R14)."""
State = Literal["blocked", "held", "included", "non_billable", "over_cap", "billable", "written_off", "postponed"]
HoldScope = Literal["event", "milestone", "project", "line", "contract", "bill_to", "customer"]
Grouping = Literal["none", "resource", "role", "task", "rate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """One price, valid for service dates in [valid_from, valid_to). Empty role, resource and item: the default.

    `hours_per_day` is how long a day is that a price per day pays. `retro` is what it does to work that was posted at
    another price, as agreed with the price; None: as the contract says.
    """

    id: int
    scope: Scope
    role: str = ""
    resource: str = ""
    item: str = ""
    currency: str
    unit: Unit = "hour"
    hours_per_day: Decimal = Decimal(8)
    rate: Decimal
    valid_from: date
    valid_to: date | None = None
    source: str = ""
    retro: RetroMode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A contract line as it stands on the version we decide under. `starts_on`, `ends_on` are inclusive.

    A recurring fee is charged for no day of its `suspensions`, each [from, to).
    """

    id: int
    number: int
    method: Method
    name: str = ""
    amount: Decimal | None = None
    included_minutes: Decimal | None = None
    overage_rate: Decimal | None = None
    unused: Literal["forfeit", "rollover"] = "forfeit"
    carry_limit_minutes: Decimal | None = None
    carry_floor_minutes: Decimal | None = None
    carry_months: int = 1
    overage: Literal["bill", "carry_deficit"] = "bill"
    deficit_limit_minutes: Decimal | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    expense_rule: ExpenseRule = ""
    markup_percent: Decimal | None = None
    increment: Increment | None = None
    premiums: tuple[Premium, ...] = ()
    tiers: tuple[Tier, ...] = ()
    expenses: tuple[ExpenseTerm, ...] = ()
    proration: Proration = "actual_days"
    suspensions: tuple[tuple[date, date], ...] = ()
    due: Due = "arrears"
    status: Literal["active", "suspended", "ended"] = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapTerm:
    """A limit in contract currency; `line_id` None: on the whole contract. `used` is what locked work took of it.

    A monthly one is a limit of its own for the work of each calendar month; `used_in` is what each took, by the first
    day of the month. A contract-wide cap counts expenses only when `includes_expenses` says so; a cap on an expense
    line always does. One of a payer counts what that payer is billed by its share.
    """

    id: int
    line_id: int | None = None
    kind: Literal["hard", "soft"] = "hard"
    period: Literal["total", "month"] = "total"
    limit: Decimal
    used: Decimal = ZERO
    used_in: tuple[tuple[date, Decimal], ...] = ()
    includes_expenses: bool = False
    payer_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a payer, by the id of its bill-to, is billed of work, in percent; one of them takes the rest."""

    payer_id: int
    customer_id: int
    percent: Decimal
    takes_rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Who pays for the work of a line (None: of all lines without one of their own) from a service date on.

    The shares add up to 100; one payer with all of it ends an earlier split.
    """

    line_id: int | None = None
    effective_on: date
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityRow:
    """Which work falls under which line. Empty fields match everything; more filled fields are more specific."""

    id: int
    kind: Literal["time", "usage", "expense"] = "time"
    project_id: int | None = None
    task_code: str = ""
    role: str = ""
    category: str = ""
    line_id: int | None = None
    chargeability: Literal["chargeable", "included", "non_chargeable"] = "chargeable"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainerUse:
    """Bucket minutes of one line and month that are consumed already. `period_start` is any day of the month.

    Where it is told what was carried into the month and owed in it, that is not worked out from the months before.
    """

    line_id: int
    period_start: date
    used_minutes: Decimal
    carried_minutes: Decimal | None = None
    owed_minutes: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A version of time of which something is locked: its worked minutes, and those it is charged with in all.

    `gratis`: it is printed at nought.
    """

    event_id: int
    line_id: int
    resource: str
    on: date
    task_code: str
    worked: Decimal
    charged: Decimal
    gratis: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldTerm:
    """An open hold. `target` is the row id as text, for an event its work key.

    Pass only holds of this contract. Those on its own bill-to and customer apply to all of its work that nobody shares;
    `on_payer` ones reach it through another payer only, and stop nothing but what that one is billed.
    """

    id: int
    scope: HoldScope
    target: str
    code: str
    effect: Literal["no_bill", "no_post"] = "no_bill"
    on_payer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One contract under one version: everything the rules may know about what was agreed. `ends_on` is inclusive.

    An exchange rate older than `fx_max_age_days` on the day of the work converts nothing. `rate_order` ranks prices as
    `scope.key` where the precedence is explicit. `quotes` convert prices in other currencies, by currency and in order
    of their days; none where that is not agreed. `tier_use` is what is locked of lines with tiers, in minutes by line;
    `settled` what is of those that round a person's day. Work that was recorded more than `time_bar_days` after its day
    is not billed unless somebody waived that. `retro_mode` is for prices that do not say themselves what they do to
    posted work.
    """

    contract_id: int
    version: int
    currency: str
    rounding: Rounding = "half_up"
    status: str = "active"
    signed_on: date | None
    starts_on: date | None = None
    ends_on: date | None = None
    fx_max_age_days: int = 7
    rate_precedence: Precedence = "scope_then_specificity"
    rate_order: tuple[str, ...] = ()
    quotes: tuple[tuple[str, tuple[Quote, ...]], ...] | None = None
    markup_base: Literal["net", "gross"] = "net"
    time_bar_days: int | None = None
    retro_mode: RetroMode = "reverse_and_rebill"
    lines: tuple[Line, ...] = ()
    rates: tuple[RateRow, ...] = ()
    caps: tuple[CapTerm, ...] = ()
    eligibility: tuple[EligibilityRow, ...] = ()
    retainer_use: tuple[RetainerUse, ...] = ()
    tier_use: tuple[tuple[int, Decimal], ...] = ()
    settled: tuple[Settled, ...] = ()
    holds: tuple[HoldTerm, ...] = ()
    splits: tuple[Split, ...] = ()
    charging: Table = charging.DELIVERED
    rules_version: str = RULES_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledPart:
    """A posted piece of this work that nothing has credited yet, and what it was billed on.

    `event_id` is the version it was billed from, `role` the one it was billed under; `minutes`, `rate` and `amount` are
    the piece's own. `worked` is what that whole version said, in minutes; `worth` what it was priced at before limits,
    for work without minutes (None when that was not kept). `service_date` is that version's. A difference in price that
    was posted names the part it `adjusts`; of a part, `adjusted` is what such differences came to, posted or on their
    way (`moving`). Where several paid, it is what `payer_id` was billed as its `percent`.
    """

    piece_id: int
    event_id: int
    line_id: int
    service_date: date
    role: str = ""
    minutes: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal
    worked: Decimal | None = None
    worth: Decimal | None = None
    payer_id: int | None = None
    percent: Decimal | None = None
    adjusts: int | None = None
    adjusted: Decimal = ZERO
    moving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposal:
    """A part of a work that a person set aside before it is billed: written off with approval, or postponed.

    `amount` is what was approved, at `rate` an hour where the work has minutes. A postponement follows the price and
    has none, or the amount that is put off of work without minutes; with neither amount nor minutes it takes all that
    is open.
    """

    id: int
    state: Literal["written_off", "postponed"]
    minutes: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One billable event: a current one that has something to decide, or one of which something is posted.

    Time has `minutes`, usage a `quantity`; expenses, milestones and fees have `amount` in `currency`. An expense may
    state a `quantity` as well (nights, kilometres); with `taxed` the tax of its rule is in its amount. `charged` are
    the minutes that a minimum increment makes of those worked (None: as worked). `fx` is the rate quoted last between
    `currency` and the contract's by the work's own date. `evidence` is the receipt of an expense or the proof of an
    acceptance. `locked_minutes` and `locked_amount` are what locked pieces of this same work (reserved, posted; credits
    count negative) took already, and `locked_by` what of it each payer has who shares it (payer, minutes,
    amount): only the rest is decided, unless what is `billed` of it turns out to be
    billed otherwise now. `withdrawn`: it is no longer part of this contract's work. `recorded_on` is the day this
    version of it arrived here, `waived` that the client's bar on late work does not count for it. `disposals` are the
    parts of it that people set aside, in the order they did.
    """

    event_id: int
    work_key: str
    kind: Kind
    service_date: date
    start_order: int = 0
    project_id: int | None = None
    line_id: int | None = None
    milestone_id: int | None = None
    resource: str = ""
    role: str = ""
    resource_default_role: str = ""
    task_code: str = ""
    category: str = ""
    minutes: Decimal | None = None
    charged: Decimal | None = None
    quantity: Decimal | None = None
    amount: Decimal | None = None
    taxed: bool = False
    currency: str = ""
    approval: Literal["draft", "submitted", "approved", "rejected"] = "approved"
    chargeable: bool = True
    fx: Quote | None = None
    evidence: bool = True
    locked_minutes: Decimal = ZERO
    locked_amount: Decimal = ZERO
    locked_by: tuple[tuple[int, Decimal, Decimal], ...] = ()
    billed: tuple[BilledPart, ...] = ()
    withdrawn: bool = False
    recorded_on: date | None = None
    waived: bool = False
    disposals: tuple[Disposal, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """The value of an event in contract currency, or the code that says why it has none; or that it is not charged.

    `free` is "included" or "non_billable" where the value is nought by agreement; `gratis` is printed at nought.
    `steps` explain a figure; `beyond` is what a policy cut off. With `slices` the time has several prices, by minutes;
    `allowed` is every price it may have.
    """

    value: Decimal | None
    hourly: Decimal | None = None
    code: str = ""
    free: str = ""
    gratis: bool = False
    steps: tuple[dict[str, Any], ...] = ()
    beyond: Decimal = ZERO
    slices: tuple[tuple[Decimal, Decimal], ...] = ()
    allowed: frozenset[Decimal] = frozenset()


@dataclass(frozen=True, slots=True)
class PieceResult:
    """A part of an event in one state. `rate` is per hour; `amount` is exact, None when the price is unknown.

    A credit names the posted piece it `corrects`; its minutes and amount are that piece's, negative. A difference in
    price names the posted piece it `adjusts`, and has no minutes: that piece has them. A share names its payer and the
    percentage.
    """

    state: State
    codes: tuple[str, ...]
    line_id: int | None
    cap_id: int | None
    minutes: Decimal | None
    rate: Decimal | None
    amount: Decimal | None
    currency: str
    corrects: int | None = None
    payer_id: int | None = None
    percent: Decimal | None = None
    adjusts: int | None = None


Pieces = tuple[PieceResult, ...]
"""What becomes of an event, part by part."""


class DecisionResult(NamedTuple):
    """What we concluded about one event. `text` is the trace as canonical JSON, which says why."""

    event_id: int
    pieces: tuple[PieceResult, ...]
    content_hash: str
    text: str

    @property
    def trace(self) -> dict[str, Any]:
        """The trace, parsed anew."""
        found: dict[str, Any] = orjson.loads(self.text)
        return found
