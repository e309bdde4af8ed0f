"""A rule answers yes, or no with a reason; the same answer drives button, API error and the action's own guard."""

from dataclasses import dataclass

from integration_hub.kernel.errors import Denied


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether something may happen and, when it may not, why in the user's words."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def or_raise(self) -> None:
        """Raise `Denied` with the reason unless allowed."""
        if not self.allowed:
            raise Denied(self.reason)


ALLOW = Decision(True)


def deny(reason: str) -> Decision:
    """A refusal with the reason a user reads."""
    return Decision(False, reason)
