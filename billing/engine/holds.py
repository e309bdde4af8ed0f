"""Which open holds touch a piece of work (billing.md R27): a hold changes whether, never what."""

from collections.abc import Iterable
from typing import Any

from billing.engine.values import HoldTerm, Share, Work


class HoldBook:
    """The open holds of one contract by what they are placed on."""

    def __init__(self, holds: Iterable[HoldTerm], contract_id: int) -> None:
        self._contract = ("contract", str(contract_id))
        self._billed: list[HoldTerm] = []
        self._everywhere: list[HoldTerm] = []
        self._on: dict[tuple[str, str], list[HoldTerm]] = {}
        for hold in sorted(holds, key=lambda hold: hold.id):
            if hold.scope in ("bill_to", "customer"):
                self._billed.append(hold)
                if not hold.on_payer:
                    self._everywhere.append(hold)
            else:
                self._on.setdefault((hold.scope, hold.target), []).append(hold)

    def touching(self, work: Work, line_id: int | None, shares: tuple[Share, ...] = ()) -> list[HoldTerm]:
        """The holds on an event, its milestone, project, line, contract, bill-to or customer, by id.

        Of work that payers share, those on a payer are told by `on_payer` alone: the others are billed.
        """
        if not self._on and not self._everywhere:
            return []
        targets = (
            ("event", work.work_key),
            ("milestone", str(work.milestone_id)),
            ("project", str(work.project_id)),
            ("line", str(line_id)),
            self._contract,
        )
        found = [hold for target in targets for hold in self._on.get(target, ())]
        everywhere = [hold for hold in self._everywhere if not shares or _on_all(hold, shares)]
        return sorted([*found, *everywhere], key=lambda hold: hold.id)

    def on_bill_to(self, payer: int | None) -> list[HoldTerm]:
        """The holds on a bill-to that was billed a share; none for nobody's."""
        return [hold for hold in self._billed if hold.scope == "bill_to" and hold.target == str(payer)]

    def on_payer(self, share: Share) -> list[HoldTerm]:
        """The holds on one payer, as a bill-to or as a customer, by id."""
        return [hold for hold in self._billed if _on(hold, share)]


def _on(hold: HoldTerm, share: Share) -> bool:
    return hold.target == str(share.payer_id if hold.scope == "bill_to" else share.customer_id)


def _on_all(hold: HoldTerm, shares: tuple[Share, ...]) -> bool:
    """A hold on the client stops what others pay for it too, unless the client is itself one of those who pay."""
    return hold.scope == "customer" and not any(_on(hold, share) for share in shares)


def stopping(holds: Iterable[HoldTerm]) -> tuple[str, ...]:
    """The codes that keep work out of candidates, each once, in alphabetical order."""
    return tuple(sorted({hold.code for hold in holds if hold.effect == "no_bill"}))


def told_with(told: Iterable[dict[str, Any]], holds: Iterable[HoldTerm]) -> list[dict[str, Any]]:
    """Holds told as JSON with more of them: each once, by id."""
    found = {fact["id"]: fact for fact in told} | {hold.id: hold_facts(hold) for hold in holds}
    return [found[pk] for pk in sorted(found)]


def hold_facts(hold: HoldTerm) -> dict[str, Any]:
    """A hold as JSON."""
    return {"id": hold.id, "scope": hold.scope, "target": hold.target, "code": hold.code, "effect": hold.effect}
