"""What a rehearsal found: counts of items, effects and faults, and the seven invariants."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from integration_hub.operations.rehearsal.checker import SHOWN, Finding
from integration_hub.operations.rehearsal.faults import BY_NAME


@dataclass(slots=True)
class SeedResult:
    """One seed."""

    seed: int
    items: int
    effects: int
    records: int
    faults: Counter[str]
    findings: list[Finding]
    fault_seconds: float
    drain_seconds: float
    fenced: int = 0
    """Writes of workers that came back to a lane which was no longer theirs, and were refused."""
    notes: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        """In one line, for who watches."""
        times = f"{self.fault_seconds:.1f} s under faults, drained in {self.drain_seconds:.1f} s"
        return f"seed {self.seed}: {self.faults.total()} faults, {times}, {self.violations} violations"

    @property
    def violations(self) -> int:
        """How many violations of any invariant."""
        return sum(len(finding.violations) for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """All seeds of a rehearsal."""

    command: str
    results: Sequence[SeedResult]
    seconds: float

    @property
    def violations(self) -> int:
        """Violations in all."""
        return sum(result.violations for result in self.results)

    @property
    def faults(self) -> Counter[str]:
        """Injected faults by kind."""
        total: Counter[str] = Counter()
        for result in self.results:
            total.update(result.faults)
        return total

    def as_json(self) -> str:
        """For programs."""
        return json.dumps(
            {
                "command": self.command,
                "seconds": round(self.seconds, 1),
                "seeds": [result.seed for result in self.results],
                **self._sums(),
                "faults": {name: count for name, count in sorted(self.faults.items()) if count},
                "faults_in_all": self.faults.total(),
                "invariants": [
                    {
                        "invariant": first.invariant,
                        "says": first.says,
                        "checked": sum(finding.checked for finding in members),
                        "violations": sum(len(finding.violations) for finding in members),
                        "examples": [text for finding in members for text in finding.violations][:SHOWN],
                    }
                    for first, members in self._by_invariant()
                ],
                "violations": self.violations,
                "by_seed": [_plain(result) for result in self.results],
            },
            indent=2,
        )

    def as_text(self) -> str:
        """For people."""
        sums = self._sums()
        amounts = f"{sums['items']:,} items, {sums['effects']:,} effects, {sums['records']:,} records"
        took = f"{self.faults.total():,} faults in {self.seconds:,.0f} s"
        lines = ["", f"{len(self.results)} seeds, {amounts}, {took}", "", "Faults"]
        lines += [
            f"  {count:>7,}  {name:<20}{BY_NAME[name].does}" for name, count in self.faults.most_common() if count
        ]
        lines += [f"  {sums['fenced']:>7,}  stale writes refused", "", "Invariants"]
        for first, members in self._by_invariant():
            wrong = [text for finding in members for text in finding.violations]
            checked = sum(finding.checked for finding in members)
            lines.append(f"  {first.invariant}  {checked:>9,} checked {len(wrong):>5,} violations  {first.says}")
            lines += [f"        {text}" for text in wrong[:SHOWN]]
        return "\n".join(lines)

    def _sums(self) -> dict[str, int]:
        return {
            name: sum(getattr(result, name) for result in self.results)
            for name in ("items", "effects", "records", "fenced")
        }

    def _by_invariant(self) -> list[tuple[Finding, list[Finding]]]:
        grouped: dict[str, list[Finding]] = {}
        for result in self.results:
            for finding in result.findings:
                grouped.setdefault(finding.invariant, []).append(finding)
        return [(members[0], members) for members in grouped.values()]


def _plain(result: SeedResult) -> dict[str, object]:
    return {
        "seed": result.seed,
        "items": result.items,
        "effects": result.effects,
        "records": result.records,
        "faults": result.faults.total(),
        "fenced": result.fenced,
        "violations": result.violations,
        "fault_seconds": round(result.fault_seconds, 1),
        "drain_seconds": round(result.drain_seconds, 1),
        "notes": result.notes,
    }
