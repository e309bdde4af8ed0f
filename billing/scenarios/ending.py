"""The verb that ends a recurring fee early: what was not served of it is credited (R26)."""

from typing import Any

from billing.actions import schedules, unserved
from billing.models import CreditReason
from billing.scenarios.crediting import give, left_of
from billing.scenarios.reading import Words
from billing.scenarios.world import DAY, World, line_of
from integration_hub.kernel.money import ZERO


def terminate(world: World, said: Words) -> dict[str, Any]:
    """Let a fee end before a day; the days that were billed and are not served are credited, invoice by invoice."""
    line = line_of(world, said.need("line"))
    line.ends_on = said.on("effective") - DAY  # `[from, to)`
    line.save()
    schedules.follow_term(contract=line.contract, by="system:scenario")
    rows = [row for row in unserved.of_contract(line.contract) if row.item.line_id == line.pk]
    given = [
        give(world, row.line.invoice, {row.line.number: row.to_credit}, reason=CreditReason.TERMINATED)
        for row in rows
        if row.to_credit
    ]
    return {
        "prorated_unused": sum((row.unserved for row in rows), ZERO),
        "credit": sum((one["net"] for one in given), ZERO),
        "tax": sum((one["tax"] for one in given), ZERO),
        "remaining_creditable": sum((left_of(invoice) for invoice in {row.line.invoice for row in rows}), ZERO),
    }
