"""Verbs of what is not billed: work written off or put off by hand, and what writing off does to the books."""

from decimal import Decimal
from typing import Any

from billing.actions import write_down_approvals, write_downs
from billing.actions.write_downs import Wanted
from billing.engine.disposals import Split, TooMuch, split
from billing.models import BillableEvent, WriteDown
from billing.scenarios.happening import decide
from billing.scenarios.reading import BadScenario, Words, words
from billing.scenarios.world import World
from billing.set_aside import open_works
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.kernel.money import ZERO
from integration_hub.people.models import Role, User
from integration_hub.people.roles import give, sync


def dispose(world: World, said: Words) -> dict[str, Any]:
    """Minutes of entries are written off, put off or billed; together no more than is open. What is put off before is
    open again; where minutes are to be billed, the rest that is not named is put off.
    """
    results = []
    for values in said.rows("items"):
        with words("item", values) as item:
            results.append(_dispose(world, item))
    return {"results": results}


def _dispose(world: World, said: Words) -> str:
    key = str(said.need("entry"))
    off, later = said.number("write_off_minutes") or ZERO, said.number("postpone_minutes") or ZERO
    bill = said.number("bill_minutes")
    decide(world)
    row = BillableEvent.objects.filter(work_key=key, is_current=True).select_related("contract").first()
    if row is None or row.contract is None:
        raise BadScenario(f"There is no entry {key!r}.")
    work = open_works(row.contract, [key]).get(key)
    try:
        if work is None or work.minutes is None:
            raise TooMuch("Nothing of it is open.")
        parts = split(work.minutes, work.value, write_off=off, postpone=later, bill=bill)
    except (TooMuch, ValueError):
        return "rejected"
    _act(world, row, parts)
    return "accepted"


def _act(world: World, row: BillableEvent, parts: Split) -> None:
    """Through the actions of people: the proposal of one, approved by as many others as the matrix wants."""
    contract, key = row.contract_id or 0, row.work_key
    asker, *others = _people()
    earlier = WriteDown.objects.filter(kind="postponement", status="in_force", parts__work_key=key)
    for one in list(earlier):
        write_downs.bring_back(write_down_id=one.pk, by=asker, seen_version=one.version)
    try:
        if parts.written_off.minutes:
            proposed = write_downs.propose(
                contract_id=contract, works={key: Wanted(minutes=parts.written_off.minutes)}, reason="OVERRUN",
                note="scenario", by=asker,
            )  # fmt: skip
            _approve(proposed, others)
        if parts.postponed.minutes:
            works = {key: Wanted(minutes=parts.postponed.minutes)}
            write_downs.postpone(contract_id=contract, works=works, note="scenario", by=asker)
    except ThroughlineError as refusal:
        raise BadScenario(str(refusal)) from refusal


def _approve(row: WriteDown, others: list[User]) -> None:
    for person in others:
        if row.status == WriteDown.Status.PROPOSED:
            row = write_down_approvals.approve(
                write_down_id=row.pk, by=person, seen_version=row.version, seen_hash=row.content_hash
            )


def _people() -> list[User]:
    """One who proposes and three who approve."""
    known = list(User.objects.filter(username__startswith="scenario-finance-").order_by("username"))
    if known:
        return known
    sync()
    made = []
    for place in range(4):
        person = User.objects.create(username=f"scenario-finance-{place}", all_legal_entities=True)
        give(user=person, role=Role.FINANCE)
        made.append(User.objects.get(pk=person.pk))
    return made


def write_effects(_world: World, said: Words) -> dict[str, Any]:
    """What write-offs before and after the invoice do (R17): the first lower the price, the second are an expense."""
    earned, off = said.amount("earned"), said.number("wip_written_off") or ZERO
    billed, bad = said.number("billed"), said.number("ar_written_off") or ZERO
    value = earned - off
    if billed is None:
        billed = value
    return {
        "revenue": value,
        "wip": value - billed,
        "receivable": billed - bad,
        "bad_debt_expense": bad,
        "billing_realisation": _percent(billed, earned),
        "collection_realisation": _percent(billed - bad, billed),
    }


def _percent(part: Decimal, whole: Decimal) -> Decimal | None:
    return (part * 100 / whole).quantize(Decimal("0.01")) if whole else None
