"""What an administrator sets by hand: legal entities' own settings, routes, eligibility rules. Each change is told."""

from typing import Any

from django.db import transaction
from django.db.models import Model
from pydantic import ValidationError

from contracts import events
from contracts.models import EligibilityRule, LegalEntity, Route
from integration_hub.canonical import Policy, in_force, said
from integration_hub.kernel.errors import BadInput, Problem
from integration_hub.kernel.wallclock import is_zone
from integration_hub.trail.record import Actor, event


@transaction.atomic
def save_legal_entity(*, row: LegalEntity, by: Actor) -> LegalEntity:
    """Keep the settings of a legal entity. Its code and currency belong to the ERP and cannot be set here."""
    before = LegalEntity.objects.select_for_update(no_key=True).get(pk=row.pk)
    fixed = [name for name in ("code", "currency") if getattr(before, name) != getattr(row, name)]
    if fixed:
        problems = [Problem(name, "comes from the ERP.", "Change it there.") for name in fixed]
        raise BadInput(f"Legal entity {before.code}", problems)
    if not is_zone(row.zone):
        problem = Problem("zone", f"{row.zone!r} is no time zone.", "Use an IANA name: Europe/Berlin.")
        raise BadInput(f"Legal entity {before.code}", [problem])
    row.policy = _policy(row)
    changes = _changes(before, row)
    row.save()
    _told("contracts.legal_entity.configured", row, by, row.code, row.code, changes)
    if "costs_from" in changes:
        events.cost_rates_changed([row.pk])
    if changes.keys() & {"reimburse_from", "receipt_above", "expenses_within_days"}:
        events.reimbursing_changed(row.pk)
    if "policy" in changes:
        for contract in row.contracts.exclude(status__in=["draft", "closed"]).order_by("pk"):
            events.agreement_changed(contract, "policy of the legal entity")
    return row


def _policy(row: LegalEntity) -> dict[str, object]:
    """What is stated of how its contracts are billed. Raises BadInput for what is no policy, or with a contract's own
    is none.
    """
    try:
        stated = said(Policy.model_validate(row.policy))
        for contract in row.contracts.exclude(policy={}):
            in_force(contract.policy, stated)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "policy"
        raise BadInput(
            f"Legal entity {row.code}", [Problem(where, first["msg"], "See the switches of billing.")]
        ) from error
    return stated


@transaction.atomic
def save_route(*, row: Route, by: Actor) -> Route:
    """Set which connection plays a role for a legal entity, or for all of them."""
    before = Route.objects.select_for_update(no_key=True).filter(pk=row.pk).first() if row.pk else None
    changes = _changes(before, row)
    row.save()
    entity = row.legal_entity.code if row.legal_entity else ""
    _told("contracts.route.changed" if before else "contracts.route.added", row, by, str(row), entity, changes)
    return row


@transaction.atomic
def save_rule(*, row: EligibilityRule, by: Actor) -> EligibilityRule:
    """Set which line takes which work; the contract's unbilled work is decided anew."""
    if row.line is not None and row.line.contract_id != row.contract_id:
        raise BadInput(
            "Eligibility rule", [Problem("line", "belongs to another contract.", "Pick one of this contract.")]
        )
    before = EligibilityRule.objects.select_for_update(no_key=True).filter(pk=row.pk).first() if row.pk else None
    changes = _changes(before, row)
    row.save()
    action = "contracts.eligibility_rule.changed" if before else "contracts.eligibility_rule.added"
    _told(action, row, by, str(row), row.contract.legal_entity.code, changes)
    events.agreement_changed(row.contract, "eligibility rule")
    return row


@transaction.atomic
def remove_route(*, row: Route, by: Actor) -> None:
    """Take a route away: nothing is sent by that role any more."""
    entity = row.legal_entity.code if row.legal_entity else ""
    _told("contracts.route.removed", row, by, str(row), entity, {})
    row.delete()


@transaction.atomic
def remove_rule(*, row: EligibilityRule, by: Actor) -> None:
    """Take a rule away; the contract's unbilled work is decided anew."""
    contract = row.contract
    _told("contracts.eligibility_rule.removed", row, by, str(row), contract.legal_entity.code, {})
    row.delete()
    events.agreement_changed(contract, "eligibility rule")


def _changes(before: Model | None, after: Model) -> dict[str, list[str]]:
    """Fields that differ, as [before, after]; everything for a new row."""
    skipped = {"id", "created_at", "updated_at"}
    pairs = {}
    for field in after._meta.concrete_fields:
        old = field.value_from_object(before) if before is not None else None
        new = field.value_from_object(after)
        if field.name not in skipped and old != new:
            pairs[field.name] = ["" if old is None else str(old), "" if new is None else str(new)]
    return pairs


def _told(action: str, row: Model, by: Actor, label: str, entity: str, changes: dict[str, Any]) -> None:
    event(
        action,
        by=by,
        object_type=row._meta.label_lower,
        object_id=row.pk,
        label=label,
        legal_entity=entity,
        changes=changes,
    )
