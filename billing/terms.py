"""Load what the engine is told of agreements: the terms of contracts as plain values, for many contracts at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from django.db.models import Max, Q, QuerySet, Sum

from billing.engine import agreed, charging, values
from billing.models import Hold, Piece
from contracts.models import (
    BillTo,
    Cap,
    Contract,
    ContractLine,
    ContractVersion,
    EligibilityRule,
    PayerShare,
    PayerSplit,
    RateRow,
)
from contracts.queries import policy_of, quotes_into, rates_of
from integration_hub.canonical import LinePrices, Policy
from integration_hub.kernel.money import Quote
from integration_hub.rules.queries import in_force

MINUTES = Decimal(60)
Row = TypeVar("Row")


def load(contracts: Sequence[Contract], versions: Mapping[int, ContractVersion]) -> dict[int, values.Terms]:
    """The terms of contracts as we know them now, by contract: the same few statements however many they are.

    `versions` are their current ones, where there are any.
    """
    ids = [contract.pk for contract in contracts]
    lines = _grouped((row.contract_id, engine_line(row)) for row in ContractLine.objects.filter(contract__in=ids))
    limits = Cap.objects.filter(contract__in=ids).prefetch_related("months").order_by("id")
    caps = _grouped((row.contract_id, _cap(row)) for row in limits)
    rules = EligibilityRule.objects.filter(contract__in=ids).order_by("id")
    eligibility = _grouped((row.contract_id, _eligibility(row)) for row in rules)
    rates = {pk: tuple(map(_rate, rows)) for pk, rows in rates_of(contracts).items()}
    payers = _payers(contracts)
    splits = _splits(payers)
    holds = _holds(contracts, payers)
    charged = in_force(charging.KIND.name, {contract.legal_entity.code for contract in contracts})
    policies = {contract.pk: policy_of(contract) for contract in contracts}
    quotes = _quotes(contracts, policies, rates)
    used = _tier_use([line for some in lines.values() for line in some])
    return {
        contract.pk: values.Terms(
            contract_id=contract.pk,
            version=versions[contract.pk].number if contract.pk in versions else 0,
            currency=contract.currency,
            rounding=contract.legal_entity.rounding,  # type: ignore[arg-type]  # choices are the same words
            status=contract.status,
            signed_on=contract.signed_on,
            starts_on=contract.starts_on,
            ends_on=contract.ends_on,
            fx_max_age_days=contract.legal_entity.fx_max_age_days,
            rate_precedence=policies[contract.pk].rate_precedence,
            rate_order=policies[contract.pk].rate_order,
            quotes=quotes.get(contract.pk),
            markup_base="gross" if policies[contract.pk].expense_markup_base == "gross" else "net",
            time_bar_days=policies[contract.pk].time_bar_days,
            retro_mode=policies[contract.pk].retro_mode,
            tier_use=tuple((line.id, used[line.id]) for line in lines[contract.pk] if line.id in used),
            lines=lines[contract.pk],
            rates=rates[contract.pk],
            caps=caps[contract.pk],
            eligibility=eligibility[contract.pk],
            splits=splits[contract.pk],
            holds=holds[contract.pk],
            charging=charged[contract.legal_entity.code],
        )
        for contract in contracts
    }


def _quotes(
    contracts: Sequence[Contract], policies: Mapping[int, Policy], rates: Mapping[int, Sequence[values.RateRow]]
) -> dict[int, tuple[tuple[str, tuple[Quote, ...]], ...]]:
    """The exchange rates that contracts convert prices with, for those that do."""
    wanted = {
        contract: {row.currency for row in rates[contract.pk]} - {contract.currency}
        for contract in contracts
        if policies[contract.pk].rate_currency_fallback != "none"
    }
    known = quotes_into({(base, contract.currency) for contract, bases in wanted.items() for base in bases})
    return {
        contract.pk: tuple((base, tuple(known[base, contract.currency])) for base in sorted(bases))
        for contract, bases in wanted.items()
    }


def _tier_use(lines: Iterable[values.Line]) -> dict[int, Decimal]:
    """Minutes that are locked of lines whose prices fall with volume; credits count negative, and free time not."""
    ids = [line.id for line in lines if line.tiers]
    if not ids:
        return {}
    locked = Piece.objects.filter(line__in=ids, is_current=True, state__in=Piece.LOCKED, minutes__isnull=False)
    return dict(locked.exclude(rate=0).order_by("line").values_list("line").annotate(total=Sum("minutes")))


def with_settled(terms: values.Terms, works: Iterable[values.Work]) -> values.Terms:
    """Terms that also say what is settled of the days whose time a line rounds in one, for these works."""
    ids = [line.id for line in terms.lines if line.increment is not None and line.increment.pool != "entry"]
    days = {work.service_date for work in works} if ids else set()
    if not days:
        return terms
    locked = Piece.objects.filter(
        line__in=ids, is_current=True, state__in=Piece.LOCKED, event__is_current=True, event__service_date__in=days
    )
    rows = Piece.objects.filter(event__in=locked.values("event"), is_current=True, corrects__isnull=True)
    keys = ("event", "line", "event__resource__code", "event__service_date", "event__task_code", "event__minutes")
    billed = rows.exclude(state=Piece.State.CORRECTED).order_by("event", "line").values_list(*keys)
    settled = tuple(
        values.Settled(
            event_id=event,
            line_id=line,
            resource=resource or "",
            on=on,
            task_code=task,
            worked=worked,
            charged=charged,
            gratis=not dearest,
        )
        for event, line, resource, on, task, worked, charged, dearest in billed.annotate(
            charged=Sum("minutes"), dearest=Max("rate")
        )
        if line is not None and worked is not None and charged is not None
    )
    return replace(terms, settled=settled)


def _grouped(rows: Iterable[tuple[int, Row]]) -> dict[int, tuple[Row, ...]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for pk, row in rows:
        found[pk].append(row)
    return defaultdict(tuple, {pk: tuple(members) for pk, members in found.items()})


def _payers(contracts: Sequence[Contract]) -> list[PayerShare]:
    """Who shares the work of contracts, each with its split, in the order these take effect."""
    splits = Q(split__contract__in=[contract.pk for contract in contracts], split__withdrawn_at=None)
    rows = PayerShare.objects.filter(splits).select_related("bill_to", "split")
    return list(rows.order_by("split__effective_on", "split", "pk"))


def _splits(payers: Iterable[PayerShare]) -> dict[int, tuple[values.Split, ...]]:
    """The splits of contracts, for those whose work anybody shares."""
    found: dict[PayerSplit, list[values.Share]] = {}
    for row in payers:
        share = values.Share(
            payer_id=row.bill_to_id,
            customer_id=row.bill_to.customer_id,
            percent=row.percent.normalize(),
            takes_rest=row.takes_rest,
        )
        found.setdefault(row.split, []).append(share)
    return _grouped(
        (split.contract_id, values.Split(line_id=split.line_id, effective_on=split.effective_on, shares=tuple(shares)))
        for split, shares in found.items()
    )


def holds_on(contract: Contract) -> QuerySet[Hold]:
    """Open holds that stop work of this contract, whatever their scope; not those on others who pay a share of it."""
    return Hold.objects.filter(_touching([contract], []), status=Hold.Status.OPEN).order_by("id")


def holds_on_document(contract: Contract, bill_to: BillTo) -> QuerySet[Hold]:
    """Open holds that stop a document of this contract to this payer, whatever their scope."""
    others = Q(scope="bill_to") & ~Q(target_id=str(bill_to.pk))
    payer = PayerShare(bill_to=bill_to)
    return Hold.objects.filter(_touching([contract], [payer]), status=Hold.Status.OPEN).exclude(others).order_by("id")


def _touching(contracts: Sequence[Contract], payers: Iterable[PayerShare]) -> Q:
    payers = list(payers)
    customers = [contract.customer_id for contract in contracts] + [payer.bill_to.customer_id for payer in payers]
    profiles = [contract.bill_to_id for contract in contracts] + [payer.bill_to_id for payer in payers]
    targets = {
        "contract": {str(contract.pk) for contract in contracts},
        "customer": set(map(str, customers)),
        "bill_to": set(map(str, profiles)),
    }
    which = Q(contract__in=[contract.pk for contract in contracts])
    for scope, ids in targets.items():
        which |= Q(scope=scope, target_id__in=ids)
    return which


def _holds(contracts: Sequence[Contract], payers: Sequence[PayerShare]) -> dict[int, tuple[values.HoldTerm, ...]]:
    rows = list(Hold.objects.filter(_touching(contracts, payers), status=Hold.Status.OPEN).order_by("id"))
    found: dict[int, tuple[values.HoldTerm, ...]] = {}
    for contract in contracts:
        paying = [payer.bill_to for payer in payers if payer.split.contract_id == contract.pk]
        own = [(row, _touches(row, contract)) for row in rows]
        reaching = [(row, whole) for row, whole in own if whole or _touches_payer(row, paying)]
        found[contract.pk] = tuple(replace(hold_term(row), on_payer=not whole) for row, whole in reaching)
    return found


def _touches_payer(hold: Hold, payers: Iterable[BillTo]) -> bool:
    """Whether a hold is on somebody who pays a share."""
    kinds = {"bill_to": "pk", "customer": "customer_id"}
    return hold.scope in kinds and hold.target_id in {str(getattr(payer, kinds[hold.scope])) for payer in payers}


def _touches(hold: Hold, contract: Contract) -> bool:
    on = {
        "contract": str(contract.pk),
        "customer": str(contract.customer_id),
        "bill_to": str(contract.bill_to_id),
    }
    return hold.contract_id == contract.pk or hold.target_id == on.get(hold.scope)


def hold_term(hold: Hold) -> values.HoldTerm:
    """A hold as the engine takes it."""
    return values.HoldTerm(
        id=hold.pk,
        scope=cast(Any, hold.scope),
        target=hold.target_id,
        code=hold.code,
        effect=cast(Any, hold.effect),
    )


def _cap(cap: Cap) -> values.CapTerm:
    return values.CapTerm(
        id=cap.pk,
        line_id=cap.line_id,
        kind=cast(Any, cap.kind),
        period=cast(Any, cap.period),
        limit=cap.limit,
        used=cap.reserved + cap.committed,
        used_in=tuple((row.month, row.reserved + row.committed) for row in cap.months.all()),
        includes_expenses=cap.includes_expenses,
        payer_id=cap.bill_to_id,
    )


def _eligibility(rule: EligibilityRule) -> values.EligibilityRow:
    return values.EligibilityRow(
        id=rule.pk,
        kind=cast(Any, rule.kind),
        project_id=rule.project_id,
        task_code=rule.task_code,
        role=rule.role,
        category=rule.category,
        line_id=rule.line_id,
        chargeability=cast(Any, rule.chargeability),
    )


def _minutes(hours: Decimal | None) -> Decimal | None:
    return None if hours is None else hours * MINUTES


def engine_line(line: ContractLine) -> values.Line:
    """A contract line as the engine takes it."""
    prices = LinePrices.model_validate(line.prices)
    rule = prices.increment
    return values.Line(
        id=line.pk,
        number=line.number,
        method=cast(values.Method, line.method),
        name=line.name,
        amount=line.amount,
        included_minutes=_minutes(line.included_hours),
        overage_rate=line.overage_rate,
        unused=cast(Any, line.unused),
        carry_limit_minutes=_minutes(line.carry_limit_hours),
        carry_floor_minutes=_minutes(prices.carry_floor_hours),
        carry_months=line.carry_months,
        overage=cast(Any, line.overage),
        deficit_limit_minutes=_minutes(line.deficit_limit),
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        expense_rule=cast(values.ExpenseRule, line.expense_rule),
        markup_percent=line.markup_percent,
        increment=agreed.Increment(
            unit=rule.unit_minutes, mode=rule.mode, factor=rule.factor, floor=rule.floor_minutes, pool=rule.pool
        )
        if rule
        else None,
        premiums=tuple(agreed.Premium(category=one.category, factor=one.factor) for one in prices.premiums),
        tiers=tuple(agreed.Tier(beyond=one.beyond_hours * MINUTES, hourly=one.rate) for one in prices.tiers),
        proration=prices.proration,
        due=prices.due,
        suspensions=tuple((gap.first, gap.until) for gap in prices.suspensions),
        expenses=tuple(agreed.ExpenseTerm(**one.model_dump()) for one in prices.expenses),
        status=cast(Any, line.status),
    )


def _rate(row: RateRow) -> values.RateRow:
    return values.RateRow(
        id=row.pk,
        scope=cast(values.Scope, row.card.scope),
        role=row.role,
        resource=row.resource,
        item=row.item,
        currency=row.currency,
        unit=cast(values.Unit, row.unit),
        hours_per_day=row.hours_per_day,
        rate=row.rate,
        valid_from=row.validity.lower,
        valid_to=row.validity.upper,
        source=row.source,
        retro=cast(Any, row.retro_mode or None),
    )
