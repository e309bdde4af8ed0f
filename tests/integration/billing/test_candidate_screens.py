"""The candidate's page and its decisions: what an approver sees, and what he may do with what he saw."""

from datetime import date
from decimal import Decimal

import pytest

from billing.actions import approvals, candidates, holds
from billing.models import Approval, Candidate
from contracts.models import Contract, PurchaseOrder
from integration_hub.effects.models import Effect
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from tests import factories
from tests.integration.billing.screens import DRAWER, nobody, of, outsider, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
DECISIONS = ("approve", "return", "post", "dissolve", "check")


@shared
def contract() -> Contract:
    return factories.contract_active("C-1", po_number="PO-7", po_amount="5000")


@shared
def candidate(contract: Contract) -> Candidate:
    return factories.candidate_ready(contract)


@shared
def approved(candidate: Candidate) -> Candidate:
    return factories.candidate_approved(candidate)


def page(candidate: Candidate) -> str:
    return f"/billing/candidates/{candidate.pk}/"


def seen(candidate: Candidate, **more: object) -> dict[str, object]:
    """What a form states when the page showed the candidate as it is now."""
    candidate.refresh_from_db()
    return {
        "version": candidate.version,
        "content_hash": candidate.content_hash,
        "gross": f"{candidate.gross:f}",
        "event": 0,
        **more,
    }


def decide(client, candidate: Candidate, what: str, data: dict[str, object], **more):
    return client.post(f"{page(candidate)}{what}/", data, **more)


# -- the page -----------------------------------------------------------------------------------------------------


def test_the_page_shows_what_an_approver_decides_on(candidate):
    html = text(signed_in().get(page(candidate)))
    for words in (
        "1,200.00",
        "120.00",
        "1,320.00",
        "0 of 2",
        "Is the PO valid",
        "PO PO-7",
        "3,800.00",
        "Ann Lee",
        "8.00 h",
        candidate.content_hash[:8],
        "Quoted",
        "2 more people must approve",
    ):
        assert words in html, words
    link = f"{page(candidate)}approve/?version={candidate.version}&amp;content_hash={candidate.content_hash}"
    assert link in html


def test_what_stops_it_is_on_top_with_its_owner_and_remedy(candidate):
    PurchaseOrder.objects.update(amount=Decimal(500))
    candidates.check_soon(contract_ids=[candidate.contract_id])
    drain_once()
    html = text(signed_in().get(page(candidate)))
    assert "PO PO-7 is 700.00 USD net short." in html
    assert "The order is for 500.00 USD net. 0.00 USD net is billed on it or planned by other candidates;" in html
    assert "this candidate needs 1,200.00 USD net." in html
    assert "Ask the client to raise it by 700.00 USD net at least, or to name another PO." in html
    assert "Billing analyst" in html
    assert "Over the limit:" in html
    assert "Not ready. The client will refuse it: PO used up." in html
    assert 'aria-disabled="true"' in html


def test_a_posted_candidate_shows_number_proof_and_no_decision(approved):
    invoice = factories.invoice_posted(approved, number="INV-9")
    html = text(signed_in().get(page(invoice.candidate)))
    assert "INV-9" in html
    assert "Netsuite: Invoice post" in html
    assert "/approve/" not in html
    assert "/post/" not in html


def test_a_returned_one_says_why_and_by_whom(candidate):
    client = signed_in()
    decide(client, candidate, "return", seen(candidate, reason="Phase 2 belongs elsewhere."))
    html = text(client.get(page(candidate)))
    assert "Phase 2 belongs elsewhere. Correct what it says, then check it again." in html
    assert client.person.label in html


def test_work_behind_the_lines_is_paged():
    contract = factories.contract_active("C-2")
    for day in range(1, 29):
        factories.time_entry(contract, hours="1", on=date(2026, 3, day), decide=False)
    candidate = factories.candidate_ready(contract)
    html = text(signed_in().get(page(candidate)))
    assert "25 shown, more follow" in html
    assert "work-after=" in html


def test_others_do_not_find_it(candidate):
    text(outsider().get(page(candidate)), 404)
    text(nobody().get(page(candidate)), 403)
    for what in DECISIONS:
        text(outsider().get(f"{page(candidate)}{what}/"), 404)
        text(decide(outsider(), candidate, what, seen(candidate, reason="x")), 404)


# -- asking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", DECISIONS)
def test_asking_shows_figures_and_consequence(candidate, what):
    client = signed_in()
    for answer in (client.get(f"{page(candidate)}{what}/"), client.get(f"{page(candidate)}{what}/", headers=DRAWER)):
        html = text(answer)
        assert "1,320.00" in html
        if what != "post":
            assert f'value="{candidate.content_hash}"' in html
            assert 'class="consequence"' in html
        else:
            assert "You cannot do this." in html


def test_asking_from_an_old_page_says_what_changed(candidate):
    old = f"?version={candidate.version}&content_hash={'0' * 64}&gross=99.5&event=0"
    html = text(signed_in().get(f"{page(candidate)}approve/{old}"))
    assert "It changed since you opened it." in html
    assert "gross was 99.50 USD and is 1,320.00 USD" in html
    assert "Since then:" in html
    assert 'name="content_hash"' not in html


def test_a_gross_that_is_no_number_is_no_error(candidate):
    text(signed_in().get(f"{page(candidate)}approve/?gross=abc&event=x&version=1"))


@pytest.mark.parametrize("what", DECISIONS)
def test_without_what_was_seen_nothing_happens(candidate, what):
    before = Candidate.objects.values().get(pk=candidate.pk)
    for data in ({}, {"version": candidate.version}, {"content_hash": candidate.content_hash}):
        assert "Reload the page and try again." in text(decide(signed_in(), candidate, what, data), 422)
    assert Candidate.objects.values().get(pk=candidate.pk) == before


# -- approving ----------------------------------------------------------------------------------------------------


def test_two_people_approve_and_one_posts(candidate):
    first, second = signed_in(), signed_in()
    answer = decide(first, candidate, "approve", seen(candidate), follow=True)
    assert "your approval counts" in text(answer)
    assert "1 of 2" in text(answer)
    assert "you approved this already" in text(first.get(page(candidate))).lower()
    answer = decide(second, candidate, "approve", seen(candidate), follow=True)
    assert f"{candidate.number} approved." in text(answer)
    answer = decide(first, candidate, "post", seen(candidate), follow=True)
    assert "is on its way to the ERP" in text(answer)
    assert Candidate.objects.get(pk=candidate.pk).status == "posting"
    assert Effect.objects.get(subject_id=str(candidate.pk), subject_type="billing.candidate").state == "planned"


def test_approving_in_the_drawer_redirects_the_browser(candidate):
    answer = decide(signed_in(), candidate, "approve", seen(candidate), headers=DRAWER)
    assert answer["HX-Redirect"] == page(candidate)


def test_who_prepared_it_cannot_approve_it(contract):
    fiona = factories.user(Role.FINANCE)
    candidate = factories.candidate_ready(contract, prepared_by=fiona)
    assert "someone else must approve it" in text(of(fiona).get(page(candidate)))
    html = text(decide(of(fiona), candidate, "approve", seen(candidate)), 403)
    assert "someone else must approve it" in html
    assert "Nothing was changed." in html
    assert not Approval.objects.exists()


@pytest.mark.parametrize("role", ["billing_analyst", "pmo", "delivery_lead", "integration_admin", "auditor"])
def test_other_roles_read_why_they_cannot_approve(candidate, role):
    client = signed_in(role)
    assert "Only finance approvers can approve candidates." in text(client.get(page(candidate)))
    assert "Only finance approvers" in text(decide(client, candidate, "approve", seen(candidate)), 403)
    assert not Approval.objects.exists()


def test_figures_that_moved_are_a_conflict_that_says_what_changed(candidate):
    client, old = signed_in(), seen(candidate)
    factories.time_entry(candidate.contract, hours="2", on=date(2026, 3, 9))
    factories.run_done(candidate.legal_entity, by=factories.user(Role.BILLING_ANALYST))
    assert Candidate.objects.get(pk=candidate.pk).status == "dissolved"
    html = text(decide(client, candidate, "approve", old), 409)
    assert "It changed since you opened it." in html
    assert "It is now dissolved" in html or "is now dissolved" in html
    assert "dissolved TL-US01" in html
    assert not Approval.objects.exists()


def test_reprinted_lines_are_a_conflict_with_both_totals(candidate):
    factories.time_entry(candidate.contract, hours="2", on=date(2026, 3, 9), key="test:extra:1")
    factories.run_done(candidate.legal_entity, by=factories.user(Role.BILLING_ANALYST))
    fresh = Candidate.objects.latest("pk")
    old = seen(fresh)
    event = fresh.contract.billable_events.get(work_key="test:extra:1", is_current=True)
    candidates.let_go(event_ids=[event.pk], by="system:test")
    with factories.quoting():
        drain_once()
    html = text(decide(signed_in(), fresh, "approve", old), 409)
    assert "gross was 1,650.00 USD and is 1,320.00 USD" in html
    assert "printed the lines" in html


def test_a_second_approver_with_an_old_page_is_told_that_figures_are_the_same(candidate):
    old = seen(candidate)
    decide(signed_in(), candidate, "approve", seen(candidate))
    html = text(decide(signed_in(), candidate, "approve", old), 409)
    assert "The figures are the same" in html


# -- returning, posting, dissolving, checking ----------------------------------------------------------------------


def test_returning_needs_a_reason(candidate):
    html = text(decide(signed_in(), candidate, "return", seen(candidate)), 422)
    assert "Say why: the reason is kept in the trail." in html
    assert Candidate.objects.get(pk=candidate.pk).status == "ready"


def test_posting_what_is_not_approved_is_refused(candidate):
    assert "it must be approved first" in text(decide(signed_in(), candidate, "post", seen(candidate)), 403)
    assert not Effect.objects.filter(effect_type__endswith="invoice.post").exists()


def test_posting_when_checks_moved_says_so_and_keeps_the_move(approved):
    holds.place(scope="contract", target=str(approved.contract_id), code="TAX_REVIEW", by="system:test", reason="x")
    html = text(decide(signed_in(), approved, "post", seen(approved)), 403)
    assert "Approve it again." in html
    assert Candidate.objects.get(pk=approved.pk).status == "needs_attention"


def test_posting_with_an_old_version_is_a_conflict(approved):
    stale = seen(approved) | {"version": approved.version - 1}
    assert "The figures are the same" in text(decide(signed_in(), approved, "post", stale), 409)
    assert not Effect.objects.filter(effect_type__endswith="invoice.post").exists()


def test_dissolving_frees_the_work(candidate):
    answer = decide(signed_in(), candidate, "dissolve", seen(candidate, reason="Built too early."), follow=True)
    assert "its work is billable again" in text(answer)
    assert "Dissolved" in text(answer)


@pytest.mark.parametrize("role", ["pmo", "delivery_lead", "auditor"])
def test_roles_that_do_not_prepare_cannot_dissolve_or_check(candidate, role):
    client = signed_in(role)
    for what in ("dissolve", "check"):
        text(decide(client, candidate, what, seen(candidate, reason="x")), 403)
    assert Candidate.objects.get(pk=candidate.pk).status == "ready"


def test_checking_again_is_put_to_work(candidate):
    with factories.quoting():
        drain_once()
    waiting = Item.objects.filter(kind="billing.quote", state="ready")
    assert not waiting.exists()
    answer = decide(signed_in("billing_analyst"), candidate, "check", seen(candidate), follow=True)
    assert "is being checked again" in text(answer)
    assert waiting.count() == 1


def test_an_approved_candidate_can_be_returned_and_its_approvals_lapse(approved):
    decide(signed_in(), approved, "return", seen(approved, reason="Wrong PO."))
    assert approvals.standing(Candidate.objects.get(pk=approved.pk)).counted == ()
    assert "Lapsed" in text(signed_in().get(page(approved)))
