"""Amendments: a signed one makes the next contract version (billing.md R8)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q

from contracts import events
from contracts.actions.rates import card_of
from contracts.models import AMENDMENT_MOVES, Amendment, Cap, Contract, ContractLine, ContractVersion, RateRow
from contracts.queries import policy_of
from integration_hub import canonical
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.trail.record import Actor, event


@transaction.atomic
def save(*, record: canonical.Amendment, contract: Contract, line: ContractLine | None, by: Actor) -> Amendment:
    """Create or update an amendment; a signature applies it, once."""
    amendment = Amendment.objects.select_for_update(no_key=True).filter(contract=contract, number=record.number).first()
    amendment = amendment or Amendment(contract=contract, number=record.number, status=Amendment.Status.DRAFT)
    if amendment.status in {Amendment.Status.APPLIED, Amendment.Status.REVERSED}:
        return _unchanged_or_refuse(amendment, record, line)
    amendment.kind = record.kind
    amendment.signed_on = record.signed_on
    amendment.effective_on = record.effective_on
    amendment.description = record.description
    amendment.changes = _changes(record, line)
    if record.status == "void":
        amendment.status = Amendment.Status.VOID
    amendment.save()
    if record.status == "signed" and amendment.status == Amendment.Status.DRAFT:
        apply(amendment=amendment, line=line, by=by)
    else:
        events.agreement_changed(contract, "amendment")
    return amendment


def _changes(record: canonical.Amendment, line: ContractLine | None) -> dict[str, Any]:
    """What changes, as JSON; amounts in their shortest form, so that 165 and 165.00 are the same."""
    of_limit = (record.cap_kind, record.cap_period)
    return {
        "line": line.number if line else None,
        "role": record.role,
        "new_rate": _plain(record.new_rate),
        "new_limit": _plain(record.new_limit),
        "new_end_on": record.new_end_on.isoformat() if record.new_end_on else None,
        **({"cap_kind": of_limit[0], "cap_period": of_limit[1]} if of_limit != ("hard", "total") else {}),
        **({"retro_mode": record.retro_mode} if record.retro_mode else {}),
    }


def stated(record: canonical.Amendment) -> dict[str, Any]:
    """What a record says that it changes, without what it leaves open."""
    return {name: value for name, value in _changes(record, None).items() if value not in (None, "")}


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _unchanged_or_refuse(amendment: Amendment, record: canonical.Amendment, line: ContractLine | None) -> Amendment:
    if (amendment.effective_on, amendment.changes, "signed") != (
        record.effective_on,
        _changes(record, line),
        record.status,
    ):
        raise BadInput(
            f"Amendment {amendment.number} of contract {amendment.contract.number}",
            [
                Problem(
                    "terms", "changed after the amendment was applied.", "Sign a further amendment that corrects it."
                )
            ],
        )
    return amendment


@transaction.atomic
def apply(*, amendment: Amendment, line: ContractLine | None, by: Actor) -> ContractVersion:
    """Put a signed amendment in force: a new version, new terms, old ones withdrawn but kept."""
    contract = Contract.objects.select_for_update(no_key=True).get(pk=amendment.contract_id)
    if contract.status not in {"signed", "active", "suspended"}:
        raise BadInput(
            f"Amendment {amendment.number}",
            [
                Problem(
                    "contract",
                    f"{contract.number} is {contract.get_status_display().lower()}, not in force.",
                    "Sign the contract first.",
                )
            ],
        )
    AMENDMENT_MOVES.check(amendment.status, Amendment.Status.SIGNED)
    effective = amendment.effective_on or contract.starts_on or date.min
    last = contract.versions.order_by("-number").first()
    version = ContractVersion.objects.create(
        contract=contract,
        number=(last.number if last else 0) + 1,
        effective_on=effective,
        amendment=amendment,
        reason=amendment.get_kind_display(),
    )
    amendment.status = Amendment.Status.APPLIED
    amendment.save()
    {"rate": _change_rate, "cap": _change_cap, "term": _change_term}.get(amendment.kind, _nothing)(
        contract, amendment.changes, effective, version, line
    )
    event(
        "contracts.amendment.applied",
        by=by,
        object_type="contracts.amendment",
        object_id=amendment.pk,
        label=f"{contract.number} {amendment.number}",
        legal_entity=contract.legal_entity.code,
        version=version.number,
        changes=amendment.changes,
    )
    events.amendment_signed(amendment)
    events.agreement_changed(contract, "amendment")
    return version


def _change_rate(
    contract: Contract, changes: dict[str, Any], effective: date, version: ContractVersion, line: ContractLine | None
) -> None:
    """End the running price the day before, start the new one. Prices of earlier days stay what they were.

    What it does to posted work is kept with the price: as the amendment says, else as the contract's policy does now.
    """
    card = card_of(contract)
    running = RateRow.objects.filter(
        card=card, role=changes["role"], resource="", item="", withdrawn_in__isnull=True, currency=contract.currency
    )
    terms: dict[str, Any] = {"unit": "hour"}
    for row in running.filter(validity__contains=effective):
        terms = {"unit": row.unit, "hours_per_day": row.hours_per_day}
        row.withdrawn_in = version
        row.save()
        if row.validity.lower is None or row.validity.lower < effective:
            RateRow.objects.create(
                card=card,
                role=row.role,
                currency=row.currency,
                rate=row.rate,
                validity=(row.validity.lower, effective),
                introduced_in=version,
                source=row.source,
                retro_mode=row.retro_mode,
                **terms,
            )
    for row in running.filter(validity__fully_gt=(effective - timedelta(days=1), effective)):
        row.withdrawn_in = version  # a later price agreed earlier gives way to the amendment
        row.save()
    RateRow.objects.create(
        card=card,
        role=changes["role"],
        currency=contract.currency,
        rate=Decimal(changes["new_rate"]),
        validity=(effective, None),
        introduced_in=version,
        source=f"amendment:{version.amendment_id}",
        retro_mode=changes.get("retro_mode") or policy_of(contract).retro_mode,
        **terms,
    )


def _change_cap(
    contract: Contract, changes: dict[str, Any], effective: date, version: ContractVersion, line: ContractLine | None
) -> None:
    """Set the limit of its kind and period on a line or the whole contract, and with it that of its months."""
    cap, _ = Cap.objects.select_for_update(no_key=True).get_or_create(
        contract=contract,
        line=line,
        bill_to=None,
        kind=changes.get("cap_kind", Cap.Kind.HARD),
        period=changes.get("cap_period", Cap.Period.TOTAL),
        defaults={"limit": Decimal(changes["new_limit"]), "currency": contract.currency},
    )
    cap.limit = Decimal(changes["new_limit"])
    cap.lowered_below_billed = cap.limit < cap.reserved + cap.committed and cap.period == Cap.Period.TOTAL
    cap.save()
    for month in cap.months.select_for_update(no_key=True).order_by("month"):
        month.limit = cap.limit
        month.lowered_below_billed = cap.limit < month.reserved + month.committed
        month.save()


def _change_term(
    contract: Contract, changes: dict[str, Any], effective: date, version: ContractVersion, line: ContractLine | None
) -> None:
    """Move the end of the contract, and of the lines that ended with it; a line that ended before stays ended."""
    before, contract.ends_on = contract.ends_on, date.fromisoformat(changes["new_end_on"])
    if contract.starts_on is not None and contract.ends_on < contract.starts_on:
        raise BadInput(
            f"Contract {contract.number}",
            [
                Problem(
                    "new_end_on",
                    f"{contract.ends_on} is before the contract starts on {contract.starts_on}.",
                    "Correct the amendment in the CRM.",
                )
            ],
        )
    contract.save()
    moved = contract.lines.filter(Q(ends_on=before) | Q(ends_on__gt=contract.ends_on))
    moved.exclude(starts_on__gt=contract.ends_on).update(ends_on=contract.ends_on)


def _nothing(*_args: object) -> None:
    """A change of scope moves no price by itself."""
