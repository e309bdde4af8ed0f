"""Django admin of contracts and billing: settings by actions that tell the trail, ledgers to look at, within scope."""

import pytest
from django.contrib import admin
from django.urls import reverse

from billing import models as billing
from contracts.models import EligibilityRule, LegalEntity, Route
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.billing.screens import of, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
LEDGERS = ("billableevent", "piece", "capentry", "hold", "billingrun", "candidate", "taxdetermination", "invoice",
           "payment", "creditmemo")  # fmt: skip


@pytest.fixture
def ines():
    """An integration admin who works in Django admin."""
    return of(factories.user(Role.INTEGRATION_ADMIN))


@pytest.fixture
def root():
    """A superuser who sees everything."""
    person = factories.user(everything=True)
    type(person).objects.filter(pk=person.pk).update(is_superuser=True, is_staff=True)
    return of(type(person).objects.get(pk=person.pk))


def test_a_legal_entity_keeps_what_the_erp_says(ines):
    entity = factories.legal_entity()
    url = reverse("admin:contracts_legalentity_change", args=[entity.pk])
    data = {
        "name": entity.name,
        "zone": "America/New_York",
        "rounding": "half_even",
        "fx_max_age_days": "10",
        "workdays": "1,2,3,4,5,6",
        "work_starts": "08:00",
        "work_ends": "16:30",
        "holidays": "US",
        "costs_from": "2026-02-01",
        "tax_company": "US",
        "is_active": "on",
    }
    answer = ines.post(url, {**data, "code": "XX", "currency": "JPY"})
    assert answer.status_code == 302
    entity.refresh_from_db()
    assert (entity.code, entity.currency, entity.rounding) == ("US01", "USD", "half_even")
    told = Event.objects.get(action="contracts.legal_entity.configured")
    assert told.actor == ines.person.username
    assert told.data["changes"]["rounding"] == ["half_up", "half_even"]
    assert told.data["changes"]["costs_from"] == ["", "2026-02-01"]
    assert entity.fx_max_age_days == 10


def test_legal_entities_of_others_are_not_there(ines):
    germany = factories.legal_entity("DE01", currency="EUR", country="DE")
    assert ines.get(reverse("admin:contracts_legalentity_change", args=[germany.pk])).status_code == 302
    assert "DE01" not in text(ines.get(reverse("admin:contracts_legalentity_changelist")))
    assert LegalEntity.objects.count() == 1


def test_a_route_is_set_and_told(ines):
    entity, there = factories.legal_entity(), factories.connection()
    data = {"role": "erp", "legal_entity": entity.pk, "connection": there.pk}
    assert ines.post(reverse("admin:contracts_route_add"), data).status_code == 302
    route = Route.objects.get()
    assert Event.objects.get(action="contracts.route.added").legal_entity == "US01"
    ines.post(reverse("admin:contracts_route_change", args=[route.pk]), data | {"role": "tax"})
    assert Event.objects.get(action="contracts.route.changed").data["changes"] == {"role": ["erp", "tax"]}


def test_removing_is_told_too(root):
    route = Route.objects.create(role="erp", connection=factories.connection())
    root.post(reverse("admin:contracts_route_delete", args=[route.pk]), {"post": "yes"})
    assert not Route.objects.exists()
    assert Event.objects.filter(action="contracts.route.removed").count() == 1


def test_a_rule_is_set_told_and_decides_work_anew(ines):
    contract = factories.contract_active()
    line = contract.lines.get()
    data = {"contract": contract.pk, "kind": "time", "role": "Trainee", "chargeability": "non_chargeable", "line": ""}
    data |= {"project": "", "task_code": "", "category": ""}
    answer = ines.post(reverse("admin:contracts_eligibilityrule_add"), data)
    assert answer.status_code == 302, answer.content.decode()
    rule = EligibilityRule.objects.get()
    assert Event.objects.filter(action="contracts.eligibility_rule.added").count() == 1
    event = factories.time_entry(contract, role="Trainee")
    assert event.pieces.get(is_current=True).state == "non_billable"
    other = factories.contract_active()
    url = reverse("admin:contracts_eligibilityrule_change", args=[rule.pk])
    wrong = data | {"chargeability": "chargeable", "line": other.lines.get().pk}
    assert "belongs to another contract" in text(ines.post(url, wrong, follow=True))
    rule.refresh_from_db()
    assert rule.line is None
    assert line.pk != other.lines.get().pk


def test_rules_of_others_are_not_there(ines):
    germany = factories.legal_entity("DE01", currency="EUR", country="DE")
    contract = factories.contract_active(entity=germany)
    rule = EligibilityRule.objects.create(contract=contract, kind="time", chargeability="included")
    assert ines.get(reverse("admin:contracts_eligibilityrule_change", args=[rule.pk])).status_code == 302


@shared
def recorded() -> billing.Invoice:
    """An invoice with a row in every ledger."""
    invoice = factories.invoice_posted(factories.candidate_ready(factories.contract_active(cap="9000")))
    factories.payment(invoice, amount="1")
    factories.credit_memo(invoice, net="1")
    factories.hold(invoice.contract)
    return invoice


@pytest.mark.parametrize("noun", [*LEDGERS, "ratecard", "customer"])
def test_ledgers_are_only_to_look_at(recorded, root, noun):
    app = "contracts" if noun in {"ratecard", "customer"} else "billing"
    model = next(model for model in admin.site._registry if model._meta.label_lower == f"{app}.{noun}")
    row = model._default_manager.first()
    text(root.get(reverse(f"admin:{app}_{noun}_changelist")))
    change = reverse(f"admin:{app}_{noun}_change", args=[row.pk])
    html = text(root.get(change))
    assert 'name="_save"' not in html
    assert root.post(change, {}).status_code == 403
    assert root.get(reverse(f"admin:{app}_{noun}_add")).status_code == 403
    assert root.get(reverse(f"admin:{app}_{noun}_delete", args=[row.pk])).status_code == 403


def test_every_ledger_of_billing_is_covered():
    registered = {model._meta.model_name for model in admin.site._registry if model._meta.app_label == "billing"}
    assert registered == set(LEDGERS)
    assert billing.Invoice._meta.model_name in registered
