"""What is left of a contract's retainers, and on which terms, for its page."""

from datetime import date
from typing import Any

from billing import tables
from billing.engine.schedule import month_start
from billing.models import RetainerAccount, RetainerEntry
from billing.tables.retainers import amount_of, name_of
from contracts import wording
from contracts.models import Contract, ContractLine, Method
from integration_hub.console.http import Request
from integration_hub.kernel.clock import today
from integration_hub.kernel.money import ZERO, show

RETAINERS = (Method.RETAINER_HOURS, Method.RETAINER_PREPAID)


def contract_retainers(contract: Contract, request: Request) -> dict[str, Any] | None:
    """Each retainer with what is left of it now, and every movement with its cause; None where there is none."""
    lines = contract.lines.filter(method__in=RETAINERS).select_related("contract").order_by("number")
    balances = [row for line in lines for row in _left(line, month_start(today()))]
    if not balances:
        return None
    moves = RetainerEntry.objects.filter(account__line__contract=contract)
    related = moves.select_related("account__line__contract", "candidate", "event")
    return {"balances": balances, "moves": tables.RetainerMoves(related, request, name="retainers")}


def _left(line: ContractLine, month: date) -> list[tuple[str, object, str]]:
    """A prepaid balance; of an hour retainer the month of now, or the last one it has."""
    if line.method == Method.RETAINER_PREPAID:
        held = line.retainer_accounts.values_list("balance", flat=True).first() or ZERO
        return [(line.name, amount_of(RetainerAccount(line=line), held), _prepaid(line))]
    latest = line.retainer_accounts.filter(month__lte=month).order_by("-month").first()
    fresh = RetainerAccount(line=line, month=month, balance=(line.included_hours or ZERO) * 60)
    account = fresh if latest is None else latest
    account.line = line
    return [(name_of(account), amount_of(account, account.balance), _hours(line))]


def _prepaid(line: ContractLine) -> str:
    currency, words = line.contract.currency, ["pays the net" if line.taxed_when_funded else "pays the gross"]
    if line.minimum_balance is not None:
        words.append(f"topped up to {show(line.minimum_balance, currency)}")
    if line.deficit_limit:
        words.append(f"may go {show(line.deficit_limit, currency)} below nothing")
    if line.ends_on is not None:
        words.append(f"until {line.ends_on.day} {line.ends_on:%b %Y}")
    return _sentence(words)


def _hours(line: ContractLine) -> str:
    words = [f"{line.included_hours:,.2f} h a month"] if line.included_hours is not None else []
    if line.unused == "rollover":
        limit = "" if line.carry_limit_hours is None else f" up to {line.carry_limit_hours:,.2f} h"
        lasts = "a month" if line.carry_months == 1 else f"{line.carry_months} months"
        words.append(f"what is unused is carried{limit} for {lasts}")
        words += wording.carried(line)
    else:
        words.append("what is unused is forfeited")
    if line.overage == "carry_deficit":
        limit = "" if line.deficit_limit is None else f" up to {line.deficit_limit:,.2f} h"
        words.append(f"what is beyond{limit} is taken from the next month")
    else:
        words.append("what is beyond is billed")
    return _sentence(words)


def _sentence(words: list[str]) -> str:
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]}."
