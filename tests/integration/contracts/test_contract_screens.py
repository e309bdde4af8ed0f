"""The contract's page, tab by tab, and the pages of projects and customers."""

import re
from datetime import date

import pytest

from contracts.actions import references
from contracts.models import Amendment, Contract, ContractVersion, Customer, Project
from integration_hub.cases.actions import cases
from integration_hub.kernel.clock import now
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.billing.screens import HTMX, nobody, outsider, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
TABS = (
    "overview",
    "versions",
    "lines",
    "rates",
    "projects",
    "schedule",
    "billing",
    "holds",
    "systems",
    "cases",
    "timeline",
)


def read(contract: Contract, tab: str, role: str = "finance") -> str:
    """A tab in words: every run of white space is one space."""
    return " ".join(text(signed_in(role).get(f"/contracts/{contract.pk}/?tab={tab}")).split())


@shared
def contract() -> Contract:
    return factories.contract_active("C-1", rate="100")


@shared
def signed() -> Contract:
    return factories.contract_signed("C-S", method="milestone", milestones=("100",))


def timeless(page):
    """Without how long ago something was: two answers may be seconds apart."""
    return re.sub(r"\b(\d+ (s|min) ago|just now)\b", "ago", page)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_on_a_page_and_as_a_part(tab, contract):
    client = signed_in()
    page = timeless(text(client.get(f"/contracts/{contract.pk}/?tab={tab}")))
    part = timeless(text(client.get(f"/contracts/{contract.pk}/?tab={tab}", headers=HTMX)))
    assert page.count('aria-current="page"') == 2, "the menu and one tab"
    assert "C-1 · Advisory" in page
    assert "<html" not in part
    assert part.strip() in page


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens_on_a_contract_that_is_only_signed(signed, tab):
    assert "C-S" in read(signed, tab)


def test_an_unknown_tab_is_the_overview(contract):
    assert "Parties" in read(contract, "nonsense")


def test_overview_tells_parties_terms_limits_and_money():
    contract = factories.contract_active("C-M", rate="100", cap="5000", po_number="PO-1", po_amount="9000")
    invoice = factories.invoice_posted(factories.candidate_ready(contract, hours="10"))
    factories.payment(invoice, amount="600")
    factories.time_entry(contract, hours="3", on=date(2026, 4, 1))
    factories.time_entry(contract, hours="2", on=date(2026, 4, 2), approval="submitted")
    html = read(contract, "overview")
    for words in (
        "By time", "time up to 5,000.00 USD", "1 invoice", "1,000.00", "of 1,100.00 USD, 500.00 USD open",
        "1 piece, 3.00 h", "300.00", "1 piece, 2.00 h", "200.00", "PO PO-1", "8,000.00", "4,000.00", "US-NY",
    ):  # fmt: skip
        assert words in html, words


def test_held_money_is_told_apart(contract):
    factories.time_entry(contract, hours="4")
    factories.hold(contract)
    drain_once()
    html = read(contract, "overview")
    assert 'tile-warning"> <span class="tile-label">Held' in html
    assert "400.00" in html
    assert 'Holds<span class="tab-count">1</span>' in html


def test_versions_say_what_changed_and_how_far_it_has_travelled(contract):
    common = {"contract": contract, "kind": "rate", "status": "applied", "signed_on": date(2026, 4, 1)}
    arrived = Amendment.objects.create(
        number="1", effective_on=date(2026, 5, 1), changes={"role": "Partner", "new_rate": "310.5", "line": 1},
        propagated_at=now(), **common,
    )  # fmt: skip
    Amendment.objects.create(number="2", effective_on=date(2026, 6, 1), changes={"new_limit": "9000"}, **common)
    ContractVersion.objects.create(
        contract=contract, number=2, effective_on=date(2026, 5, 1), amendment=arrived, reason="Rate of Partner"
    )
    html = read(contract, "versions")
    for words in ("v2", "Rate of Partner", "Partner at 310.5 USD per hour, line 1", "Everywhere", "Limit 9,000 USD",
                  "On its way"):  # fmt: skip
        assert words in html, words


def test_lines_and_rates():
    contract = factories.contract_active("C-L", rate="150.1234", cap="5000")
    assert "5,000.00" in read(contract, "lines")
    html = read(contract, "rates")
    assert "150.1234 USD per hour" in html
    assert "Everybody" in html
    assert "v1" in html


def test_schedule_and_revenue():
    contract = factories.contract_active(method="fixed_schedule", amount="1200")
    html = read(contract, "schedule")
    assert "1 Jan – 31 Jan 2026" in html
    assert "Straight line by days" in html


def test_systems_show_references_and_the_steps_of_activation(contract):
    references.note(connection=factories.connection(), entity="job", source_id="J-1", row=contract, number="C-1")
    html = read(contract, "systems")
    for words in ("J-1", "In step", "Contract activation", "Validate against ERP master data", "Plan the revenue"):
        assert words in html, words


def test_cases_are_open_ones_first_and_all_on_request(contract):
    told = {
        "legal_entity": "US01",
        "subject": ("contracts.contract", str(contract.pk), contract.number),
        "by": "system:t",
    }
    cases.raise_case(
        code="CONTRACT_EXPIRED", root_cause="one", title="Work outside the dates", remedy="Extend it.", **told
    )
    cases.raise_case(code="CONTRACT_EXPIRED", root_cause="two", title="Healed long ago", remedy="", **told)
    cases.heal(code="CONTRACT_EXPIRED", root_cause="two", because="extended", by="system:t")
    html = read(contract, "cases")
    assert "Work outside the dates" in html
    assert "Healed long ago" not in html
    assert 'Exceptions<span class="tab-count">1</span>' in html
    assert "Healed long ago" in read(contract, "cases&all=1")


def test_the_timeline_tells_what_happened_under_the_contract_too(contract):
    factories.hold(contract)
    html = read(contract, "timeline")
    assert "activated C-1" in html
    assert "placed a hold: Client query on C-1 Advisory" in html


def test_a_long_timeline_goes_on_by_key(contract):
    client = factories.user()
    for _ in range(30):
        hold = factories.hold(contract)
        from billing.actions import holds

        holds.release(hold_id=hold.pk, by=client, seen_version=hold.version)
    html = read(contract, "timeline")
    older = html.split("before=")[1].split('"')[0]
    assert "activated C-1" not in html
    assert "activated C-1" in read(contract, f"timeline&before={older}")


def test_tabs_need_their_own_right(contract):
    person = signed_in().person
    person.groups.clear()
    from django.contrib.auth.models import Permission

    person.user_permissions.set(Permission.objects.filter(codename="view_contract"))
    from tests.integration.billing.screens import of

    html = text(of(type(person).objects.get(pk=person.pk)).get(f"/contracts/{contract.pk}/?tab=billing"))
    assert f'href="/contracts/{contract.pk}/?tab=billing"' not in html
    assert "tab=lines" in html
    assert "Parties" in html
    assert "Where the work stands" not in html


@pytest.mark.parametrize("tab", TABS)
def test_others_do_not_find_it(tab, contract):
    text(outsider().get(f"/contracts/{contract.pk}/?tab={tab}"), 404)
    text(nobody().get(f"/contracts/{contract.pk}/?tab={tab}"), 403)


def test_the_hold_button_says_why_not(contract):
    assert "Only finance, PMO and delivery leads can place holds." in read(contract, "overview", role="auditor")


# -- projects and customers -----------------------------------------------------------------------------------------


def test_a_project_shows_its_work_by_state(contract):
    factories.time_entry(contract, hours="5")
    factories.time_entry(contract, hours="2", approval="submitted")
    project = factories.project_of(contract)
    html = text(signed_in("delivery_lead").get(f"/contracts/projects/{project.pk}/"))
    for words in (
        "500.00",
        "200.00",
        "7.00 h",
        "Together",
        "700.00",
        "Place a hold",
        "Timesheets",
        "Unbilled",
        "0.00 of 700.00",
    ):
        assert words in html, words
    text(outsider().get(f"/contracts/projects/{project.pk}/"), 404)
    text(nobody().get(f"/contracts/projects/{project.pk}/"), 403)


def test_a_project_without_a_contract_says_what_that_means():
    project = Project.objects.create(code="P-9", name="Orphan")
    html = text(signed_in(everything=True).get(f"/contracts/projects/{project.pk}/"))
    assert "cannot be billed until a contract covers it" in html
    text(signed_in().get(f"/contracts/projects/{project.pk}/"), 404)


def test_a_customer_shows_group_contracts_and_open_money():
    group = factories.customer(name="Group")
    client = factories.customer(name="Daughter")
    Customer.objects.filter(pk=client.pk).update(parent=group)
    contract = factories.contract_active("C-D", client=client)
    factories.invoice_posted(factories.candidate_ready(contract))
    html = text(signed_in().get(f"/contracts/customers/{client.pk}/"))
    for words in ("Group", "C-D", "1,320.00", "ask somebody who sees them all", "No PO needed"):
        assert words in html, words
    assert f"/contracts/customers/{group.pk}/" not in html, "its group has no contract in the person's entities"
    assert f"/contracts/customers/{group.pk}/" in text(
        signed_in(everything=True).get(f"/contracts/customers/{client.pk}/")
    )
    text(outsider().get(f"/contracts/customers/{client.pk}/"), 404)
    text(nobody().get(f"/contracts/customers/{client.pk}/"), 403)
