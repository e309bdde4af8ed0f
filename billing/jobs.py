"""What lanes do for billing: each kind of item and its handler."""

from collections.abc import Sequence

from billing.actions import bulk, candidates, checks, decisions, papers, quotes, runs, write_downs
from billing.workflows import activation, agreements
from integration_hub.kernel.failures import Failed
from integration_hub.work.registry import HANDLERS, TICKS, Handler, Job, Tick


def _decide(job: Job) -> None:
    _decide_together([job])


def _decide_together(jobs: Sequence[Job]) -> None:
    contracts: dict[int, decisions.Cause] = {}
    projects: dict[int, decisions.Cause] = {}
    for job in jobs:
        cause = decisions.Cause(str(job.payload.get("caused_by", "")), job.correlation_id)
        if job.payload.get("contract"):
            contracts[int(job.payload["contract"])] = cause
        elif job.payload.get("project"):
            projects[int(job.payload["project"])] = cause
    changed = decisions.decide_contracts(causes=contracts)
    decisions.decide_projects(causes=projects)
    acts = {contract: cause.act for contract, cause in contracts.items() if changed[contract]}
    candidates.check_soon(contract_ids=list(acts), acts=acts)


def _consider(job: Job) -> None:
    activation.consider(contract_id=job.payload["contract"])


def _run(job: Job) -> None:
    runs.work(run_id=job.payload["run"])


def _run_failed(job: Job, failure: Failed) -> None:
    """The run is given up: close it with its error and step aside, so that another can start."""
    runs.fail(run_id=job.payload["run"], error=failure.message)


def _quote(job: Job) -> None:
    """Quote, then check; what the check finds unquoted only now (it was approved before) is quoted once more."""
    candidate_id = job.payload["candidate"]
    try:
        quotes.quote(candidate_id=candidate_id)
    finally:
        candidate = checks.run(candidate_id=candidate_id)
    if "TAX_MISSING" in candidate.codes:
        quotes.quote(candidate_id=candidate_id)
        checks.run(candidate_id=candidate_id)


def _check(job: Job) -> None:
    candidate = checks.run(candidate_id=job.payload["candidate"])
    if "TAX_MISSING" in candidate.codes:
        candidates.quote_soon(candidate)


def _paper(job: Job) -> None:
    papers.set_next(paper_id=job.payload["paper"])


def _paper_failed(job: Job, failure: Failed) -> None:
    papers.given_up(paper_id=job.payload["paper"], failure=failure)


def _approve_many(job: Job) -> None:
    bulk.work(bulk_id=job.payload["bulk"])


def register() -> None:
    """Fill the registries of handlers and ticks."""
    HANDLERS.register("billing.decide", Handler(_decide, title="Decide what may be billed", together=_decide_together))
    HANDLERS.register(
        "billing.consider_activation", Handler(_consider, title="See whether a contract can be activated")
    )
    HANDLERS.register(
        "billing.run",
        Handler(_run, local=False, title="Build invoice candidates", skippable=True, parked=_run_failed),
    )
    HANDLERS.register("billing.quote", Handler(_quote, local=False, title="Quote tax and check a candidate"))
    HANDLERS.register("billing.check", Handler(_check, title="Check a candidate"))
    HANDLERS.register(
        papers.KIND,
        Handler(_paper, local=False, title="Set a document as PDF", skippable=True, parked=_paper_failed),
    )
    HANDLERS.register(bulk.KIND, Handler(_approve_many, title="Approve many candidates in one act"))
    TICKS.register("billing.agreements", Tick("billing.agreements", 60, agreements.watch))
    TICKS.register("billing.postponements", Tick("billing.postponements", 300, write_downs.return_due))
