"""Signatures: what is signed elsewhere than where it is agreed is in force only when both say so.

A CRM may call an agreement signed while its envelope is still out. Such a record is held back until the envelope is
completed; an envelope that is declined or voided is told to a person. What no envelope is known of waits for none.
"""

from django.db import transaction

from contracts.actions import references
from contracts.kinds import NOT_SIGNED, SIGNATURE_ENDED
from contracts.models import Amendment, Contract, Signature
from integration_hub import canonical
from integration_hub.cases.actions import cases
from integration_hub.cases.models import Case
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import CONNECTORS
from integration_hub.effects.actions import effects
from integration_hub.effects.models import Effect
from integration_hub.intake import waiting
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.errors import Problem
from integration_hub.kernel.ids import content_hash
from integration_hub.trail.record import Actor, event

REFERENCE = "envelope.reference"
OVER = (Signature.Status.DECLINED, Signature.Status.VOIDED)
_SYNC = {"open": "pending", "signed": "current", "declined": "drifted", "voided": "drifted"}


@transaction.atomic
def save(*, record: canonical.Signature, connection: Connection, by: Actor) -> Signature:
    """Take over how far a signature is; what waited for it is taken again, and one that ended opens a case."""
    rows = Signature.objects.select_for_update(no_key=True)
    row = rows.filter(connection=connection, source_id=record.source_id).first()
    row = row or Signature(connection=connection, source_id=record.source_id)
    before = (row.pk, row.status, row.agreement)
    was_about = (row.contract_number, row.amendment_number)
    row.contract_number, row.amendment_number = record.contract_number, record.amendment_number
    row.status, row.sent_on = record.status, record.sent_on
    row.decided_on = None if record.status == "open" else record.decided_on
    row.reason = record.reason[:200]
    row.save()
    contract = _contract(row.contract_number)
    agreed = _agreed(row, contract) if contract is not None else None
    if agreed is not None and contract is not None:
        show_with(agreed)
        _refer(row, contract, by)
    if before == (row.pk, row.status, row.agreement):
        return row
    if contract is not None:
        _tell(row, agreed, contract, by)
    for about in {was_about, (row.contract_number, row.amendment_number)}:
        _settle(*about, by=by)
    return row


@transaction.atomic
def forget(*, connection: Connection, source_id: str, by: Actor) -> None:
    """The envelope is gone: nothing waits for it any more."""
    row = Signature.objects.filter(connection=connection, source_id=source_id).first()
    if row is not None:
        about = (row.contract_number, row.amendment_number)
        row.delete()
        _settle(*about, by=by)


def holding(*, contract_number: str, amendment_number: str = "", told_by: Connection) -> Signature | None:
    """The signature that keeps an agreement from being in force: the newest, while none is signed.

    What `told_by` says of signatures does not count against its own records: those are its proof.
    """
    rows = Signature.objects.filter(contract_number=contract_number, amendment_number=amendment_number)
    found = list(rows.exclude(connection=told_by).select_related("connection").order_by("-sent_on", "-pk"))
    if any(row.status == Signature.Status.SIGNED for row in found):
        return None
    return found[0] if found else None


def problem(row: Signature) -> Problem:
    """Why an agreement is not taken as signed, in words."""
    where = row.connection.name
    if row.status in OVER:
        because = f": {row.reason}" if row.reason else ""
        said = f"is signed here, but its signature in {where} was {row.get_status_display().lower()}{because}."
        return Problem("status", said, f"Have it signed again in {where}, or take back the signature in this system.")
    return Problem(
        "status",
        f"is signed here, but still out for signature in {where}.",
        f"Nothing, if it is being signed: it is taken by itself then. Else correct {where} or this record.",
    )


def _refer(row: Signature, contract: Contract, by: Actor) -> None:
    """Say on an envelope that is still out that it was found here, where its system takes that."""
    effect_type = f"{row.connection.vendor}.{REFERENCE}"
    if row.status != "open" or not CONNECTORS.get(row.connection.vendor).manifest.does(REFERENCE):
        return
    payload = {"remote_id": row.source_id, "reference": row.agreement}
    known = Effect.objects.filter(connection=row.connection, effect_type=effect_type, business_key=row.source_id)
    last = known.order_by("-revision").first()
    if last is not None and last.payload_hash == content_hash(payload):
        return
    effects.plan(
        effect_type=effect_type,
        connection=row.connection,
        business_key=row.source_id,
        payload=payload,
        legal_entity=contract.legal_entity.code,
        subject=("contracts.contract", str(contract.pk)),
        by=by,
        revision=last.revision + 1 if last is not None else 1,
        lane=f"reference:{row.connection.code}:{row.source_id}",
    )


def _agreed(row: Signature, contract: Contract) -> Contract | Amendment | None:
    """What is signed: the contract, or its amendment, if that is known yet."""
    if not row.amendment_number:
        return contract
    found = Amendment.objects.filter(contract=contract, number=row.amendment_number)
    return found.select_related("contract").first()


def show_with(agreed: Contract | Amendment) -> None:
    """The newest signature of each system is shown with the agreement it is of."""
    if isinstance(agreed, Amendment):
        known = Signature.objects.filter(contract_number=agreed.contract.number, amendment_number=agreed.number)
    else:
        known = Signature.objects.filter(contract_number=agreed.number, amendment_number="")
    by_age = known.select_related("connection").order_by("connection_id", "-sent_on", "-pk")
    for newest in by_age.distinct("connection_id"):
        _point_to(newest, agreed)


def _point_to(newest: Signature, agreed: Contract | Amendment) -> None:
    references.forget(row=agreed, connection=newest.connection, entity="signature")
    references.note(
        connection=newest.connection,
        entity="signature",
        source_id=newest.source_id,
        row=agreed,
        number=newest.agreement,
        sync=_SYNC[newest.status],
        detail=" ".join(
            part for part in (newest.get_status_display(), str(newest.decided_on or ""), newest.reason) if part
        ),
    )


def _contract(number: str) -> Contract | None:
    return Contract.objects.filter(number=number).select_related("legal_entity").first()


def _tell(row: Signature, agreed: Contract | Amendment | None, contract: Contract, by: Actor) -> None:
    event(
        f"contracts.signature.{row.status}",
        by=by,
        object_type=agreed._meta.label_lower if agreed is not None else "contracts.signature",
        object_id=agreed.pk if agreed is not None else row.pk,
        label=row.agreement,
        legal_entity=contract.legal_entity.code,
        reason=row.reason,
    )


def _settle(contract_number: str, amendment_number: str, *, by: Actor) -> None:
    """Bring up to date what hangs on the signatures of one agreement; nothing here hangs on those of others."""
    if not contract_number:
        return
    if (contract := _contract(contract_number)) is not None:
        _judge(contract, amendment_number, by)
    if Case.objects.filter(code=NOT_SIGNED, status__in=Case.OPEN_STATES).exists():
        held = SourceVersion.objects.filter(case_code=NOT_SIGNED, status="refused").exclude(root_cause="")
        waiting.later(list(held.values_list("pk", flat=True)))


def _judge(contract: Contract, amendment_number: str, by: Actor) -> None:
    """The exception of an agreement whose newest signature ended without one, while none is signed."""
    rows = Signature.objects.filter(contract_number=contract.number, amendment_number=amendment_number)
    found = list(rows.select_related("connection").order_by("-sent_on", "-pk"))
    cause = f"{contract.number}/{amendment_number}"
    if found and found[0].status in OVER and not any(row.status == Signature.Status.SIGNED for row in found):
        _raise(found[0], contract, cause, by)
    else:
        cases.heal(code=SIGNATURE_ENDED, root_cause=cause, because="It is signed, or out for signature again.", by=by)


def _raise(row: Signature, contract: Contract, cause: str, by: Actor) -> None:
    agreed = _agreed(row, contract)
    in_force = agreed is not None and agreed.status in {"applied", "signed", "active", "suspended"}
    what = f"Amendment {row.amendment_number} of {row.contract_number}" if row.amendment_number else row.contract_number
    now = "It is in force here all the same." if in_force else "It is not in force."
    cases.raise_case(
        code=SIGNATURE_ENDED,
        root_cause=cause,
        title=f"{what}: its signature was {row.get_status_display().lower()}",
        detail=f"{row.connection.name}{f': {row.reason}' if row.reason else ''}. {now}",
        remedy="Have it signed again, or withdraw the agreement in the CRM.",
        legal_entity=contract.legal_entity.code,
        subject=("contracts.contract", str(contract.pk), contract.number),
        by=by,
    )
