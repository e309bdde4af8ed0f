"""Costs of work: counted at the cost rate of the day, posted once, corrected by reversal, late ones dated on."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from contracts.actions import cost_rates
from contracts.actions.cost_rates import CostRateIn
from contracts.models import AccountingPeriod, CostRate, LegalEntity, Resource
from costs.actions import posting
from costs.models import Cost, CostPosting
from integration_hub.cases.models import Case
from integration_hub.effects.actions import effects
from integration_hub.effects.actions import gates as keeping
from integration_hub.effects.models import Effect, PostingGate
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied
from integration_hub.people.models import Role
from integration_hub.trail.lineage import walk
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Lane
from tests import factories, money, screens, vendors
from tests.integration.api.conftest import Caller, problem
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
MARCH = date(2026, 3, 31)
CODE = "COST_RATE_MISSING"


@shared
def contract():
    with vendors.silent() as landscape:
        there = money.contract_in(landscape, "C-1")
        LegalEntity.objects.update(costs_from=date(2026, 2, 1))
        return there


@shared
def costed(contract):
    """A contract with a cost rate for consultants of our own."""
    rate("62")
    return contract


def rate(text, **more):
    given = {"legal_entity": "US01", "currency": "USD", "role": "Consultant", "valid_from": date(2026, 1, 1), **more}
    cost_rates.record(rates=[CostRateIn(**given, source="test", rate=Decimal(text))], by=factories.BY)
    drain_once(factories.LOCAL)


def entry(contract, **more):
    return factories.time_entry(contract, **more)


def current():
    rows = Cost.objects.filter(is_current=True).order_by("work_key")
    return [(row.minutes / 60, row.rate, row.amount) for row in rows]


def open_sum():
    return Cost.objects.filter(Cost.OPEN).aggregate(sum=Sum("amount"))["sum"] or 0


def cases():
    return sorted(Case.objects.filter(code=CODE).exclude(status="resolved").values_list("title", flat=True))


def post(through=MARCH, *, by=None, sent=True):
    made = posting.post(legal_entity=LegalEntity.objects.get(code="US01"), through=through, by=by or factories.user())
    if sent:
        drain_once()
    for row in made:
        row.refresh_from_db()
    return made


def journals(landscape):
    """What the ERP was sent: amounts by charge code, of each journal in order."""
    return [
        [(line["charge_code"], Decimal(line["amount"])) for line in write.payload["lines"]]
        for write in landscape.erp.writes("journal.post")
    ]


# -- counting ----------------------------------------------------------------------------------------------------------


def test_approved_hours_cost_what_the_rate_of_their_day_says_rounded_once(costed):
    rate("66.665", valid_from=date(2026, 3, 10))
    entry(costed, key="w:1", hours="7.5", on=date(2026, 3, 9))
    entry(costed, key="w:2", hours="0.5", on=date(2026, 3, 10))
    entry(costed, key="w:3", approval="submitted")
    entry(costed, key="w:4", on=date(2026, 1, 31))
    assert current() == [(Decimal("7.5"), 62, 465), (Decimal("0.5"), Decimal("66.665"), Decimal("33.33"))]
    entry(costed, key="w:3")
    assert len(current()) == 3, "approved now; work before costs are kept has none"


def test_where_costs_are_not_kept_nothing_is_counted_and_nobody_is_asked(contract):
    LegalEntity.objects.update(costs_from=None)
    entry(contract)
    assert (current(), cases()) == ([], [])


def test_a_missing_rate_is_one_case_that_stops_no_billing_and_closes_itself(contract):
    rows = [entry(contract, key=f"w:{number}") for number in (1, 2)]
    assert cases() == ["No cost rate for Consultant in US01, on C-1: 16 h"]
    assert current() == []
    assert {piece.state for row in rows for piece in row.pieces.filter(is_current=True)} == {"billable"}
    rate("62")
    assert cases() == []
    assert [amount for _, _, amount in current()] == [496, 496]


def test_a_withdrawn_rate_leaves_the_cost_unknown_again(costed):
    entry(costed, key="w:1")
    finance = factories.user()
    cost_rates.withdraw(rate=CostRate.objects.get(), reason="of another firm", by=finance)
    drain_once(factories.LOCAL)
    assert current() == []
    assert len(cases()) == 1


def test_a_subcontractors_hours_cost_the_subcontractors_rate(costed):
    rate("90", vendor="V-7")
    ann = factories.resource()
    Resource.objects.update(vendor="V-7")
    entry(costed, key="w:1", by_whom=ann)
    [cost] = Cost.objects.filter(is_current=True)
    assert (cost.amount, cost.vendor) == (720, "V-7")


def test_only_what_changed_is_counted_anew_and_what_was_not_posted_is_not_reversed(costed):
    entry(costed, key="w:1")
    entry(costed, key="w:2")
    before = set(Cost.objects.values_list("pk", flat=True))
    entry(costed, key="w:2", hours="6")
    assert len(before - set(Cost.objects.filter(is_current=True).values_list("pk", flat=True))) == 1
    assert open_sum() == 496 + 372
    assert not Cost.objects.filter(reverses__isnull=False).exists()


def test_the_database_refuses_to_change_what_a_cost_says(costed):
    entry(costed, key="w:1")
    for change in ({"amount": 1}, {"is_current": False, "minutes": 1}):
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            Cost.objects.update(**change)
    Cost.objects.update(is_current=False)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Cost.objects.update(is_current=True)
    with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
        Cost.objects.all().delete()


# -- posting -----------------------------------------------------------------------------------------------------------


def test_costs_are_posted_once_by_project_and_month_with_charge_codes(landscape, costed):
    rate("90", role="Engineer", vendor="V-7")
    ann, bob = factories.resource(), factories.resource("Bob Ray", role="Engineer")
    entry(costed, key="w:1", by_whom=ann, on=date(2026, 2, 27))
    entry(costed, key="w:2", by_whom=ann)
    Resource.objects.filter(pk=ann.pk).update(cost_centre="CC-1")
    Resource.objects.filter(pk=bob.pk).update(vendor="V-7", cost_centre="CC-2")
    entry(costed, key="w:3", by_whom=Resource.objects.get(pk=bob.pk))
    made = post()
    assert [(row.month, row.accounting_date, row.amount, row.status) for row in made] == [
        (date(2026, 2, 1), date(2026, 2, 27), 496, "posted"),
        (date(2026, 3, 1), date(2026, 3, 2), 1216, "posted"),
    ]
    assert journals(landscape) == [
        [("labour", 496), ("labour_absorbed", -496)],
        [("labour", 496), ("labour_absorbed", -496), ("subcontract", 720), ("subcontract_accrued", -720)],
    ]
    sent = landscape.erp.writes("journal.post")[1].payload
    assert (sent["legal_entity_id"], sent["job_reference"], sent["accounting_date"]) == ("1", "C-1", "2026-03-02")
    assert [line["cost_centre"] for line in sent["lines"]] == ["CC-1", "CC-1", "CC-2", "CC-2"]
    assert open_sum() == 0
    assert post() == []
    assert len(journals(landscape)) == 2


def test_what_changes_after_posting_is_reversed_and_posted_anew_and_nothing_else(landscape, costed):
    entry(costed, key="w:1")
    entry(costed, key="w:2")
    post()
    entry(costed, key="w:2", hours="6")
    assert open_sum() == 372 - 496
    [correction] = post()
    assert (correction.amount, correction.status) == (-124, "posted")
    assert journals(landscape)[1] == [("labour", -124), ("labour_absorbed", 124)]
    entry(costed, key="w:1", is_deleted=True)
    [gone] = post()
    assert gone.amount == -496
    posted = Cost.objects.filter(posting__isnull=False).aggregate(sum=Sum("amount"))["sum"]
    assert posted == 372
    assert post() == []


def test_what_is_reversed_and_counted_to_the_same_figures_sends_no_journal(landscape, costed):
    entry(costed, key="w:1")
    post()
    entry(costed, key="w:1", on=date(2026, 3, 3))
    [nil] = post()
    assert (nil.amount, nil.status) == (0, "nil")
    assert len(journals(landscape)) == 1
    assert open_sum() == 0


def test_a_lost_answer_is_asked_about_and_posts_nothing_twice(landscape, costed):
    landscape.erp.lose["journal.post"] = "answer"
    entry(costed, key="w:1")
    [row] = post()
    assert row.status == "posting"
    assert Effect.objects.get(business_key=row.number).state == Effect.State.UNKNOWN
    assert post() == [], "what is on its way is not posted again"
    Lane.objects.update(next_at=now())
    drain_once()
    row.refresh_from_db()
    assert row.status == "posted"
    assert len(landscape.erp.writes("journal.post")) == 1


def test_costs_of_a_withdrawn_journal_are_taken_by_the_next_one(landscape, costed):
    landscape.erp.refuse["journal.post"] = "no such account"
    entry(costed, key="w:1")
    [row] = post()
    assert row.status == "rejected"
    assert post() == []
    entry(costed, key="w:1", hours="6")
    effects.cancel(effect_id=Effect.objects.get(business_key=row.number).pk, by=factories.user(), reason="wrong map")
    del landscape.erp.refuse["journal.post"]
    [again] = post()
    assert (again.amount, again.status) == (372, "posted"), "neither the old cost nor its reversal is posted"
    row.refresh_from_db()
    assert row.status == "withdrawn"
    assert again.number != row.number


def test_work_of_a_closed_period_is_dated_into_the_first_open_day(landscape, costed):
    periods(march="closed", april="open")
    entry(costed, key="w:1")
    [row] = post()
    assert (row.month, row.accounting_date, row.status) == (date(2026, 3, 1), date(2026, 4, 1), "posted")


def test_a_journal_that_meets_a_closed_window_goes_into_the_next_period(landscape, costed):
    periods(march="open", april="open")
    keeping.save(
        row=PostingGate(kind="module_lock", name="GL lock", locked_through=MARCH, late="next_period"), by="test"
    )
    entry(costed, key="w:1")
    [late] = post()
    assert late.status == "withdrawn"
    again = CostPosting.objects.exclude(pk=late.pk).get()
    assert (again.accounting_date, again.status, again.amount) == (date(2026, 4, 1), "posted", 496)
    assert len(journals(landscape)) == 1


def periods(**status):
    entity = LegalEntity.objects.get(code="US01")
    days = {"march": (date(2026, 3, 1), MARCH), "april": (date(2026, 4, 1), date(2026, 4, 30))}
    for name, state in status.items():
        starts, ends = days[name]
        AccountingPeriod.objects.create(
            legal_entity=entity, module="ar", name=name, starts_on=starts, ends_on=ends, status=state
        )


# -- who sees and does it ----------------------------------------------------------------------------------------------


def test_only_finance_of_the_entity_posts(landscape, costed):
    entry(costed, key="w:1")
    for person in (factories.user(Role.BILLING_ANALYST), factories.user(entities=("DE01",))):
        with pytest.raises(Denied):
            post(by=person)
    assert not CostPosting.objects.exists()


def test_a_cost_is_on_the_way_from_work_to_the_erp(landscape, costed):
    row = entry(costed, key="w:1")
    [made] = post()
    graph = walk(("event", str(row.pk)), depth=4)
    kinds = {kind for kind, _ in graph.nodes}
    assert {"cost", "cost_posting", "effect"} <= kinds
    back = walk(("cost_posting", str(made.pk)), depth=3)
    assert ("event", str(row.pk)) in back.nodes


def test_screens_and_api_show_and_post_within_the_entity(landscape, costed):
    entry(costed, key="w:1")
    finance = screens.browser(screens.user(Role.FINANCE, "fin", entities=("US01",)))
    body = screens.assert_list(finance, "/costs/")
    assert "496.00" in body
    assert "To post" in body
    assert finance.post("/costs/post/", {"legal_entity": "US01", "through": "2026-03-31"}).status_code == 302
    drain_once()
    [made] = CostPosting.objects.all()
    assert made.number in screens.assert_list(finance, "/costs/journals/")
    assert finance.post("/costs/post/", {"legal_entity": "XX", "through": "2026-03-31"}).status_code == 422
    assert screens.browser(screens.user(Role.PMO)).get("/costs/").status_code == 403
    elsewhere = screens.browser(screens.user(Role.FINANCE, "other", entities=("DE01",)))
    assert "496.00" not in screens.text(elsewhere.get("/costs/"))
    caller = Caller(factories.user())
    [cost] = caller.rows("costs/", current="true")
    assert (cost["amount"], cost["posting"], cost["resource"]) == ("496.00", made.number, "ann.lee@example.com")
    entry(costed, key="w:1", hours="6")
    [sent] = caller.post("cost-postings/", {"legal_entity": "US01", "through": "2026-03-31"}).json()
    assert (sent["amount"], sent["status"]) == ("-124.00", "posting")
    problem(caller.post("cost-postings/", {"legal_entity": "XX", "through": "2026-03-31"}), 422)
    assert Caller(factories.user(entities=("DE01",))).rows("cost-postings/") == []
