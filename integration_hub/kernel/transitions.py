"""Status moves through one declared table; the diagrams in docs/states are generated from it."""

from dataclasses import dataclass

from integration_hub.kernel.errors import NotReady

ALL: "list[Transitions]" = []


@dataclass(frozen=True)
class Transitions:
    """Allowed moves of one noun: `{from: {to: what triggers it}}`; states without moves are terminal."""

    noun: str
    moves: dict[str, dict[str, str]]
    initial: str = ""

    def __post_init__(self) -> None:
        ALL.append(self)

    def allows(self, current: str, new: str) -> bool:
        """Whether the move is in the table."""
        return new in self.moves.get(current, {})

    def check(self, current: str, new: str) -> None:
        """Raise `NotReady` unless the move is in the table."""
        if not self.allows(current, new):
            onward = ", ".join(sorted(self.moves.get(current, {}))) or "nothing: it is final"
            raise NotReady(f"A {self.noun} that is {current} cannot become {new}. It can become: {onward}.")

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2"]
        if self.initial:
            lines.append(f"    [*] --> {self.initial}")
        for source, targets in self.moves.items():
            lines.extend(f"    {source} --> {target}: {trigger}" for target, trigger in targets.items())
            if not targets:
                lines.append(f"    {source} --> [*]")
        return "\n".join(lines)
