"""Which open holds touch a piece of work (billing.md R27): a hold changes whether, never what."""

from collections.abc import Iterable
from typing import Any

from billing.engine.values import HoldTerm, Work


class HoldBook:
    """The open holds of one contract by what they are placed on."""

    def __init__(self, holds: Iterable[HoldTerm], contract_id: int) -> None:
        self._contract = ("contract", str(contract_id))
        self._everywhere: list[HoldTerm] = []
        self._on: dict[tuple[str, str], list[HoldTerm]] = {}
        for hold in sorted(holds, key=lambda hold: hold.id):
            if hold.scope in ("bill_to", "customer"):
                self._everywhere.append(hold)
            else:
                self._on.setdefault((hold.scope, hold.target), []).append(hold)

    def touching(self, work: Work, line_id: int | None) -> list[HoldTerm]:
        """The holds on an event, its milestone, project, line, contract, bill-to or customer, by id."""
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
        return sorted([*found, *self._everywhere], key=lambda hold: hold.id)


def stopping(holds: Iterable[HoldTerm]) -> tuple[str, ...]:
    """The codes that keep work out of candidates, each once, in alphabetical order."""
    return tuple(sorted({hold.code for hold in holds if hold.effect == "no_bill"}))


def hold_facts(hold: HoldTerm) -> dict[str, Any]:
    """A hold as JSON."""
    return {"id": hold.id, "scope": hold.scope, "target": hold.target, "code": hold.code, "effect": hold.effect}
