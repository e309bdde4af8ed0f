"""The right to approve, lent for a while: who may lend what, what it covers, and whose seat it fills (§5.3)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from billing.actions import approvals, delegations
from billing.models import Approval, Candidate, Delegation
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import BadInput, Denied, Stale
from integration_hub.people.models import Role, User
from integration_hub.trail.models import Event
from tests import factories, money, vendors
from tests.screens import SCREENS, assert_list, assert_needs_right, browser, page
from tests.worlds import shared

pytestmark = SCREENS


@shared
def candidate():
    with vendors.silent() as landscape:
        return money.ready_in(landscape, money.contract_in(landscape, "C-1"))


@pytest.fixture
def ready(candidate, landscape):
    return candidate


@pytest.fixture
def ann():
    return factories.user(name="ann")


@pytest.fixture
def ben():
    """Somebody who may not approve by themselves."""
    return factories.user(Role.BILLING_ANALYST, name="ben")


def lend(giver, taker, *, days=10, starts=0, **more):
    first = today() + timedelta(days=starts)
    return delegations.give(by=giver, taker=taker, starts_on=first, ends_on=first + timedelta(days=days - 1),
                            reason="Holidays", **more)  # fmt: skip


def approve(candidate, by, delegation=None):
    seen = Candidate.objects.get(pk=candidate.pk)
    return approvals.approve(
        candidate_id=seen.pk, by=by, seen_version=seen.version, seen_hash=seen.content_hash,
        delegation_id=delegation.pk if delegation else None,
    )  # fmt: skip


def test_the_holder_fills_the_seat_of_who_lent_it_and_the_record_says_so(ready, ann, ben):
    with pytest.raises(Denied, match="Only finance approvers"):
        approve(ready, ben)
    lent = lend(ann, ben)
    approve(ready, ben, lent)
    row = Approval.objects.get()
    assert (row.by, row.delegation.giver, row.matrix, row.matrix_version, row.matrix_rule) == (
        ben, ann, "billing.approvals", 0, 2,
    )  # fmt: skip
    told = Event.objects.get(action="billing.candidate.approved")
    assert (told.actor, told.data["stead"]) == ("ben", "ann")
    standing = approvals.standing(Candidate.objects.get(pk=ready.pk))
    assert (standing.counted, len(standing.missing)) == (("ann",), 1)
    assert approve(ready, factories.user()).status == "approved"


def test_one_seat_for_both(ready, ann, ben):
    lent = lend(ann, ben)
    approve(ready, ben, lent)
    with pytest.raises(Denied, match="You approved this already"):
        approve(ready, ann)
    with pytest.raises(Denied, match="You or ann approved this already"):
        approve(ready, ben, lent)
    carl = factories.user(name="carl")
    with pytest.raises(Denied, match="You or carl approved this already"):
        approve(ready, ben, lend(carl, ben))
    assert approve(ready, carl).status == "approved"


def test_neither_who_prepared_it_nor_for_who_prepared_it(landscape, ann):
    contract = money.contract_in(landscape, "C-1")
    analyst = factories.user(Role.BILLING_ANALYST)
    mine = money.ready_in(landscape, contract, by=analyst)
    with pytest.raises(Denied, match="You prepared this candidate"):
        approve(mine, analyst, lend(ann, analyst))
    hers = money.ready_in(landscape, money.contract_in(landscape, "C-2"), by=ann)
    other = factories.user(Role.BILLING_ANALYST)
    with pytest.raises(Denied, match="ann prepared this candidate, so someone else"):
        approve(hers, other, lend(ann, other))


@pytest.mark.parametrize(
    "more",
    [
        {"starts": 1},
        {"acts": ["credit"]},
        {"limit": Decimal("1199.99")},
        {"legal_entities": ["GB01"]},
    ],
)
def test_what_a_delegation_does_not_cover(ready, ann, ben, more):
    factories.legal_entity("GB01", currency="GBP", country="GB")
    User.objects.filter(pk__in=[ann.pk, ben.pk]).update(legal_entities=["US01", "GB01"])
    ann.refresh_from_db()
    ben.refresh_from_db()
    lent = lend(ann, ben, **more)
    with pytest.raises(Denied, match="does not cover approving this candidate today"):
        approve(ready, ben, lent)
    covering = lend(ann, ben, acts=["invoice"], limit=Decimal(1_000_000), legal_entities=["US01"])
    approve(ready, ben, covering)


def test_what_is_ended_or_of_another_person_counts_no_more(ready, ann, ben):
    lent = lend(ann, ben)
    with pytest.raises(Denied, match="Only who lent it and who holds it"):
        delegations.end(delegation_id=lent.pk, by=factories.user(), seen_version=1)
    with pytest.raises(Denied, match="does not cover"):
        approve(ready, factories.user(Role.PMO), lent)
    with pytest.raises(Stale):
        delegations.end(delegation_id=lent.pk, by=ann, seen_version=2)
    delegations.end(delegation_id=lent.pk, by=ann, seen_version=1)
    with pytest.raises(Denied, match="does not cover"):
        approve(ready, ben, lent)
    with pytest.raises(Denied, match="is over"):
        delegations.end(delegation_id=lent.pk, by=ann, seen_version=2)
    User.objects.filter(pk=ann.pk).update(is_active=False)
    with pytest.raises(Denied, match="does not cover"):
        approve(ready, ben, Delegation.objects.exclude(pk=lent.pk).first() or lent)


def test_who_lost_the_right_cannot_be_stood_in_for(ready, ann, ben):
    lent = lend(ann, ben)
    ann.groups.clear()
    with pytest.raises(Denied, match="Only finance approvers"):
        approve(ready, ben, lent)


def test_what_was_lent_cannot_be_lent_on(ann, ben):
    lend(ann, ben)
    with pytest.raises(Denied, match="Only those who may approve can lend"):
        lend(ben, factories.user(Role.PMO))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"days": 31}, "ends_on"),
        ({"days": 0}, "ends_on"),
        ({"days": 5, "starts": -9}, "ends_on"),
        ({"acts": ["payment"]}, "acts"),
        ({"legal_entities": ["FR01"]}, "legal_entities"),
        ({"limit": Decimal(0)}, "limit"),
    ],
)
def test_what_cannot_be_lent(candidate, ann, ben, more, field):
    with pytest.raises(BadInput) as refused:
        lend(ann, ben, **more)
    assert [problem.field for problem in refused.value.problems] == [field]
    with pytest.raises(BadInput, match="is you"):
        lend(ann, ann)


def test_the_database_keeps_the_longest_time(ann, ben):
    row = lend(ann, ben, days=30)
    with pytest.raises(IntegrityError, match="delegation_of_thirty_days"), transaction.atomic():
        Delegation.objects.filter(pk=row.pk).update(ends_on=row.ends_on + timedelta(days=1))


def test_lending_approving_and_ending_on_the_pages(ready, ann, ben):
    mine = browser(ann)
    first = today()
    form = {"taker": ben.pk, "acts": ["invoice"], "starts_on": first, "ends_on": first + timedelta(days=40),
            "reason": "Holidays"}  # fmt: skip
    give = reverse("billing:delegation-give")
    assert "Lend your right to approve" in page(mine, give)
    wrong = mine.post(give, form)
    assert wrong.status_code == 422
    assert "30 days are the most" in wrong.content.decode()
    assert mine.post(give, form | {"ends_on": first + timedelta(days=9)}).status_code == 302
    assert "ben" in assert_list(mine, reverse("billing:delegation-list"))
    theirs = browser(ben)
    url = reverse("billing:candidate-approve", args=[ready.pk])
    assert "Approve for" in page(theirs, url)
    lent = Delegation.objects.get()
    seen = {"version": ready.version, "content_hash": ready.content_hash, "delegation": lent.pk}
    assert theirs.post(url, seen).status_code == 302
    assert "ben for ann" in page(mine, reverse("billing:candidate-detail", args=[ready.pk]))
    end = reverse("billing:delegation-end", args=[lent.pk])
    assert browser(factories.user()).get(end).status_code == 404
    assert mine.post(end, {"version": 1}).status_code == 302
    assert "Ended" in page(mine, reverse("billing:delegation-list"))
    assert_needs_right(reverse("billing:delegation-list"))


def test_the_same_by_a_program(client, ready, ann, ben):
    def send(person, url, data):
        headers = {"HTTP_AUTHORIZATION": f"Bearer {factories.token(person)}", "HTTP_IDEMPOTENCY_KEY": url}
        return client.post(url, data, content_type="application/json", **headers)

    body = {"taker": "ben", "starts_on": f"{today()}", "ends_on": f"{today()}", "reason": "A day off"}
    made = send(ann, "/api/v1/delegations/", body)
    assert made.status_code == 201, made.content
    seen = {"version": ready.version, "content_hash": ready.content_hash, "delegation": made.json()["id"]}
    answer = send(ben, f"/api/v1/candidates/{ready.pk}/approve/", seen)
    assert answer.status_code == 200, answer.content
    given = answer.json()["approvals"]["decisions"]
    assert [(row["by"], row["in_stead_of"], row["matrix"]) for row in given] == [("ben", "ann", "billing.approvals")]
    assert send(ben, f"/api/v1/delegations/{made.json()['id']}/end/", {"version": 1}).status_code == 200
