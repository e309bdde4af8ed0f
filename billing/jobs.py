"""What lanes do for billing: each kind of item and its handler."""

from billing.actions import candidates, checks, decisions, quotes, runs
from billing.workflows import activation
from integration_hub.kernel.failures import Failed
from integration_hub.work.registry import HANDLERS, Handler, Job


def _decide(job: Job) -> None:
    caused_by = str(job.payload.get("caused_by", ""))
    if job.payload.get("contract"):
        if decisions.decide_contract(contract_id=job.payload["contract"], caused_by=caused_by):
            candidates.check_soon(contract_id=job.payload["contract"])
    elif job.payload.get("project"):
        decisions.decide_project(project_id=job.payload["project"], caused_by=caused_by)


def _consider(job: Job) -> None:
    activation.consider(contract_id=job.payload["contract"])


def _run(job: Job) -> None:
    runs.build(run_id=job.payload["run"])


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


def register() -> None:
    """Fill the registry of handlers."""
    HANDLERS.register("billing.decide", Handler(_decide, title="Decide what may be billed"))
    HANDLERS.register(
        "billing.consider_activation", Handler(_consider, title="See whether a contract can be activated")
    )
    HANDLERS.register(
        "billing.run", Handler(_run, title="Build invoice candidates", skippable=True, parked=_run_failed)
    )
    HANDLERS.register("billing.quote", Handler(_quote, local=False, title="Quote tax and check a candidate"))
    HANDLERS.register("billing.check", Handler(_check, title="Check a candidate"))
