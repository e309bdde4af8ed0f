"""The verb that releases what invoices of a contract withheld."""

from decimal import Decimal

from billing.actions import retentions
from billing.models import RetentionAccount
from billing.scenarios.reading import BadScenario, Words
from billing.scenarios.running import tax_of
from billing.scenarios.settling import posted
from billing.scenarios.world import World, contract_of
from integration_hub.kernel.errors import BadInput
from integration_hub.kernel.money import ZERO


def release_retention(world: World, said: Words) -> dict[str, Decimal]:
    """All that is withheld of a contract, or an amount of it, asked for, approved and posted, by payer."""
    contract, amount, on = contract_of(world, said.need("contract")), said.number("amount"), said.day("date")
    sums = {"net": ZERO, "tax": ZERO, "due": ZERO}
    accounts = RetentionAccount.objects.filter(contract=contract).order_by("pk")
    for account in [row for row in accounts if row.left > 0]:
        try:
            asked = retentions.release(
                account_id=account.pk, by=world.person, seen_version=account.version, amount=amount, reason="scenario",
                on=on,
            )  # fmt: skip
        except BadInput as refusal:
            raise BadScenario(str(refusal)) from refusal
        candidate = posted(world, asked, tax_of(world, asked))
        for name, figure in (("net", candidate.net), ("tax", candidate.tax), ("due", candidate.gross)):
            sums[name] += figure
    return sums
