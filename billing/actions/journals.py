"""Journals to the ERP: planned as one effect under our number, and what became of them, whatever they are about."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, TypeVar

from billing.models.journals import JOURNAL_MOVES, Journal
from contracts.models import LegalEntity
from contracts.queries import reference_of, route
from integration_hub.connectors.models import Connection
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.money import ZERO
from integration_hub.trail.record import Actor

Kept = TypeVar("Kept", bound=Journal)


@dataclass(frozen=True, slots=True)
class Payee:
    """A person to whom a line says that we owe it: our code, name and address. The ERP has one of its own for them."""

    code: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: positive amounts are debits, in the journal's currency. The connection's value map `cost_account` says
    which account a charge code is.
    """

    charge_code: str
    amount: Decimal
    memo: str = ""
    cost_centre: str = ""
    payee: Payee | None = None

    def told(self) -> dict[str, Any]:
        """As an effect carries it."""
        said: dict[str, Any] = {
            "cost_centre": self.cost_centre,
            "memo": self.memo,
            "charge_code": self.charge_code,
            "amount": text(self.amount),
        }
        return {**said, "payee": asdict(self.payee)} if self.payee else said


def erp_of(legal_entity: LegalEntity) -> Connection:
    """Where the journals of a legal entity go. Raises NotReady where no ERP is routed."""
    erp = route("erp", legal_entity)
    if erp is None:
        raise NotReady(f"No ERP is routed for {legal_entity.code}: set a route in Django admin.")
    return erp


def plan(journal: Journal, entries: Sequence[Entry], *, memo: str, job_reference: str, lane: str, by: Actor) -> Effect:
    """Send a journal: its entries balance. Raises ValueError where they do not."""
    if sum((entry.amount for entry in entries), ZERO):
        raise ValueError(f"{journal} does not balance.")
    known = reference_of(journal.legal_entity, journal.connection, "legal_entity")
    debits = sum((entry.amount for entry in entries if entry.amount > 0), ZERO)
    payload: dict[str, Any] = {
        "reference": journal.number,
        "legal_entity_id": known.source_id if known else journal.legal_entity.code,
        "currency": journal.currency,
        "accounting_date": journal.accounting_date.isoformat(),
        "memo": memo,
        "job_reference": job_reference,
        "total": text(debits),
        "lines": [entry.told() for entry in entries],
    }
    return effects.plan(
        effect_type=f"{journal.connection.vendor}.journal.post",
        connection=journal.connection,
        business_key=journal.number,
        payload=payload,
        legal_entity=journal.legal_entity.code,
        subject=(journal._meta.label_lower, str(journal.pk)),
        by=by,
        posting_date=journal.accounting_date,
        amount=abs(journal.amount),
        currency=journal.currency,
        lane=lane,
    )


def text(value: Decimal) -> str:
    """An amount as effects carry it."""
    return f"{value.normalize():f}"


def locked(model: type[Kept], effect: Effect) -> Kept:
    """The journal an effect carries, held until the transaction ends."""
    rows = model._default_manager.select_for_update(of=("self",), no_key=True).select_related("legal_entity")
    return rows.get(number=effect.business_key)


def confirmed(journal: Journal, effect: Effect) -> None:
    """The ERP shows it. In the transaction that confirms the effect, so exactly once."""
    journal.remote_number = effect.remote_number
    move(journal, Journal.Status.POSTED)


def rejected(journal: Journal, effect: Effect) -> bool:
    """Refused: it waits for a person. Withdrawn: true, and what it took is open again."""
    withdrawn = effect.state == Effect.State.CANCELLED
    if withdrawn:
        move(journal, Journal.Status.WITHDRAWN)
    elif journal.status != Journal.Status.REJECTED:
        move(journal, Journal.Status.REJECTED)
    return withdrawn


def move(journal: Journal, status: str) -> None:
    """Another status, if it may follow. Raises ValueError otherwise."""
    JOURNAL_MOVES.check(journal.status, status)
    journal.status = status
    journal.save(update_fields=["status", "remote_number", "updated_at"])
