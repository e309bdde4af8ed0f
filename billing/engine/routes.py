"""Where work of one shape goes and what it costs, found once for a stretch of days."""

from typing import Any

from billing.engine.eligibility import Place
from billing.engine.expenses import stated_method
from billing.engine.moulds import Moulds
from billing.engine.notation import Part
from billing.engine.rates import RateAnswer
from billing.engine.values import Work


class Route:
    """What is the same for all work of one shape in one stretch of days: where it belongs and what an hour costs.

    `moulds` are for work of it that nothing else decides; None where something may.
    """

    __slots__ = ("charge", "code", "moulds", "parts", "place", "rate")

    def __init__(
        self, code: str, place: Place, charge: str, rate: RateAnswer | None, parts: dict[str, Part],
        moulds: Moulds | None,
    ) -> None:  # fmt: skip
        self.code = code
        self.charge = charge
        self.place = place
        self.rate = rate
        self.parts = parts
        self.moulds = moulds


TOLD_AS = {"progress": "milestone"}
"""A step of progress is a milestone. A table that was published before there was progress would charge the time of such
a line by its last rule, beside its price."""


def charge_facts(work: Work, role: str, place: Place) -> dict[str, Any]:
    """What the table of chargeability is asked about a work."""
    line = place.line
    return {
        "kind": work.kind,
        "source_charges": work.chargeable,
        "agreed": place.chargeability,
        "method": TOLD_AS.get(line.method, line.method) if line else "",
        "expense_rule": stated_method(line, work.category) if line else "",
        "role": role,
        "task": work.task_code,
        "category": work.category,
        "resource": work.resource,
        "service_date": work.service_date.isoformat(),
    }
