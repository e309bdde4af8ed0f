"""Reimbursements as people and programs meet them: pages, scope, the two decisions, the trace."""

from decimal import Decimal

import pytest

from billing.models import BillableEvent
from contracts.models import LegalEntity
from costs.models import Reimbursement
from integration_hub.trail.lineage import walk
from tests import factories, money, screens, vendors
from tests.integration.api.conftest import Caller, problem
from tests.integration.billing.screens import outsider, signed_in, text
from tests.integration.costs import spending
from tests.integration.costs.spending import expense, pays, post, spend
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
LIST = "/costs/reimbursements/"
MARCH = {"legal_entity": "US01", "through": "2026-03-31"}


@shared
def contract():
    """Two reports of Ann's are to be posted, one of them without a receipt."""
    with vendors.silent() as landscape:
        there = spending.known(landscape, money.contract_in(landscape, "C-1"))
        LegalEntity.objects.update(receipt_above=Decimal(50))
        spend(landscape, expense("E-1"), expense("E-2", report_id="R-2", has_receipt=False))
        return there


def of(report):
    return Reimbursement.objects.get(report=report)


def test_the_list_sums_up_by_state_and_shows_only_ones_own_legal_entities(contract):
    page = screens.assert_list(signed_in(), LIST)
    assert "240.00" in page
    assert "Ann Lee" in page
    assert "Ann Lee" not in text(outsider().get(LIST))
    assert outsider().get(f"{LIST}{of('R-1').pk}/").status_code == 404
    screens.assert_needs_right(LIST)


def test_one_accepts_and_another_posts(contract, landscape):
    row = of("R-2")
    at = f"{LIST}{row.pk}/"
    one, other = signed_in(), signed_in()
    assert "has no receipt" in text(one.get(at))
    assert one.post(f"{at}post/", {"version": row.version}).status_code == 403
    assert one.post(f"{at}accept/", {"version": row.version, "reason": "lost at the hotel"}).status_code == 302
    assert one.post(f"{at}post/", {"version": row.version + 1}).status_code == 403
    assert other.post(f"{at}post/", {"version": row.version}).status_code == 409, "not what is there now"
    assert other.post(f"{at}post/", {"version": row.version + 1}).status_code == 302
    assert "lost at the hotel" in text(other.get(at))


def test_posting_all_leaves_what_is_stopped(contract, landscape):
    assert signed_in().post(f"{LIST}post/", MARCH).status_code == 302
    assert (of("R-1").status, of("R-2").status) == ("posting", "due")


def test_programs_read_accept_and_post(contract, landscape):
    caller = Caller(factories.user())
    [found] = caller.rows("reimbursements/", report="R-2")
    assert (found["amount"], found["status"], found["expenses"][0]["has_receipt"]) == ("120.00", "due", False)
    at, seen = f"reimbursements/{found['id']}/", {"version": found["version"]}
    problem(caller.post(f"{at}post/", seen), 403)
    accepted = caller.post(f"{at}accept/", {**seen, "reason": "lost"}).json()
    assert accepted["accepted_because"] == "lost"
    assert [row["report"] for row in caller.post("reimbursements/", MARCH).json()] == ["R-1"]
    posted = Caller(factories.user()).post(f"{at}post/", {"version": accepted["version"]}).json()
    assert posted["status"] == "posting"


def test_the_trace_shows_where_an_expense_went_and_back(contract, landscape):
    row = pays(landscape, post(of("R-1")), "120")
    work = BillableEvent.objects.get(work_key=row.items.get().claim.work_key)
    kinds = {kind for kind, _ in walk(("event", str(work.pk)), depth=5).nodes}
    assert {"reimbursement", "reimbursement_journal", "effect"} <= kinds
    journal = row.journals.get()
    assert ("event", str(work.pk)) in walk(("reimbursement_journal", str(journal.pk)), depth=3).nodes
    assert row.number in text(signed_in().get(f"{LIST}?q={journal.number[:-2]}&status=told"))
