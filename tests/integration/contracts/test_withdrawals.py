"""Records of agreements that were deleted or ended in the CRM: what is unsigned goes, what binds stays and is told."""

from collections.abc import Callable

import pytest

from billing.workflows import activation, activation_steps
from contracts.models import Amendment, Contract, ContractLine, Milestone, Opportunity, RateRow
from integration_hub import canonical
from integration_hub.cases.models import Case
from integration_hub.cases.registry import KINDS
from integration_hub.processes.models import Process
from integration_hub.work.inprocess import drain_once
from tests import deals

pytestmark = pytest.mark.django_db


def open_cases(code):
    return Case.objects.filter(code=code).exclude(status="resolved")


def gone(record):
    return record.model_copy(update={"deleted": True, "version": "9"})


def refused(landscape, record):
    [receipt] = landscape.arrive("crm", gone(record))
    assert receipt.status == "refused", receipt
    assert receipt.code in {code for code, _ in KINDS}
    return receipt.code, receipt.problems[0]


RECORDS: dict[str, Callable[[], canonical.Record]] = {
    "contract": deals.contract,
    "opportunity": deals.opportunity,
    "contract_line": deals.line,
    "rate_item": deals.rate,
}


@pytest.mark.parametrize("entity", RECORDS)
def test_nothing_that_binds_vanishes_with_its_record(landscape, entity):
    deals.activated(landscape)
    code, problem = refused(landscape, RECORDS[entity]())
    assert code == "CRM_MISMATCH"
    assert problem.message == "was deleted in its source although contract C-1 is active; nothing was changed here."
    assert "Restore it in the CRM" in problem.remedy
    assert Contract.objects.get(number="C-1").status == "active"
    assert ContractLine.objects.count() == RateRow.objects.count() == 1
    assert Opportunity.objects.get().is_won


def test_an_amendment_in_force_and_an_agreed_milestone_stay_too(landscape):
    deals.activated(landscape)
    landscape.arrive("crm", deals.line(row=2, method="milestone", amount=100))
    landscape.arrive("crm", deals.term(row=2))
    changed = deals.amendment(new_rate=165)
    landscape.arrive("crm", changed)
    assert "is in force" in refused(landscape, changed)[1].message
    assert "contract C-1 is active" in refused(landscape, deals.term(row=2))[1].message
    assert Amendment.objects.get().status == "applied"
    assert Milestone.objects.get().status == "planned"


def unsigned(landscape):
    landscape.arrive("crm", deals.customer())
    landscape.arrive("crm", deals.opportunity(won=False))
    landscape.arrive("crm", deals.contract(status="in_review", signed_on=None))
    landscape.arrive("crm", deals.line(cap_amount=1000))
    landscape.arrive("crm", deals.rate())


def test_before_the_signature_lines_and_prices_go(landscape):
    unsigned(landscape)
    for record in (deals.rate(), deals.line()):
        assert landscape.arrive("crm", gone(record))[0].status == "applied"
    assert not RateRow.objects.exists()
    assert not ContractLine.objects.exists()
    assert landscape.arrive("crm", gone(deals.line()))[0].status == "applied", "what is gone may go again"


def test_a_line_that_still_has_milestones_says_so(landscape):
    unsigned(landscape)
    landscape.arrive("crm", deals.line(row=2, method="milestone", amount=100))
    landscape.arrive("crm", deals.term(row=2))
    assert refused(landscape, deals.line(row=2))[1].message == "was deleted in its source and still has milestones."
    landscape.arrive("crm", gone(deals.term(row=2)))
    assert Milestone.objects.get().status == "cancelled"


def test_before_the_signature_contract_deal_and_amendment_are_dropped(landscape):
    unsigned(landscape)
    change = deals.amendment(status="draft", signed_on=None, new_rate=165)
    landscape.arrive("crm", change)
    for record in (change, deals.contract(), deals.opportunity()):
        assert landscape.arrive("crm", gone(record))[0].status == "applied"
    assert Amendment.objects.get().status == "void"
    assert Contract.objects.get().status == "terminated"
    assert not Contract.objects.get().versions.exists()
    assert Opportunity.objects.get().is_closed
    assert not Opportunity.objects.get().is_won
    drain_once()
    assert not Process.objects.exists()


def test_what_has_ended_may_be_deleted(landscape):
    deals.activated(landscape)
    landscape.arrive("crm", deals.contract(status="terminated", version="2"))
    assert Contract.objects.get().status == "terminated"
    for record in (deals.contract(), deals.line(), deals.rate(), deals.opportunity()):
        assert landscape.arrive("crm", gone(record))[0].status == "applied"
    assert ContractLine.objects.exists(), "what was billed under it keeps its terms"


def test_a_terminated_contract_is_not_signed_again_silently(landscape):
    deals.activated(landscape)
    landscape.arrive("crm", deals.contract(status="terminated", version="2"))
    [receipt] = landscape.arrive("crm", deals.contract(version="3"))
    assert receipt.status == "refused"
    assert "although the contract was terminated" in receipt.problems[0].message
    assert Contract.objects.get().status == "terminated"


# --- terminated before it was active --------------------------------------------------------------------------------


def test_terminated_before_activation_it_is_never_activated(landscape):
    deals.master_data(landscape, "CUST-1")
    landscape.arrive("crm", deals.customer())
    landscape.arrive("crm", deals.opportunity())
    landscape.arrive("crm", deals.contract())
    landscape.arrive("crm", deals.contract(status="terminated", version="2"))
    landscape.arrive("crm", deals.line())
    landscape.arrive("crm", deals.rate())
    drain_once()
    assert Contract.objects.get().status == "terminated"
    assert not Process.objects.exists()
    assert not landscape.psa.sent


def test_an_activation_that_waits_is_undone_when_its_contract_is_terminated(landscape):
    deals.master_data(landscape)
    deals.sign(landscape)
    drain_once()
    assert deals.process().state == Process.State.WAITING
    landscape.arrive("crm", deals.contract(status="terminated", version="2"))
    drain_once()
    assert deals.process().state == Process.State.UNDONE
    assert deals.process().failure == activation_steps.TERMINATED
    assert Contract.objects.get().status == "terminated"
    assert not open_cases("PROCESS_FAILED"), "nobody needs to start it again"


def test_what_an_activation_made_elsewhere_is_taken_back(landscape, monkeypatch):
    """The termination comes while the ERP is asked for the job."""
    deals.master_data(landscape, "CUST-1")
    deals.sign(landscape)
    send = type(landscape.erp).send

    def terminated_meanwhile(self, *args, **kwargs):
        if self is landscape.erp and Contract.objects.get().status == "signed":
            landscape.arrive("crm", deals.contract(status="terminated", version="2"))
        return send(self, *args, **kwargs)

    monkeypatch.setattr(type(landscape.erp), "send", terminated_meanwhile)
    drain_once()
    assert deals.process().state == Process.State.UNDONE
    assert [write.payload["reference"] for write in landscape.psa.writes("project.archive")] == ["C-1"]
    assert landscape.erp.writes("job.inactivate")
    assert Contract.objects.get().status == "terminated"


def test_terminated_at_the_very_end_somebody_is_told(landscape):
    contract = deals.activated(landscape)
    Contract.objects.filter(pk=contract.pk).update(status="terminated")
    activation.DEFINITION.finished(deals.process())
    [case] = open_cases("PROCESS_FAILED")
    assert "terminated while it was activated" in case.title
    assert "inactivate its job in the ERP" in case.remedy
