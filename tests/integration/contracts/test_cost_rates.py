"""Cost rates: one holds on a day, what was known stays known, and who may say so."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from contracts.actions import cost_rates
from contracts.actions.cost_rates import CostRateIn
from contracts.costing import cost_of
from contracts.costing import cost_rates as rates_of
from contracts.models import CostRate
from integration_hub import canonical
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import factories, screens
from tests.vendors import arrive
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
JAN, JUL = date(2026, 1, 1), date(2026, 7, 1)


@shared
def entity():
    return factories.legal_entity("US01")


def rate(text, **more):
    given = {"legal_entity": "US01", "currency": "USD", "role": "Architect", "valid_from": JAN, "source": "test"}
    if "resource" in more:
        given["role"] = ""
    return CostRateIn(**{**given, **more}, rate=Decimal(text))


def record(*rates):
    return cost_rates.record(rates=rates, by=factories.BY)


def held(entity, on, *, resource="", role="Architect", vendor="", known_at=None):
    found = rates_of([entity.pk], known_at=known_at).of(
        legal_entity=entity.pk, resource=resource, role=role, vendor=vendor, on=on
    )
    return found.rate if found else None


def test_the_rate_of_the_person_counts_before_that_of_the_role_and_only_on_its_days(entity):
    record(rate("62"), rate("70", resource="ann@example.com", valid_from=JUL, valid_to=date(2026, 7, 31)))
    ann = {"resource": "ann@example.com"}
    assert held(entity, date(2025, 12, 31), **ann) is None
    assert held(entity, date(2026, 6, 30), **ann) == 62
    assert held(entity, JUL, **ann) == 70
    assert held(entity, date(2026, 7, 31), **ann) == 70
    assert held(entity, date(2026, 8, 1), **ann) == 62


def test_a_subcontractors_role_is_not_our_own(entity):
    record(rate("62"), rate("95", vendor="V-7"))
    assert held(entity, JAN) == 62
    assert held(entity, JAN, vendor="V-7") == 95
    assert held(entity, JAN, vendor="V-8") is None


def test_a_new_rate_follows_the_old_one_and_what_was_known_before_stays_known(entity):
    record(rate("62"))
    before = now()
    assert record(rate("66", valid_from=JUL)) == 1
    assert [held(entity, day) for day in (JAN, date(2026, 6, 30), JUL)] == [62, 62, 66]
    assert held(entity, JUL, known_at=before) == 62
    assert CostRate.objects.count() == 3, "the one that ended is kept as it was"
    assert record(rate("66", valid_from=JUL)) == 0, "known already"


def test_a_rate_of_some_days_leaves_what_held_before_and_after(entity):
    record(rate("62"))
    record(rate("80", valid_from=date(2026, 3, 1), valid_to=date(2026, 3, 31)))
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1))
    assert [held(entity, day) for day in days] == [62, 80, 80, 62]


def test_the_database_refuses_two_rates_on_one_day_and_every_change(entity):
    record(rate("62"), rate("70", resource="ann@example.com"))
    for row in CostRate.objects.all():
        again = {name: getattr(row, name) for name in ("resource", "role", "unit", "rate", "source", "legal_entity")}
        with pytest.raises(IntegrityError, match="cost_rate_no_overlap"), transaction.atomic():
            CostRate.objects.create(**again, currency="EUR", validity=DateRange(JUL, None))
    for change in ({"rate": 1}, {"withdrawn_at": now(), "rate": 1}):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            CostRate.objects.update(**change)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        CostRate.objects.all().delete()


def test_a_wrong_rate_is_withdrawn_once_with_a_reason(entity):
    record(rate("62"))
    row, finance = CostRate.objects.get(), factories.user()
    with pytest.raises(Denied, match="Say why"):
        cost_rates.withdraw(rate=row, reason=" ", by=finance)
    cost_rates.withdraw(rate=row, reason="of another firm", by=finance)
    assert held(entity, JAN) is None
    with pytest.raises(Stale):
        cost_rates.withdraw(rate=row, reason="again", by=finance)
    told = Event.objects.get(action="contracts.cost_rate.withdrawn")
    assert (told.reason, told.legal_entity) == ("of another firm", "US01")


def test_what_a_day_costs_is_shared_by_its_minutes_and_rounded_once(entity):
    record(rate("500", unit="day"), rate("100.005", resource="ann@example.com"))
    day, hour = (CostRate.objects.get(role=role) for role in ("Architect", ""))
    assert cost_of(Decimal(95), day, "half_up") == Decimal("98.96")
    assert cost_of(Decimal(60), hour, "half_up") == Decimal("100.01")
    assert cost_of(Decimal(60), hour, "half_even") == Decimal("100.00")


def test_only_finance_of_the_entity_enters_and_every_wrong_field_is_named(entity):
    outsider = factories.user(entities=("DE01",))
    for person in (factories.user(Role.PMO), outsider):
        with pytest.raises(Denied):
            cost_rates.enter(rates=[rate("62")], by=person)
    wrong = rate("0", resource="ann@example.com", role="Architect", currency="EUX", valid_to=date(2025, 1, 1))
    with pytest.raises(BadInput) as refused:
        cost_rates.enter(rates=[wrong], by=factories.user())
    assert {problem.field for problem in refused.value.problems} == {"role", "currency", "rate", "valid_to"}
    with pytest.raises(BadInput, match="legal_entity"):
        cost_rates.enter(rates=[rate("62", legal_entity="XX")], by=factories.user(everything=True))
    assert not CostRate.objects.exists()


def test_rates_come_from_a_file_and_go_when_their_record_does(entity):
    files = factories.connection("filedrop", code="files")

    def item(version, *, text="62", **more):
        given = {"legal_entity": "US01", "role": "Architect", "currency": "USD", "valid_from": JAN}
        return canonical.CostRate(source_id="R-1", version=version, **{**given, **more}, rate=Decimal(text))

    [taken] = arrive(files, item("1"))
    assert taken.status == "applied"
    assert held(entity, JAN) == 62
    arrive(files, item("2", text="64"))
    assert held(entity, JAN) == 64
    [refused] = arrive(files, item("3", legal_entity="XX"))
    assert refused.status == "refused"
    arrive(files, item("4", deleted=True))
    assert held(entity, JAN) is None


def test_the_screens_show_enter_and_withdraw_within_the_entity(entity):
    record(rate("62", vendor="V-7"))
    row = CostRate.objects.get()
    finance = screens.browser(screens.user(Role.FINANCE, entities=("US01",)))
    body = screens.assert_list(finance, "/contracts/cost-rates/")
    assert "V-7" in body
    assert "62.00 USD per hour" in body
    assert "Architect" not in screens.text(finance.get("/contracts/cost-rates/?on=2025-12-31"))
    page = "/contracts/cost-rates/enter/"
    sent = {"legal_entity": "US01", "role": "Analyst", "rate": "41.5", "currency": "usd", "unit": "hour"}
    assert finance.post(page, {**sent, "valid_from": "2026-01-01"}).status_code == 302
    assert held(entity, JAN, role="Analyst") == Decimal("41.5")
    assert finance.post(page, {**sent, "legal_entity": "XX", "valid_from": "2026-01-01"}).status_code in (403, 422)
    withdraw = f"/contracts/cost-rates/{row.pk}/withdraw/"
    assert finance.post(withdraw, {"reason": ""}).status_code == 422
    assert finance.post(withdraw, {"reason": "wrong vendor"}).status_code == 302
    assert held(entity, JAN, vendor="V-7") is None
    elsewhere = screens.browser(screens.user(Role.FINANCE, "other", entities=("DE01",)))
    assert "Architect" not in screens.text(elsewhere.get("/contracts/cost-rates/"))
    assert elsewhere.get(withdraw).status_code == 404
    assert screens.browser(screens.user(Role.PMO)).get("/contracts/cost-rates/").status_code == 403
