"""Late work on an invoice of its own, where that is agreed (R10, `late_policy: supplemental`)."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from billing.actions.sending import payload_of
from billing.models import Candidate, Piece
from billing.papers.figures import document
from contracts.wording import of_policy
from tests import factories, money
from tests.integration.billing.screens import signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
APRIL, MAY = date(2026, 4, 30), date(2026, 5, 31)
LATE, NEW = date(2026, 3, 30), date(2026, 4, 7)


def billed(landscape, **policy):
    """A contract whose March is invoiced: 4 hours at 150."""
    contract = money.contract_in(landscape, "C-1", policy=policy)
    factories.time_entry(contract, hours="4")
    money.posted_in(landscape, money.ready_in(landscape, contract, hours=""))
    return contract


def built(landscape, through=APRIL):
    """(whether supplemental, net) of the invoices of a run, by number."""
    run = money.run_in(landscape, through=through)
    return list(run.candidates.order_by("number").values_list("is_supplemental", "net"))


def test_late_work_goes_on_an_invoice_of_its_own(landscape):
    contract = billed(landscape, late_policy="supplemental")
    factories.time_entry(contract, hours="2", on=LATE)
    factories.time_entry(contract, hours="3", on=NEW)
    assert built(landscape) == [(False, 450), (True, 300)]
    regular, own = Candidate.objects.filter(status="ready").order_by("number")
    assert own.number == f"{regular.number}-S"
    assert payload_of(own)["memo"] == f"C-1 {contract.name}, prior period, work through 2026-04-30"
    assert payload_of(regular)["memo"] == f"C-1 {contract.name}"
    assert (document(own)["reason"], document(regular)["reason"]) == ("Late work of a prior period", "")
    assert ("Late work", "On an invoice of its own, once an invoice covered its day") in list(of_policy(contract))


def test_without_the_agreement_it_goes_on_the_next_invoice(landscape):
    contract = billed(landscape)
    factories.time_entry(contract, hours="2", on=LATE)
    factories.time_entry(contract, hours="3", on=NEW)
    assert built(landscape) == [(False, 750)]


def test_running_again_makes_the_same_two(landscape):
    contract = billed(landscape, late_policy="supplemental")
    factories.time_entry(contract, hours="2", on=LATE)
    factories.time_entry(contract, hours="3", on=NEW)
    assert built(landscape) == built(landscape)
    assert Piece.objects.filter(state="reserved").count() == 2


def test_a_supplemental_invoice_covers_no_further_day(landscape):
    """April's own work is no late work because a supplemental invoice of an April run went out before it."""
    contract = billed(landscape, late_policy="supplemental")
    factories.time_entry(contract, hours="2", on=LATE)
    assert built(landscape) == [(True, 300)]
    money.posted_in(landscape, Candidate.objects.get(is_supplemental=True))
    factories.time_entry(contract, hours="3", on=NEW)
    assert built(landscape, MAY) == [(False, 450)]


def test_what_is_not_posted_yet_takes_late_work_in(landscape):
    contract = money.contract_in(landscape, "C-1", policy={"late_policy": "supplemental"})
    money.ready_in(landscape, contract, hours="4")
    factories.time_entry(contract, hours="2", on=LATE)
    assert built(landscape) == [(False, 900)]


def test_only_an_invoice_is_supplemental(landscape):
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-1"))
    candidate.kind, candidate.net, candidate.tax, candidate.gross = "credit_memo", -1, 0, -1
    candidate.is_supplemental = True
    with pytest.raises(IntegrityError, match="candidate_supplemental_is_an_invoice"), transaction.atomic():
        candidate.save()


def test_screens_call_it_by_its_name(landscape):
    contract = billed(landscape, late_policy="supplemental")
    factories.time_entry(contract, hours="2", on=LATE)
    built(landscape)
    own = Candidate.objects.get(is_supplemental=True)
    assert "Supplemental invoice" in text(signed_in().get(f"/billing/candidates/{own.pk}/"))
    assert "Supplemental invoice" in text(signed_in().get("/billing/candidates/?is_supplemental=true"))
    assert own.number not in text(signed_in().get("/billing/candidates/?is_supplemental=false"))
