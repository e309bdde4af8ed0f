"""Post costs to the ERP, one journal per project, month and currency, and hear what became of it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.actions import journals
from contracts.models import LegalEntity, Project
from contracts.periods import next_period, open_period
from costs import policies
from costs.actions.counting import hold
from costs.models import Cost, CostPosting
from integration_hub.connectors.models import Connection
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

BY = "system:costs"
LABOUR, SUBCONTRACT = "labour", "subcontract"
CONTRA = {LABOUR: "labour_absorbed", SUBCONTRACT: "subcontract_accrued"}
"""The charge code that a charge code is booked against; the connection's value map says which accounts they are."""

_Line = tuple[str, str, str]
"""Charge code, cost centre, subcontractor."""


@transaction.atomic
def post(*, legal_entity: LegalEntity, through: date, by: User) -> list[CostPosting]:
    """Send the open costs of work up to a day: what is new, and what reverses what was posted.

    Work of a closed period is dated into the first open day. Costs that are posted are not posted again, so that a
    second run makes nothing. Raises Denied, or NotReady without a route to an ERP or an open period.
    """
    policies.can_post(by, legal_entity.code).or_raise()
    erp = journals.erp_of(legal_entity)
    hold(legal_entity)
    groups: dict[tuple[int, date, str], list[Cost]] = defaultdict(list)
    rows = Cost.objects.filter(Cost.OPEN, legal_entity=legal_entity, service_date__lte=through)
    for cost in rows.select_related("resource", "project__contract").order_by("project_id", "service_date", "pk"):
        groups[cost.project_id, cost.service_date.replace(day=1), cost.currency].append(cost)
    return [
        _post_group(legal_entity, erp, costs, on=_accounting_date(legal_entity, costs), by=by)
        for costs in groups.values()
    ]


def _accounting_date(legal_entity: LegalEntity, costs: Sequence[Cost]) -> date:
    """The last day of the work, or the first open day after it."""
    last = max(cost.service_date for cost in costs)
    on = open_period(legal_entity, last)
    if on is None:
        raise NotReady(f"No accounting period of {legal_entity.code} from {last} on is open.")
    return on


def _post_group(
    legal_entity: LegalEntity, erp: Connection, costs: Sequence[Cost], *, on: date, by: User
) -> CostPosting:
    """One journal of costs of one project, month and currency; none is sent where they add up to nothing."""
    first = costs[0]
    lines = _lines(costs)
    posting = CostPosting.objects.create(
        number=_number(legal_entity, first.project, first.service_date),
        legal_entity=legal_entity,
        project=first.project,
        connection=erp,
        month=first.service_date.replace(day=1),
        accounting_date=on,
        currency=first.currency,
        amount=sum((cost.amount for cost in costs), ZERO),
        status=CostPosting.Status.POSTING if lines else CostPosting.Status.NIL,
        prepared_by=by,
    )
    Cost.objects.filter(pk__in=[cost.pk for cost in costs]).update(posting=posting)
    if lines:
        contract = posting.project.contract
        journals.plan(
            posting,
            _entries(posting, lines),
            memo=f"Cost of work {posting.month:%B %Y}, {posting.project}",
            job_reference=contract.number if contract else "",
            lane=f"costs:{erp.code}:{posting.number}",
            by=by,
        )
    _told("costs.posting.planned", posting, by, count=len(costs), amount=posting.amount)
    return posting


def _number(legal_entity: LegalEntity, project: Project, day: date) -> str:
    """Ours, and the ERP's external id: never used again."""
    stem = f"{legal_entity.code}-COST-{day:%Y%m}-{project.pk}"
    used = CostPosting.objects.filter(legal_entity=legal_entity, project=project, month=day.replace(day=1)).count()
    return f"{stem}-{used + 1}"


def _lines(costs: Sequence[Cost]) -> dict[_Line, Decimal]:
    """What is charged, by charge code and dimensions, without what adds up to nothing."""
    sums: dict[_Line, Decimal] = defaultdict(lambda: ZERO)
    for cost in costs:
        code = SUBCONTRACT if cost.vendor else LABOUR
        sums[code, cost.resource.cost_centre, cost.vendor] += cost.amount
    return {line: amount for line, amount in sorted(sums.items()) if amount}


def _entries(posting: CostPosting, lines: dict[_Line, Decimal]) -> list[journals.Entry]:
    """What is charged, and what it is booked against: it balances line by line."""
    entries = []
    for (code, cost_centre, vendor), amount in lines.items():
        memo = f"{vendor} on {posting.project.code}" if vendor else posting.project.code
        entries.append(journals.Entry(code, amount, memo, cost_centre))
        entries.append(journals.Entry(CONTRA[code], -amount, memo, cost_centre))
    return entries


# -- what became of it -------------------------------------------------------------------------------------------------


def confirmed(effect: Effect) -> None:
    """The ERP shows the journal: its costs are posted. In the transaction that confirms it, so exactly once."""
    posting = journals.locked(CostPosting, effect)
    journals.confirmed(posting, effect)
    _told("costs.posting.posted", posting, effect.connection.code, journal=effect.remote_number)


def rejected(effect: Effect) -> None:
    """Refused: it waits for a person. Withdrawn: its costs are open again, and the next journal takes them."""
    posting = journals.locked(CostPosting, effect)
    if journals.rejected(posting, effect):
        Cost.objects.filter(posting=posting).update(posting=None)
    _told(f"costs.posting.{posting.status}", posting, effect.connection.code, reason=effect.failure)


def into_next_period(effect: Effect, by: Actor, reason: str) -> None:
    """Post what is late in the next open period, as another journal. Raises Denied when it is under way, NotReady when
    no later period is open.
    """
    posting = CostPosting.objects.select_related("legal_entity", "connection", "prepared_by").get(
        number=effect.business_key
    )
    on = next_period(posting.legal_entity, posting.accounting_date)
    if on is None:
        raise NotReady(f"No period of {posting.legal_entity.code} after {posting.accounting_date} is open.")
    hold(posting.legal_entity)
    ids = list(Cost.objects.filter(posting=posting).values_list("pk", flat=True))
    effects.cancel(effect_id=effect.pk, by=BY, reason=f"{reason} ({actor_name(by)})")
    rows = Cost.objects.filter(Cost.OPEN, pk__in=ids)
    costs = list(rows.select_related("resource", "project__contract").order_by("service_date", "pk"))
    if not costs:
        raise Denied(f"Nothing of {posting.number} is to be posted any more.")
    _post_group(posting.legal_entity, posting.connection, costs, on=on, by=posting.prepared_by)


def _told(action: str, posting: CostPosting, by: Actor, reason: str = "", **data: Any) -> None:
    event(
        action,
        by=by,
        object_type="costs.costposting",
        object_id=posting.pk,
        label=posting.number,
        legal_entity=posting.legal_entity.code,
        reason=reason,
        **data,
    )
