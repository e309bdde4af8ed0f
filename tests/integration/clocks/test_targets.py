"""Targets: who states them, what is refused, that they are told and never changed, and the page that does it."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from integration_hub.clocks import queries
from integration_hub.clocks.models import Target
from integration_hub.kernel.errors import BadInput, Denied
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.clocks.conftest import aim
from tests.screens import browser, text, user

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
KIND = "project-activation"


def test_a_target_is_told_with_its_reason(admin):
    aim(admin, KIND, "5")
    told = Event.objects.get(action="clocks.target.set")
    assert (told.actor, told.reason) == ("admin", "Agreed")
    assert (told.data["within"], told.data["starts_on"]) == ("5 working days", "2024-01-01")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "no-such-clock"}, "kind"),
        ({"kind": "exception-resolution", "contract": "C-1"}, "contract"),
        ({"legal_entity": "XX99"}, "legal_entity"),
        ({"within": "0"}, "within"),
        ({"warn_percent": 0}, "warn_percent"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(admin, changes, field):
    stated = {"kind": KIND, "within": "5", **changes}
    with pytest.raises(BadInput) as refused:
        aim(admin, **stated)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert not Target.objects.exists()


def test_nobody_sets_targets_beyond_his_legal_entities():
    factories.legal_entity("DE01")
    factories.legal_entity("US01")
    german = user(Role.INTEGRATION_ADMIN, "german", entities=("DE01",))
    aim(german, KIND, "5", legal_entity="DE01")
    for entity in ("US01", ""):
        with pytest.raises(Denied):
            aim(german, KIND, "5", legal_entity=entity)
    with pytest.raises(Denied):
        aim(user(Role.FINANCE), KIND, "5")
    assert Target.objects.count() == 1


def test_the_database_refuses_any_change(admin):
    aim(admin, KIND, "5")
    for attempt in (lambda: Target.objects.update(within=9), lambda: Target.objects.all().delete()):
        with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
            attempt()
    assert Target.objects.get().within == 5


def test_the_latest_of_each_scope_is_in_force(admin):
    factories.legal_entity("DE01")
    aim(admin, KIND, "5")
    aim(admin, KIND, "4", on=date(2026, 1, 1))
    aim(admin, KIND, "3", on=date(2027, 1, 1))
    aim(admin, KIND, "2", legal_entity="DE01")
    found = queries.in_force(date(2026, 6, 1), admin)[KIND]
    assert [(row.legal_entity, row.within) for row in found] == [("", Decimal(4)), ("DE01", Decimal(2))]
    american = user(Role.FINANCE, "american", entities=("US01",))
    assert [row.within for row in queries.in_force(date(2026, 6, 1), american)[KIND]] == [4]
    assert queries.general(found, "DE01").within == 2  # type: ignore[union-attr]
    assert queries.general(found).within == 4  # type: ignore[union-attr]


def test_an_administrator_states_it_in_the_admin_and_cannot_change_it(admin):
    client, url = browser(admin), reverse("admin:hub_clocks_target_add")
    assert "Activating a project (working days)" in text(client.get(url))
    stated = {"kind": KIND, "starts_on": "2026-01-01", "within": "5", "warn_percent": "80", "reason": "Agreed in May"}
    assert client.post(url, {**stated, "legal_entity": "XX99"}, follow=True).status_code == 200
    assert not Target.objects.exists()
    assert client.post(url, stated).status_code == 302
    row = Target.objects.get()
    assert (row.within, row.warn_percent, row.set_by) == (Decimal(5), 80, admin)
    change = reverse("admin:hub_clocks_target_change", args=[row.pk])
    assert client.post(change, {**stated, "within": "9"}).status_code == 403
    assert client.post(reverse("admin:hub_clocks_target_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
