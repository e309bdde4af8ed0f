"""What a trace tells of terms, work and route: plain JSON, numbers as exact text."""

from datetime import date

from billing.engine.eligibility import Place
from billing.engine.notation import maybe, plain
from billing.engine.rates import RateAnswer
from billing.engine.values import Disposal, Terms, Work
from integration_hub.kernel.money import Quote


def quoted(quote: Quote) -> dict[str, object]:
    """An exchange rate as it was quoted."""
    return {"rate": plain(quote.rate), "date": quote.on.isoformat(), "divides": quote.divides}


def contract_facts(terms: Terms) -> dict[str, object]:
    """The contract and the version it is decided under."""
    return {
        "id": terms.contract_id,
        "version": terms.version,
        "rules": terms.rules_version,
        "currency": terms.currency,
        "status": terms.status,
        "signed_on": _day(terms.signed_on),
        "starts_on": _day(terms.starts_on),
        "ends_on": _day(terms.ends_on),
        "rate_precedence": terms.rate_precedence,
        **({"rate_order": list(terms.rate_order)} if terms.rate_order else {}),
    }


def work_facts(work: Work) -> dict[str, object]:
    """What was delivered, how much of it is locked, and which posted pieces were compared with it."""
    billed: dict[str, object] = {"billed": [part.piece_id for part in work.billed]} if work.billed else {}
    if adjusted := {str(part.piece_id): plain(part.adjusted) for part in work.billed if part.adjusted}:
        billed["adjusted"] = adjusted
        billed["moving"] = [part.piece_id for part in work.billed if part.moving]
    withdrawn = {"withdrawn": True} if work.withdrawn else {}
    return {
        **billed,
        **withdrawn,
        "event": work.event_id,
        "work_key": work.work_key,
        "milestone": work.milestone_id,
        "service_date": work.service_date.isoformat(),
        "start_order": work.start_order,
        "minutes": maybe(work.minutes),
        **({"quantity": plain(work.quantity)} if work.quantity is not None else {}),
        **({"taxed": True} if work.taxed else {}),
        "amount": maybe(work.amount),
        "currency": work.currency,
        "approval": work.approval,
        "chargeable": work.chargeable,
        "evidence": work.evidence,
        "fx": quoted(work.fx) if work.fx else None,
        "locked_minutes": plain(work.locked_minutes),
        "locked_amount": plain(work.locked_amount),
        **(
            {"locked_by": [[who, plain(some), plain(much)] for who, some, much in work.locked_by]}
            if work.locked_by
            else {}
        ),
        **({"disposals": list(map(_disposal, work.disposals))} if work.disposals else {}),
    }


def _disposal(one: Disposal) -> list[object]:
    return [one.id, one.state, maybe(one.minutes), maybe(one.rate), maybe(one.amount)]


def filing(work: Work, role: str) -> dict[str, object]:
    """What decides where work belongs and what it costs."""
    return {
        "kind": work.kind,
        "project": work.project_id,
        "line": work.line_id,
        "resource": work.resource,
        "role": role,
        "role_from": "entry" if work.role else "resource" if role else None,
        "task": work.task_code,
        "category": work.category,
    }


def place_facts(place: Place) -> dict[str, object]:
    """Which line takes it, and which were considered."""
    return {
        "how": place.how,
        "line": place.line.id if place.line else None,
        "method": place.line.method if place.line else None,
        "chargeability": place.chargeability,
        "code": place.code,
        "considered": list(place.considered),
    }


def rate_facts(rate: RateAnswer) -> dict[str, object]:
    """Which price applies, and which were considered."""
    return {
        "row": rate.row.id if rate.row else None,
        "hourly": maybe(rate.hourly),
        "from": "row" if rate.row else "overage rate of the line" if rate.hourly is not None else None,
        "code": rate.code,
        **({"converted": quoted(rate.quote)} if rate.quote else {}),
        "considered": list(rate.considered),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
