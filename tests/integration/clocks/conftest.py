"""Eight contracts of two legal entities with known signatures and activations, and who sets targets."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from contracts.models import Contract, Holiday, LegalEntity
from integration_hub.clocks.actions import targets
from integration_hub.clocks.actions.targets import TargetIn
from integration_hub.people.models import Role, User
from tests import factories
from tests.screens import user

AS_OF = datetime(2026, 4, 20, 12, 0, tzinfo=UTC)
"""A Monday."""
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
SIGNED = (
    # number, entity, signed, activated (UTC)
    ("C-1", "US01", date(2026, 3, 2), "2026-03-04 15:30"),
    ("C-2", "US01", date(2026, 3, 6), "2026-03-09 14:00"),  # over a weekend and the change of clocks in New York
    ("C-3", "US01", date(2026, 3, 10), "2026-03-31 20:00"),
    ("C-4", "US01", date(2026, 4, 13), ""),
    ("C-5", "DE01", date(2026, 3, 27), "2026-04-07 09:15"),  # change of clocks, Good Friday, Easter Monday
    ("C-6", "DE01", date(2026, 4, 1), "2026-04-02 08:00"),
    ("C-7", "DE01", date(2026, 4, 17), ""),
    ("C-8", "DE01", date(2024, 11, 4), ""),  # from before the calendar that is read first
)


def signed(number: str, entity: LegalEntity, on: date, activated: str) -> Contract:
    """A contract signed on a day, active from a moment on if there is one."""
    contract = factories.contract_signed(number, entity=entity, client=factories.customer(name=f"Client {number}"))
    at = datetime.fromisoformat(activated).replace(tzinfo=UTC) if activated else None
    Contract.objects.filter(pk=contract.pk).update(signed_on=on, activated_at=at, status="active" if at else "signed")
    return Contract.objects.get(pk=contract.pk)


def build() -> tuple[Contract, ...]:
    """The contracts in their order; Germany keeps its holidays, New York none."""
    america, germany = factories.legal_entity("US01"), factories.legal_entity("DE01", currency="EUR", country="DE")
    LegalEntity.objects.filter(pk=america.pk).update(zone="America/New_York")
    LegalEntity.objects.filter(pk=germany.pk).update(zone="Europe/Berlin", holidays="DE", work_ends="16:30")
    for day, hours in ((date(2026, 4, 3), 0), (date(2026, 4, 6), 0), (date(2026, 4, 2), 4)):
        Holiday.objects.create(calendar="DE", day=day, name="Easter", hours=Decimal(hours))
    by_code = {"US01": america, "DE01": germany}
    return tuple(signed(number, by_code[code], on, at) for number, code, on, at in SIGNED)


@pytest.fixture
def admin() -> User:
    """Sets targets everywhere."""
    return user(Role.INTEGRATION_ADMIN, "admin")


def aim(by: User, kind: str, within: str | None, *, on: date = date(2024, 1, 1), **more: object) -> None:
    """State a target."""
    stated = TargetIn(
        kind=kind, starts_on=on, within=None if within is None else Decimal(within), reason="Agreed", **more
    )  # type: ignore[arg-type]
    targets.set_target(target=stated, by=by)
