"""Post recognised revenue to the ERP (billing.md R24): one journal per contract and month, exactly once.

The ERP credits revenue with what is invoiced. The journal moves the contract's asset or liability by what was earned
beyond that, or not yet, so that the ledger's revenue is what was recognised.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum

from billing import policies
from billing.actions import journals
from billing.actions.journals import Entry
from billing.engine.obligations import position
from billing.engine.schedule import DAY, next_month
from billing.models import Recognition, RevenuePosting
from contracts.models import Contract, LegalEntity
from contracts.periods import next_period, open_period
from integration_hub.connectors.models import Connection
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

BY = "system:billing"
REVENUE, ASSET, LIABILITY = "revenue", "contract_asset", "contract_liability"
"""Charge codes; the connection's value map says which accounts they are."""


@dataclass(frozen=True, slots=True)
class Move:
    """What a month of a contract moves, in the contract's currency; negative where it shrinks."""

    earned: Decimal
    asset: Decimal
    liability: Decimal

    @property
    def revenue(self) -> Decimal:
        """What it adds to revenue beyond the invoices."""
        return self.asset - self.liability

    def entries(self, memo: str) -> list[Entry]:
        """Debits are positive: they balance. None where nothing moves."""
        sums = ((ASSET, self.asset), (LIABILITY, -self.liability), (REVENUE, -self.revenue))
        return [Entry(code, amount, memo) for code, amount in sums if amount]


@transaction.atomic
def post(*, legal_entity: LegalEntity, through: date, by: User) -> list[RevenuePosting]:
    """Send every month that ends by a day and is recognised and not posted.

    A month of a closed period is dated into the first open day. Who recognised a month does not post it: it is left for
    somebody else. Raises Denied, also where nothing is left but what the person recognised; NotReady without a route to
    an ERP or an open period.
    """
    policies.can_post_revenue(by, legal_entity.code).or_raise()
    erp = journals.erp_of(legal_entity)
    contracts = _held(legal_entity)
    waiting = _waiting(contracts, through)
    others = [key for key, people in waiting.items() if by.username not in people]
    if waiting and not others:
        raise Denied("You recognised all that is to be posted: a second person posts it.")
    moves = _moves({contract for contract, _ in others})
    return [_post(contracts[pk], month, moves[pk, month], erp, by=by) for pk, month in others]


def _held(legal_entity: LegalEntity) -> dict[int, Contract]:
    """The contracts with months to post, held so that nobody else posts or recognises them until this ends."""
    ids = RevenuePosting.open_months().values("obligation__contract")
    rows = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity")
    return {row.pk: row for row in rows.filter(legal_entity=legal_entity, pk__in=ids).order_by("pk")}


def _waiting(contracts: Mapping[int, Contract], through: date) -> dict[tuple[int, date], set[str]]:
    """(contract, month) that no journal took, in order, and who recognised it. Asked after they are held."""
    rows = RevenuePosting.open_months().filter(obligation__contract__in=contracts, period__lte=through)
    found: dict[tuple[int, date], set[str]] = defaultdict(set)
    for pk, month, person in rows.order_by("obligation__contract", "period").values_list(
        "obligation__contract", "period", "recognised_by"
    ):
        if next_month(month) - DAY <= through:
            found[pk, month].add(person)
    return dict(found)


def _moves(contracts: set[int]) -> dict[tuple[int, date], Move]:
    """What each recognised month of contracts moved, against the month before it. Netted over a contract's obligations
    (ASC 606-10-45-1).
    """
    rows = Recognition.objects.filter(obligation__contract__in=contracts)
    sums = rows.values_list("obligation__contract", "period").annotate(
        Sum("amount"), Sum("cumulative"), Sum("invoiced")
    )
    before: dict[int, tuple[Decimal, Decimal]] = defaultdict(lambda: (ZERO, ZERO))
    found = {}
    for pk, month, earned, cumulative, invoiced in sums.order_by("obligation__contract", "period"):
        asset, liability = position(cumulative, invoiced)
        found[pk, month] = Move(earned, asset - before[pk][0], liability - before[pk][1])
        before[pk] = asset, liability
    return found


def _post(
    contract: Contract, month: date, move: Move, erp: Connection, *, by: User, on: date | None = None
) -> RevenuePosting:
    entity = contract.legal_entity
    on = on or open_period(entity, next_month(month) - DAY)
    if on is None:
        raise NotReady(f"No accounting period of {entity.code} from {next_month(month) - DAY} on is open.")
    entries = move.entries(contract.number)
    posting = RevenuePosting.objects.create(
        number=_number(contract, month),
        legal_entity=entity,
        contract=contract,
        connection=erp,
        month=month,
        accounting_date=on,
        currency=contract.currency,
        amount=move.revenue,
        earned=move.earned,
        asset=move.asset,
        liability=move.liability,
        status=RevenuePosting.Status.POSTING if entries else RevenuePosting.Status.NIL,
        prepared_by=by,
    )
    if entries:
        memo = f"Revenue {month:%B %Y}, {contract.number}"
        lane = f"revenue:{erp.code}:{contract.pk}"
        journals.plan(posting, entries, memo=memo, job_reference=contract.number, lane=lane, by=by)
    _told("planned", posting, by, amount=posting.amount, earned=posting.earned)
    return posting


def _number(contract: Contract, month: date) -> str:
    """Ours, and the ERP's external id: never used again."""
    used = RevenuePosting.objects.filter(contract=contract, month=month).count()
    return f"{contract.legal_entity.code}-REV-{month:%Y%m}-{contract.pk}-{used + 1}"


# -- what became of it -------------------------------------------------------------------------------------------------


def confirmed(effect: Effect) -> None:
    """The ERP shows the journal: the month is posted."""
    posting = journals.locked(RevenuePosting, effect)
    journals.confirmed(posting, effect)
    _told("posted", posting, effect.connection.code, journal=effect.remote_number)


def rejected(effect: Effect) -> None:
    """Refused: it waits for a person. Withdrawn: its month is open again."""
    posting = journals.locked(RevenuePosting, effect)
    journals.rejected(posting, effect)
    _told(str(posting.status), posting, effect.connection.code, reason=effect.failure)


def into_next_period(effect: Effect, by: Actor, reason: str) -> None:
    """Post what is late in the next open period, as another journal. Raises Denied when it is under way, NotReady when
    no later period is open.
    """
    rows = RevenuePosting.objects.select_related("connection", "prepared_by")
    late = rows.get(number=effect.business_key)
    held = Contract.objects.select_for_update(of=("self",), no_key=True).select_related("legal_entity")
    contract = held.get(pk=late.contract_id)
    on = next_period(contract.legal_entity, late.accounting_date)
    if on is None:
        raise NotReady(f"No period of {contract.legal_entity.code} after {late.accounting_date} is open.")
    effects.cancel(effect_id=effect.pk, by=BY, reason=f"{reason} ({actor_name(by)})")
    move = Move(late.earned, late.asset, late.liability)
    _post(contract, late.month, move, late.connection, by=late.prepared_by, on=on)


def _told(action: str, posting: RevenuePosting, by: Actor, reason: str = "", **data: Any) -> None:
    event(
        f"billing.revenue_journal.{action}",
        by=by,
        object_type="billing.revenueposting",
        object_id=posting.pk,
        label=posting.number,
        legal_entity=posting.legal_entity.code,
        reason=reason,
        **data,
    )
