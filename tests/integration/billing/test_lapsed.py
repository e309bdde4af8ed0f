"""Approvals that lapsed: their giver sees what moved, and only that, and approves again in one step (§5.3)."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import changes
from billing.actions import approvals, checks
from billing.models import Candidate, Decision, Piece
from tests import factories, money, vendors
from tests.screens import SCREENS, browser, page
from tests.worlds import shared

pytestmark = SCREENS


@shared
def candidate():
    with vendors.silent() as landscape:
        return money.ready_in(landscape, money.contract_in(landscape, "C-1"))


@pytest.fixture
def approved(candidate, landscape):
    """Approved by one of two people."""
    person = factories.user(name="ann")
    approvals.approve(
        candidate_id=candidate.pk, by=person, seen_version=candidate.version, seen_hash=candidate.content_hash
    )
    return Candidate.objects.get(pk=candidate.pk), person


def corrected_terms(candidate):
    candidate.contract.versions.create(number=2, effective_on=date(2026, 3, 31), reason="Rate")
    checks.run(candidate_id=candidate.pk)


def test_the_page_shows_what_moved_and_approves_again_in_one_step(approved):
    candidate, ann = approved
    url = reverse("billing:candidate-detail", args=[candidate.pk])
    assert "What moved since you approved it" not in page(browser(ann), url)
    corrected_terms(candidate)
    body = page(browser(ann), url)
    assert "What moved since you approved it" in body
    assert "Version of the contract</td>" in body
    assert body.count('data-label="You approved"') == 1, "what did not move is not shown"
    assert "What moved" not in page(browser(factories.user()), url), "another person approved nothing"
    now = Candidate.objects.get(pk=candidate.pk)
    seen = {"version": now.version, "content_hash": now.content_hash}
    answer = browser(ann).post(reverse("billing:candidate-approve", args=[candidate.pk]), seen)
    assert answer.status_code == 302
    assert "What moved since you approved it" not in page(browser(ann), url)
    assert approvals.standing(Candidate.objects.get(pk=candidate.pk)).counted == ("ann",)


def test_what_stops_it_now_is_said_beside_what_moved(approved):
    candidate, ann = approved
    before = candidate.lines.get().description
    candidate.lines.update(description="Something else")
    checks.run(candidate_id=candidate.pk)
    body = page(browser(ann), reverse("billing:candidate-detail", args=[candidate.pk]))
    assert f"{before}, " in body
    assert "Something else, " in body
    assert "Not ready." in body
    assert "Approve again" not in body


def test_an_approval_keeps_what_its_hash_is_of(approved):
    candidate, _ = approved
    row = candidate.approvals.get()
    assert row.content == checks.content(candidate)
    assert changes.between(row.content, checks.content(candidate)) == []


def test_changes_in_words():
    was = {"currency": "USD", "net": "100", "contract_version": 1, "purchase_order": "",
           "lines": [["Consultant", "2", "50", "100", "10"], ["Travel", None, None, "5", "0"]]}  # fmt: skip
    now = was | {"net": Decimal(120), "contract_version": 2, "purchase_order": "PO-2",
                 "lines": [["Consultant", "2", "60", "120", "12"]]}  # fmt: skip
    assert [tuple(row) for row in changes.between(was, now)] == [
        ("Purchase order", "", "PO-2"),
        ("Version of the contract", "1", "2"),
        ("Net", "100.00 USD", "120.00 USD"),
        ("Line 1", "Consultant, 2 h at 50: 100.00 USD and tax 10.00 USD",
         "Consultant, 2 h at 60: 120.00 USD and tax 12.00 USD"),
        ("Line 2", "Travel: 5.00 USD and tax 0.00 USD", ""),
    ]  # fmt: skip


def test_an_approval_lapses_when_other_rules_decided_the_work(approved):
    candidate, ann = approved
    work = Piece.objects.filter(candidate_line__candidate=candidate)
    Decision.objects.filter(pieces__in=work).update(rules="1999.1")
    checks.run(candidate_id=candidate.pk)
    now = Candidate.objects.get(pk=candidate.pk)
    assert (now.gross, approvals.standing(now).counted) == (candidate.gross, ())
    lapsed = changes.lapsed(now, ann)
    [moved] = changes.between(lapsed.content, checks.content(now))
    assert (moved.what, moved.now) == ("Rules", "1999.1")
