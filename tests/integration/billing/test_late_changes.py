"""Changes of billed work: kept, asked about once, accepted or refused by a person (R11, R19)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing import duties, policies, simulation
from billing.actions import crediting, late_decisions, work
from billing.models import BillableEvent, Candidate, Invoice, LateChange, Piece
from contracts.models import Resource
from integration_hub.cases import policies as cases
from integration_hub.cases.models import Case
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories, money, vendors
from tests.integration.api.conftest import Caller
from tests.integration.billing.screens import nobody, outsider, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
KEY = "k1"
APRIL = date(2026, 4, 30)
BROUGHT = (Decimal(-1200), Decimal(900))
"""What 6 hours instead of 8 credit and charge."""


@shared
def billed():
    """8 hours at 150 on 2 March, and the invoice they are on."""
    with vendors.settled() as landscape:
        contract = money.contract_in(landscape, "C-1")
        event = factories.time_entry(contract, key=KEY)
        return event, money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))


def restated(event, *, key=KEY, **more):
    """What the source says now, and the change that comes of it, if one stands."""
    factories.time_entry(event.contract, key=key, **more)
    return LateChange.objects.filter(work_key=key, status__in=LateChange.STANDING).first()


def accept(change, *, by=None, **more):
    change.refresh_from_db()
    return late_decisions.accept(
        change_id=change.pk, by=by or factories.user(Role.BILLING_ANALYST), seen_version=change.version, **more
    )


def refuse(change, *, by=None, reason="The client agreed to 8 hours"):
    change.refresh_from_db()
    return late_decisions.refuse(
        change_id=change.pk, by=by or factories.user(Role.BILLING_ANALYST), seen_version=change.version, reason=reason
    )


def current(key=KEY):
    return BillableEvent.objects.get(work_key=key, is_current=True)


def figures(told):
    return Decimal(told["credited"]), Decimal(told["charged"])


def worth(key=KEY):
    """(state, exact amount) of the current pieces of a work over all its versions, in order."""
    rows = Piece.objects.filter(event__work_key=key, is_current=True).order_by("event", "number")
    return [(row.state, row.amount) for row in rows]


def caller(role, *, entities=("US01",)):
    return Caller(factories.user(role, entities=entities))


def open_cases():
    late = Case.objects.filter(code__in=["LATE_CHANGE", "SOURCE_DELETED_AFTER_POST"], status__in=Case.OPEN_STATES)
    return list(late.values_list("code", flat=True))


# -- what is asked -----------------------------------------------------------------------------------------------------


def test_a_change_is_kept_with_what_is_at_stake(billed):
    event, _ = billed
    change = restated(event, hours="6")
    assert (change.status, change.event, change.billed, change.currency) == ("open", event, 1200, "USD")
    assert change.stated["minutes"] == "360"
    [case] = Case.objects.filter(code="LATE_CHANGE", status__in=Case.OPEN_STATES)
    [member] = case.members.filter(is_open=True)
    assert (member.target_type, member.target_id, member.amount) == ("billing.latechange", str(change.pk), 1200)
    assert case.title.startswith("Time of 2 March 2026 by ")


def test_the_same_change_again_asks_nothing_more(billed):
    event, _ = billed
    first = restated(event, hours="6")
    assert restated(event, hours="6") == first
    assert (LateChange.objects.count(), Event.objects.filter(action="billing.late_change.asked").count()) == (1, 1)


def test_a_further_change_takes_the_place_of_the_open_one(billed):
    event, _ = billed
    first, second = restated(event, hours="6"), restated(event, hours="5")
    first.refresh_from_db()
    assert (first.status, first.decided_by) == ("replaced", factories.BY)
    assert second != first
    third = restated(event, is_deleted=True)
    assert third.is_deletion
    assert open_cases() == ["SOURCE_DELETED_AFTER_POST"], "one case at a time for a work"
    members = Case.objects.get(status__in=Case.OPEN_STATES).members.filter(is_open=True)
    assert list(members.values_list("target_id", flat=True)) == [str(third.pk)]


def test_a_change_that_is_taken_back_is_withdrawn(billed):
    event, _ = billed
    change = restated(event, hours="6")
    assert restated(event) is None
    change.refresh_from_db()
    assert (change.status, change.reason, open_cases()) == ("withdrawn", "The source says again what was billed", [])


def test_the_database_keeps_one_standing_change_of_a_work(billed):
    event, _ = billed
    change = restated(event, hours="6")
    change.pk = None
    with pytest.raises(IntegrityError, match="late_change_one_standing"), transaction.atomic():
        change.save(force_insert=True)


# -- accepted ----------------------------------------------------------------------------------------------------------


def accepted_documents(landscape):
    """The documents of the next billing run: (kind, net)."""
    run = money.run_in(landscape, through=APRIL)
    return sorted(Candidate.objects.filter(run=run).values_list("kind", "net"))


def test_fewer_hours_are_credited_whole_and_the_rest_billed_anew(landscape, billed):
    event, _ = billed
    change = accept(restated(event, hours="6"))
    assert (change.status, change.credited, change.charged) == ("accepted", -1200, 900)
    assert worth() == [("posted", 1200), ("billable", -1200), ("billable", 900)]
    assert (current().version, current().minutes, open_cases()) == (2, 360, [])
    assert accepted_documents(landscape) == [("credit_memo", -1200), ("invoice", 900)]
    [told] = Event.objects.filter(action="billing.late_change.accepted")
    assert figures(told.data) == BROUGHT


def test_more_hours_are_billed_at_the_rate_of_their_day(landscape, billed):
    change = accept(restated(billed[0], hours="10"))
    assert (change.credited, change.charged) == (-1200, 1500)


def test_work_deleted_in_its_source_is_credited(landscape, billed):
    change = accept(restated(billed[0], is_deleted=True))
    assert (change.credited, change.charged) == (-1200, 0)
    assert accepted_documents(landscape) == [("credit_memo", -1200)]


def test_work_moved_to_another_day_is_credited_and_billed_on_that_day(landscape, billed):
    change = accept(restated(billed[0], on=date(2026, 3, 9)))
    assert (change.credited, change.charged) == (-1200, 1200)


def test_work_whose_approval_was_withdrawn_is_credited_and_waits(landscape, billed):
    """R19: after posting it is a correction, once a person accepts it."""
    change = accept(restated(billed[0], approval="submitted"))
    assert (change.credited, change.charged) == (-1200, 0)
    assert worth() == [("posted", 1200), ("billable", -1200), ("blocked", 1200)]
    assert accepted_documents(landscape) == [("credit_memo", -1200)]


def test_what_no_invoice_shows_moves_nothing(landscape, billed):
    change = accept(restated(billed[0], description="Workshop in Leeds"))
    assert (change.credited, change.charged) == (0, 0)
    assert worth() == [("posted", 1200)]
    assert current().description == "Workshop in Leeds"


def test_what_is_shown_is_what_is_done_and_nothing_is_left_of_showing_it(landscape, billed):
    change = restated(billed[0], hours="6")
    before = (worth(), Event.objects.count(), BillableEvent.objects.count())
    shown = simulation.brought_by(LateChange.objects.select_related(*late_decisions.PARTS).get(pk=change.pk))
    whole: Any
    [whole] = simulation.of_late_change(LateChange.objects.select_related(*late_decisions.PARTS).get(pk=change.pk))
    assert [(row.kind, row.net) for row in whole.with_it.documents] == [("credit_memo", -1200), ("invoice", 900)]
    assert (worth(), Event.objects.count(), BillableEvent.objects.count()) == before
    done = accept(change, credited=shown.credited, charged=shown.charged)
    assert (done.credited, done.charged) == (shown.credited, shown.charged) == BROUGHT


def test_figures_that_moved_since_they_were_shown_are_not_accepted(billed):
    change = restated(billed[0], hours="6")
    with pytest.raises(Stale, match="moved since you opened it"):
        accept(change, credited=Decimal(-1200), charged=Decimal(899))
    change.refresh_from_db()
    assert (change.status, worth(), open_cases()) == ("open", [("posted", 1200)], ["LATE_CHANGE"])


def test_a_further_change_before_the_credit_is_posted_asks_again(landscape, billed):
    event, _ = billed
    accept(restated(event, hours="6"))
    change = restated(event, hours="5")
    assert (change.status, change.event, change.billed) == ("open", current(), 1200)
    assert accept(change).charged == 750
    assert accepted_documents(landscape) == [("credit_memo", -1200), ("invoice", 750)]


def test_once_credited_the_word_of_the_source_counts_by_itself(landscape, billed):
    event, invoice = billed
    change = restated(event, hours="6")
    credit = ask_credit(invoice, rebillable=True)
    with pytest.raises(NotReady, match=f"{credit.number} credits it"):
        accept(change)
    money.post(factories.candidate_approved(credit))
    drain_once()
    assert restated(event, hours="5") is None
    change.refresh_from_db()
    assert (change.status, current().minutes, open_cases()) == ("replaced", 300, [])


# -- what keeps it from being accepted ---------------------------------------------------------------------------------


def ask_credit(invoice, *, rebillable):
    seen = Invoice.objects.get(pk=invoice.pk)
    credit = crediting.ask(
        invoice_id=seen.pk, by=factories.user(), seen_version=seen.version,
        wanted=crediting.Wanted() if rebillable else crediting.Wanted(amount=Decimal(10)),
        reason="HOURS_ERROR" if rebillable else "GOODWILL", rebillable=rebillable, note="Agreed", on=APRIL,
    )  # fmt: skip
    drain_once()
    credit.refresh_from_db()
    return credit


def test_work_on_its_way_to_the_erp_waits(landscape):
    contract = money.contract_in(landscape, "C-2")
    event = factories.time_entry(contract, key=KEY)
    money.post(factories.candidate_approved(money.ready_in(landscape, contract, hours="")))
    factories.time_entry(contract, key=KEY, hours="6", decide=False)
    change = LateChange.objects.get()
    assert (change.event, change.billed) == (event, 1200)
    with pytest.raises(NotReady, match="on its way to the ERP"):
        accept(change)
    drain_once()
    assert accept(change).charged == 900


def test_a_line_that_was_conceded_is_credited_by_hand(landscape, billed):
    event, invoice = billed
    ask_credit(invoice, rebillable=False)
    change = restated(event, hours="6")
    with pytest.raises(NotReady, match="conceded to the client"):
        accept(change)
    assert refuse(change).status == "refused"


def test_nobody_accepts_a_change_of_their_own_work_nor_approves_what_comes_of_it(landscape, billed):
    event, _ = billed
    person = factories.user(Role.FINANCE)
    person.email = "Ann@example.com"
    person.save()
    change = restated(event, hours="6")
    Resource.objects.filter(pk=event.resource_id).update(email="ann@example.com")
    with pytest.raises(Denied, match="your own work"):
        accept(change, by=person)
    other = factories.user(Role.FINANCE)
    accept(change, by=other)
    for candidate in money.run_in(landscape, through=APRIL).candidates.all():
        assert duties.conflict(candidate, [other]).did == "accepted a change of work in it"
        assert not policies.can_approve(candidate, other)


def test_it_is_decided_once_and_only_as_it_was_seen(billed):
    change = restated(billed[0], hours="6")
    with pytest.raises(Stale):
        late_decisions.accept(change_id=change.pk, by=factories.user(), seen_version=change.version + 1)
    accept(change)
    with pytest.raises(Denied, match="accepted already"):
        refuse(change)


# -- refused -----------------------------------------------------------------------------------------------------------


def test_what_is_billed_stands_and_only_a_further_change_asks_again(billed):
    event, _ = billed
    change = refuse(restated(event, hours="6"))
    assert (change.status, change.reason) == ("refused", "The client agreed to 8 hours")
    assert (worth(), current().minutes, open_cases()) == ([("posted", 1200)], 480, [])
    assert restated(event, hours="6") == change, "the difference stays on record"
    assert open_cases() == []
    further = restated(event, hours="7")
    change.refresh_from_db()
    assert (change.status, change.decided_by != factories.BY, further.status) == ("replaced", True, "open")
    assert open_cases() == ["LATE_CHANGE"]


def test_a_refused_change_that_is_taken_back_and_made_again_asks_again(billed):
    event, _ = billed
    refuse(restated(event, hours="6"))
    assert restated(event) is None
    assert restated(event, hours="6").status == "open"


def test_a_refusal_says_why(billed):
    with pytest.raises(BadInput, match="Say why"):
        refuse(restated(billed[0], hours="6"), reason=" ")


def test_its_case_cannot_be_called_mended_while_it_waits(billed):
    restated(billed[0], hours="6")
    [case] = Case.objects.filter(code="LATE_CHANGE", status__in=Case.OPEN_STATES)
    assert not cases.can_resolve(case, factories.user(), "manual", "Done")


# -- screens and programs ----------------------------------------------------------------------------------------------


def test_the_page_shows_before_and_after_and_what_accepting_brings(billed):
    change = restated(billed[0], hours="6")
    page = text(signed_in().get(f"/billing/late-changes/{change.pk}/"))
    for words in ("8.00 h", "6.00 h", "Credit of ", "Billed anew", "-1,200.00", "900.00", "-300.00", "Credit memo"):
        assert words in page.replace("\u2212", "-").replace("−", "-"), words
    listed = text(signed_in().get("/billing/late-changes/"))
    assert "Worked 8.00 h → 6.00 h" in listed
    assert "1,200.00" in listed
    assert outsider().get(f"/billing/late-changes/{change.pk}/").status_code == 404
    assert nobody().get("/billing/late-changes/").status_code == 403


def test_it_is_accepted_on_the_screen_with_the_figures_that_were_shown(landscape, billed):
    change = restated(billed[0], hours="6")
    client, page = signed_in(), f"/billing/late-changes/{change.pk}/accept/"
    form = client.get(page).context["form"].initial
    moved = client.post(page, {**form, "charged": "1", "note": ""})
    assert "moved since you opened it" in text(moved, 409)
    assert client.post(page, {**form, "note": "By mail"}).status_code == 302
    change.refresh_from_db()
    assert (change.status, change.reason, change.decided_by) == ("accepted", "By mail", client.person.username)
    assert "Accepted" in text(client.get(f"/billing/late-changes/{change.pk}/"))


def test_it_is_refused_on_the_screen_with_a_reason(billed):
    change = restated(billed[0], hours="6")
    client, page = signed_in("billing_analyst"), f"/billing/late-changes/{change.pk}/refuse/"
    assert "Say why" in text(client.post(page, {"version": change.version, "reason": ""}), 422)
    assert client.post(page, {"version": change.version, "reason": "Agreed"}).status_code == 302
    assert "Only billing analysts and finance" in text(signed_in("pmo").get(page))


def test_its_case_leads_to_the_decision(billed):
    change = restated(billed[0], is_deleted=True)
    case = Case.objects.get(code="SOURCE_DELETED_AFTER_POST")
    page = text(signed_in().get(reverse("cases:case-detail", args=[case.pk])))
    assert f"/billing/late-changes/{change.pk}/" in page
    assert "Accept or refuse the change" in page
    refuse(change)
    assert "Accept or refuse the change" not in text(signed_in().get(reverse("cases:case-detail", args=[case.pk])))


def test_work_says_that_a_change_waits(billed):
    event, _ = billed
    change = restated(event, hours="6")
    assert f"/billing/late-changes/{change.pk}/" in text(signed_in().get(f"/billing/work/{event.pk}/"))


def test_stages_count_over_all_versions(landscape, billed):
    event, _ = billed
    accept(restated(event, hours="6"))
    assert work.stages([current()]) == {KEY: "posted"}


def test_a_program_reads_accepts_and_refuses(landscape, billed):
    event, _ = billed
    change = restated(event, hours="6")
    finance = caller("finance")
    (row,) = finance.rows("late-changes/", status="open", contract="C-1")
    assert (row["work_key"], row["billed"], row["version"]) == (KEY, "1200.00", 1)
    assert row["differences"] == [{"field": "minutes", "billed": "480", "stated": "360"}]
    at = f"late-changes/{change.pk}/"
    shown = finance.get(f"{at}brought/").json()
    assert figures(shown) == BROUGHT
    assert [row["state"] for row in shown["credits"] + shown["charges"]] == ["billable", "billable"]
    assert [one["contract"] for one in finance.get(f"{at}simulation/").json()] == ["C-1"]
    assert finance.post(f"{at}accept/", {"version": 1, "credited": "-1200"}).status_code == 400
    assert finance.post(f"{at}accept/", {"version": 1, "credited": "-1200", "charged": "1"}).status_code == 409
    assert caller("pmo").post(f"{at}accept/", {"version": 1}).status_code == 403
    done = finance.post(f"{at}accept/", {"version": 1, "credited": "-1200", "charged": "900"}).json()
    assert (done["status"], done["credited"], done["charged"]) == ("accepted", "-1200.00", "900.00")
    assert finance.get(f"{at}brought/").status_code == 409
    further = restated(event, hours="5")
    assert finance.post(f"late-changes/{further.pk}/refuse/", {"version": 1, "reason": ""}).status_code == 400
    refused = finance.post(f"late-changes/{further.pk}/refuse/", {"version": 1, "reason": "Agreed"}).json()
    assert (refused["status"], refused["reason"]) == ("refused", "Agreed")
    stranger = caller("finance", entities=("GB01",))
    assert stranger.get(at).status_code == 404
    assert stranger.rows("late-changes/") == []
