"""Cases are one per root cause, exact in their members, reopen when seen again and heal by themselves."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from contracts.models import Holiday, LegalEntity
from integration_hub.cases import deadlines
from integration_hub.cases.actions import cases
from integration_hub.cases.actions.cases import CaseIn, MemberIn
from integration_hub.cases.models import Case
from integration_hub.cases.queries import is_concerned
from integration_hub.trail.models import Event

pytestmark = pytest.mark.django_db
BY = "system:test"


def event(n, amount="10.00", currency="USD"):
    return MemberIn("billing.event", str(n), f"Event {n}", Decimal(amount), currency)


def rate_case(*members, **more):
    return cases.raise_case(
        code="RATE_TEST", root_cause="role:dev", title="No price", members=members, by=BY, legal_entity="US", **more
    )


def open_members(case):
    return sorted(case.members.filter(is_open=True).values_list("target_id", flat=True))


def actions():
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def test_one_case_per_root_cause_collects_members():
    first = rate_case(event(1), subject=("rate", 7, "Developer"))
    again = rate_case(event(1), event(2))
    assert first.pk == again.pk
    assert open_members(first) == ["1", "2"]
    assert (first.severity, first.owner_role, first.subject_type, first.subject_id) == (2, "pmo", "rate", "7")
    assert actions() == ["cases.case.raised"]


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def london():
    """Nine to five by London's clock, closed on Monday the 18th of May 2026."""
    Holiday.objects.create(calendar="gb", day=date(2026, 5, 18), name="A holiday", hours=0)
    return LegalEntity.objects.create(
        code="GB01", name="GB", currency="GBP", country="GB", zone="Europe/London", workdays=[1, 2, 3, 4, 5],
        work_starts=time(9), work_ends=time(17), holidays="gb",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("severity", "seen", "due"),
    [
        (1, "2026-05-15 15:00", "2026-05-19 15:00"),  # an hour on Friday, then the weekend and the holiday
        (1, "2026-06-02 08:00", "2026-06-02 12:00"),  # books are being closed
        (2, "2026-05-15 15:00", "2026-05-19 15:00"),
        (3, "2026-05-19 08:00", "2026-05-21 16:00"),
        (4, "2026-05-19 08:00", "2026-06-01 16:00"),
    ],
)
def test_a_deadline_is_in_the_working_time_of_its_legal_entity(london, severity, seen, due):
    assert deadlines.reckoner()("GB01", severity, at(seen)) == at(due)


def test_calendars_are_read_for_what_is_new_and_once(london):
    def asked(*causes):
        wanted = {cause: CaseIn(title="No price", legal_entity="GB01", members=(event(cause),)) for cause in causes}
        with CaptureQueriesContext(connection) as queries:
            cases.sync(code="RATE_TEST", wanted=wanted, scope="test", by=BY)
        return sum("contracts_legalentity" in query["sql"] for query in queries.captured_queries)

    assert asked("a", "b", "c") == 1
    assert asked("a", "b", "c") == 0
    assert asked("a", "b", "c", "d") == 1
    case = Case.objects.get(root_cause="a")
    assert case.due_at == deadlines.reckoner()("GB01", 2, case.first_seen_at)


def test_an_unregistered_code_is_refused():
    with pytest.raises(LookupError, match="No case code named 'NOBODY'"):
        cases.raise_case(code="NOBODY", root_cause="x", title="x", by=BY)


def test_several_heal_together_and_others_stay():
    standing = [
        cases.raise_case(code="RATE_TEST", root_cause=cause, title="No price", members=[event(cause)], by=BY)
        for cause in ("a", "b", "c")
    ]
    keys = [("RATE_TEST", "a"), ("RATE_TEST", "b"), ("RATE_TEST", "nobody")]
    assert is_concerned("billing.event", "none", keys)
    assert cases.heal_all(keys, because="Covered.", by=BY) == 2
    assert [open_members(case) for case in standing] == [[], [], ["c"]]
    assert actions()[-2:] == ["cases.case.healed"] * 2
    assert not is_concerned("billing.event", "a", keys)
    assert is_concerned("billing.event", "c"), "it is a member of one that is open"


def test_healing_closes_members_and_seeing_it_again_reopens_with_its_age():
    case = rate_case(event(1))
    assert cases.heal(code="RATE_TEST", root_cause="role:dev", because="A row covers it.", by=BY) is True
    assert cases.heal(code="RATE_TEST", root_cause="role:dev", because="again", by=BY) is False
    case.refresh_from_db()
    assert (case.status, case.outcome, case.resolution) == ("resolved", "auto", "A row covers it.")
    assert open_members(case) == []
    again = rate_case(event(1))
    assert (again.pk, again.status, again.reopened, again.outcome) == (case.pk, "open", 1, "")
    assert again.first_seen_at == case.first_seen_at
    assert open_members(again) == ["1"]
    assert actions() == ["cases.case.raised", "cases.case.healed", "cases.case.reopened"]


def test_set_members_makes_the_set_exact_and_heals_when_empty():
    def put(*members):
        return cases.set_members(code="RATE_TEST", root_cause="r", title="t", members=members, by=BY)

    case = put(event(1), event(2))
    put(event(2, "12.50"), event(3))
    assert open_members(case) == ["2", "3"]
    assert case.members.get(target_id="2").amount == Decimal("12.5")
    assert put() is None
    case.refresh_from_db()
    assert case.status == "resolved"


def test_reconcile_touches_its_own_scope_only():
    def passes(scope, *numbers):
        wanted = {"role:dev": CaseIn("No price", members=tuple(event(n) for n in numbers))} if numbers else {}
        cases.sync(code="RATE_TEST", wanted=wanted, scope=scope, by=BY)

    passes("contract:1", 1, 2)
    passes("contract:2", 3)
    case = Case.objects.get()
    assert open_members(case) == ["1", "2", "3"]
    passes("contract:1", 2)
    assert open_members(case) == ["2", "3"]
    passes("contract:1")
    case.refresh_from_db()
    assert (open_members(case), case.status) == (["3"], "open")
    passes("contract:2")
    case.refresh_from_db()
    assert (open_members(case), case.status, case.outcome) == ([], "resolved", "auto")


def test_reconcile_handles_many_codes_and_causes_at_once(django_assert_max_num_queries):
    wanted = {("RATE_TEST", f"r{n}"): CaseIn(f"t{n}", members=(event(n),)) for n in range(5)}
    wanted["CAP_TEST", "c"] = CaseIn("cap", members=(event(1), event(2)))

    def again():
        cases.reconcile(codes=["RATE_TEST", "CAP_TEST"], wanted=wanted, scope="contract:1", by=BY)

    again()
    assert Case.objects.count() == 6
    with django_assert_max_num_queries(8):
        again()
    del wanted["CAP_TEST", "c"]
    again()
    assert Case.objects.get(code="CAP_TEST").status == "resolved"
    assert Case.objects.filter(code="RATE_TEST", status="open").count() == 5


def test_many_scopes_cost_what_one_does_and_keep_apart(django_assert_max_num_queries):
    def again(*scopes):
        wanted = {
            f"contract:{n}": {("RATE_TEST", f"r{n}"): CaseIn("t", members=(event(n),))} if n in scopes else {}
            for n in range(6)
        }
        cases.reconcile_many(codes=["RATE_TEST"], wanted=wanted, by=BY)

    again(*range(6))
    scopes = Case.objects.values_list("root_cause", "members__scope", "members__target_id")
    assert sorted(scopes) == [(f"r{n}", f"contract:{n}", str(n)) for n in range(6)]
    with django_assert_max_num_queries(8):
        again(*range(6))
    again(1, 4)
    assert set(Case.objects.filter(status="open").values_list("root_cause", flat=True)) == {"r1", "r4"}


def test_a_case_that_two_scopes_want_is_not_reconciled_at_once():
    case = {("RATE_TEST", "r"): CaseIn("t", members=(event(1),))}
    with pytest.raises(ValueError, match="one after the other"):
        cases.reconcile_many(codes=["RATE_TEST"], wanted={"contract:1": case, "contract:2": case}, by=BY)


def test_a_pass_that_finds_nothing_costs_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        cases.reconcile_many.__wrapped__(  # type: ignore[attr-defined]
            codes=["RATE_TEST"], wanted={"contract:1": {}}, by=BY
        )


def test_reconcile_demands_a_scope():
    with pytest.raises(ValueError, match="names its scope"):
        cases.sync(code="RATE_TEST", wanted={}, scope="", by=BY)


def test_an_overridden_case_stays_resolved_until_it_would_hold_something_new(person):
    wanted = {"r": CaseIn("t", members=(event(1),))}
    cases.sync(code="RATE_TEST", wanted=wanted, scope="contract:1", by=BY)
    case = Case.objects.get()
    cases.resolve(case_id=case.pk, outcome="override", text="Agreed with the client", by=BY, seen_version=case.version)
    cases.sync(code="RATE_TEST", wanted=wanted, scope="contract:1", by=BY)
    case.refresh_from_db()
    assert (case.status, case.outcome) == ("resolved", "override")
    wanted = {"r": CaseIn("t", members=(event(1), event(2)))}
    cases.sync(code="RATE_TEST", wanted=wanted, scope="contract:1", by=BY)
    case.refresh_from_db()
    assert (case.status, open_members(case)) == ("open", ["1", "2"])


def test_drop_members_heals_the_case_with_the_last_one():
    case = rate_case(event(1), event(2))
    cases.drop_members(
        code="RATE_TEST", root_cause="role:dev", targets=[("billing.event", "1")], because="posted", by=BY
    )
    assert open_members(case) == ["2"]
    cases.drop_members(
        code="RATE_TEST", root_cause="role:dev", targets=[("billing.event", "2")], because="posted", by=BY
    )
    case.refresh_from_db()
    assert (case.status, case.resolution) == ("resolved", "posted")


def test_new_wording_replaces_the_old_without_making_open_forms_stale():
    case = rate_case(event(1))
    again = cases.raise_case(code="RATE_TEST", root_cause="role:dev", title="No price for 2 roles", by=BY)
    assert (again.title, again.version) == ("No price for 2 roles", case.version)
