"""The checklist of a close (billing.md R22, §3): each check counts what makes the period untrue or unfinished.

Each is a few statements over indexed rows of one legal entity; none reads a clock.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from billing.models import BillableEvent, Candidate, Journal, Piece, RevenuePosting
from billing.naming import code_words
from costs.models import Cost, CostPosting
from integration_hub.cases.models import Case, Member
from integration_hub.effects.models import Effect
from integration_hub.intake.models import Feed
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import Role
from reconciliation.closing.found import Check, Found, Period, listed, sums
from reconciliation.feeds import refusals
from reconciliation.matching.pairs import ordered
from reconciliation.models import PairBreak, PairRun, TieOut

NAMED = 20
"""Sentences of one check that are shown and signed; the list behind it has all."""
UNFINISHED = ("planned", "waiting", "sending", "unknown", "sent", "rejected", "conflict")


def feeds(period: Period) -> Found:
    """Sources that were not read to their end since the period ended, or are not whole."""
    words: list[str] = []
    for feed in _feeds(period.legal_entity):
        told = refusals(feed, period.moment)
        if not told and feed.last_ok_at is not None and feed.last_ok_at.date() <= period.ends_on:
            told = [f"{feed} was not read since the period ended."]
        words += told
    return Found(count=len(words), words=tuple(words[:NAMED]), url=listed("intake:day-list"))


def _feeds(legal_entity: str) -> list[Feed]:
    """The feeds that bring anything that is reconciled, each once."""
    brought = [feed for pair in ordered() for side in (pair.left, pair.right) for feed in side.feeds(legal_entity)]
    return list({feed.pk: feed for feed in brought}.values())


def tie_out(period: Period) -> Found:
    """Comparisons of the legal entity that did not agree in the last tie-out, or no tie-out since the period ended."""
    url = listed("reconciliation:tieout-latest")
    last = TieOut.objects.order_by("-id").first()
    if last is None or last.at.date() <= period.ends_on:
        return Found(count=1, words=("No tie-out was run since the period ended.",), url=url)
    words = [f"{system} did not answer: {why}" for system, why in sorted(last.totals.get("silent", {}).items())]
    words += [
        f"{row['left_name']} {row['left']}, {row['right_name']} {row['right']} {row['currency']}".strip()
        for row in last.totals.get("arrows", [])
        if not row["agrees"] and row["legal_entity"] in (period.legal_entity, "(no contract)")
    ]
    return Found(count=len(words), words=tuple(words[:NAMED]), url=url)


def pairs(period: Period) -> Found:
    """Pairs that nobody reconciled since the period ended, that cannot be certified, or with breaks of the period."""
    runs = PairRun.objects.defer("manifest").filter(state="done", legal_entity__in=["", period.legal_entity])
    # A run of other days proves nothing about these.
    covering = runs.filter(Q(period_from=None) | Q(period_from__lte=period.starts_on, period_to__gt=period.ends_on))
    last = {run.pair: run for run in covering.order_by("pair", "-pk").distinct("pair")}
    words = []
    for pair in ordered():
        run = last.get(pair.name)
        if run is None or run.finished_at is None or run.finished_at.date() <= period.ends_on:
            words.append(f"{pair.title}: not reconciled since the period ended.")
        elif run.verdict == PairRun.Verdict.UNCERTIFIED:
            words.append(f"{pair.title}: the last run certifies nothing.")
    broken = PairBreak.objects.filter(
        Q(on_date__lte=period.ends_on) | Q(on_date=None), legal_entity=period.legal_entity,
        state__in=PairBreak.STANDING,
    ).exclude(kind=PairBreak.Kind.TIMING)  # fmt: skip
    count = broken.count()
    if count:
        words.append(f"{count:,} break{'s' if count > 1 else ''} that nobody has explained.")
    url = listed("reconciliation:break-list", legal_entity=period.legal_entity)
    return Found(count=len(words), money=sums(broken, "gap"), words=tuple(words[:NAMED]), url=url)


def approval(period: Period) -> Found:
    """Chargeable work of the period that nobody has approved or rejected yet."""
    rows = BillableEvent.objects.filter(
        legal_entity__code=period.legal_entity, is_current=True, is_deleted=False, chargeable=True,
        service_date__range=(period.starts_on, period.ends_on), approval__in=["draft", "submitted"],
    )  # fmt: skip
    found = rows.aggregate(count=Count("pk"), minutes=Sum("minutes"))
    url = listed(
        "billing:work-list", legal_entity=period.legal_entity, approval=["draft", "submitted"],
        service_date_after=period.starts_on, service_date_before=period.ends_on,
    )  # fmt: skip
    return Found(count=found["count"], minutes=found["minutes"], url=url)


def stopped(state: str) -> Callable[[Period], Found]:
    """Approved work up to the end of the period that is not billed, for one reason."""

    def find(period: Period) -> Found:
        rows = Piece.objects.filter(
            legal_entity__code=period.legal_entity, is_current=True, state=state,
            event__service_date__lte=period.ends_on, event__approval="approved",
        )  # fmt: skip
        found = rows.aggregate(count=Count("pk"), minutes=Sum("minutes"))
        url = listed(
            "billing:work-list", legal_entity=period.legal_entity, state=state, service_date_before=period.ends_on
        )
        return Found(count=found["count"], money=sums(rows), basis="net", minutes=found["minutes"], url=url)

    return find


def candidates(period: Period) -> Found:
    """Candidates with a date of posting in the period or before that are not in the ERP."""
    rows = Candidate.objects.filter(
        legal_entity__code=period.legal_entity, status__in=Candidate.UNPOSTED, accounting_date__lte=period.ends_on
    )
    url = listed("billing:candidate-list", legal_entity=period.legal_entity, status=list(Candidate.UNPOSTED))
    return Found(count=rows.count(), money=sums(rows, "net"), basis="net", url=url)


def effects(period: Period) -> Found:
    """Changes in other systems, dated in the period or before, whose outcome is not proved."""
    rows = Effect.objects.filter(
        Q(posting_date__lte=period.ends_on) | Q(posting_date=None, created_at__date__lte=period.ends_on),
        legal_entity=period.legal_entity, state__in=UNFINISHED,
    )  # fmt: skip
    url = listed("effects:effect-list", legal_entity=period.legal_entity, state=list(UNFINISHED))
    return Found(count=rows.count(), money=sums(rows), url=url)


def costs(period: Period) -> Found:
    """Costs of the period or before that are in no journal, and journals that the ERP has not taken."""
    unposted = Cost.objects.filter(Cost.OPEN, legal_entity__code=period.legal_entity, service_date__lte=period.ends_on)
    waiting = _not_taken(CostPosting, period)
    money = _together(sums(unposted), sums(waiting))
    url = listed("costs:posting-list", entity=period.legal_entity)
    return Found(count=unposted.count() + waiting.count(), money=money, url=url)


def revenue(period: Period) -> Found:
    """Recognised months up to the period that are in no journal, and journals that the ERP has not taken."""
    months = RevenuePosting.open_months().filter(
        obligation__contract__legal_entity__code=period.legal_entity, period__lte=period.ends_on
    )
    waiting = _not_taken(RevenuePosting, period)
    count = months.order_by().values("obligation__contract", "period").distinct().count()
    money = _together(sums(months, currency="obligation__currency"), sums(waiting))
    url = listed("billing:revenue-list", legal_entity=period.legal_entity)
    return Found(count=count + waiting.count(), money=money, url=url)


def _not_taken(model: type[Journal], period: Period) -> QuerySet[Any]:
    rows = model._default_manager.filter(legal_entity__code=period.legal_entity, status__in=["posting", "rejected"])
    return rows.filter(accounting_date__lte=period.ends_on)


def _together(first: dict[str, Decimal], second: dict[str, Decimal]) -> dict[str, Decimal]:
    return {currency: first.get(currency, ZERO) + second.get(currency, ZERO) for currency in {**first, **second}}


def urgent(period: Period) -> Found:
    """Open exceptions of the first severity: they block the close, or risk a wrong invoice at a client."""
    return _cases(period, [1])


def others(period: Period) -> Found:
    """Open exceptions that hold money back this cycle."""
    return _cases(period, [2])


def _cases(period: Period, severities: list[int]) -> Found:
    rows = Case.objects.filter(legal_entity=period.legal_entity, severity__in=severities, status__in=Case.OPEN_STATES)
    held = Member.objects.filter(case__in=rows, is_open=True)
    codes = rows.order_by("code").values_list("code").annotate(count=Count("pk"))
    words = tuple(f"{code_words(code)}: {count:,}" for code, count in codes)
    url = listed("cases:case-list", legal_entity=period.legal_entity, severity=severities, view="all")
    return Found(count=rows.count(), money=sums(held), words=words, url=url)


CHECKS: tuple[Check, ...] = (
    Check("feeds", "Sources are whole", "Was every source read to its end since the period ended, and is it whole?",
          Role.INTEGRATION_ADMIN, 4, feeds),
    Check("approval", "Work is approved", "Is all chargeable work of the period approved or rejected?",
          Role.DELIVERY_LEAD, 4, approval, acceptable=True),
    Check("blocked", "Work can be billed", "Is there approved work that no line, price or rule lets through?",
          Role.BILLING_ANALYST, 3, stopped("blocked"), acceptable=True),
    Check("held", "Holds are released", "Is there approved work that a hold keeps out?",
          Role.FINANCE, 3, stopped("held"), acceptable=True),
    Check("over_cap", "Limits are disposed of", "Is there work over a limit that is neither billed nor written off?",
          Role.FINANCE, 2, stopped("over_cap"), acceptable=True),
    Check("candidates", "Candidates are posted", "Are all candidates of the period approved and in the ERP?",
          Role.FINANCE, 2, candidates, acceptable=True),
    Check("effects", "Postings are proved", "Was every change in another system shown by a read?",
          Role.INTEGRATION_ADMIN, 2, effects),
    Check("costs", "Costs are posted", "Are the costs of the period in the ERP?", Role.FINANCE, 2, costs,
          acceptable=True, permission="costs.view_cost"),
    Check("revenue", "Revenue is posted", "Is what the period earned in the ERP?", Role.FINANCE, 2, revenue,
          acceptable=True, permission="billing.view_revenueposting"),
    Check("urgent", "No urgent exception", "Is there an exception that blocks the close?", Role.FINANCE, 1, urgent),
    Check("others", "Exceptions are looked at", "Which exceptions hold money back this cycle?", Role.PMO, 1, others,
          acceptable=True),
    Check("tie_out", "Control totals agree", "Is every comparison equal in a tie-out since the period?",
          Role.FINANCE, 1, tie_out),
    Check("pairs", "Systems agree item by item", "Is every pair reconciled since, and every break explained?",
          Role.FINANCE, 1, pairs),
)  # fmt: skip
"""In the order in which they are done."""
BY_NAME = {check.name: check for check in CHECKS}
