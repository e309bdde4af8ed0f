"""Who may do what, as a table: every role in every state is asked, and the answer compared with its reason.

A row says which roles may, what the others are told, and what each state answers. Facets that refuse are told in the
row's order, the first one first; the whole grid is asked, so that a rule that forgets a facet somewhere is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from integration_hub.kernel.decision import ALLOW, Decision, deny
from integration_hub.people.models import Role, User
from integration_hub.people.roles import RIGHTS

HERE, ELSEWHERE = "US01", "GB01"
ALL = frozenset(Role)
HUB = "system:test"
"""A part of the system, where a rule is asked about one."""


def person(role: Role, *, entity: str = HERE, pk: int = 1, **more: Any) -> User:
    """Somebody of a role who works for one legal entity; holds the role's rights without asking the database."""
    user = User(pk=pk, username=f"{role}-{pk}", role=role, legal_entities=[entity], **more)
    user._perm_cache = set(RIGHTS[role])
    return user


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rule. `ask(by, state)` asks it; `states` are what it is asked about, with what each refuses ("" nothing)."""

    rule: Callable[..., Decision]
    ask: Callable[[Any, Any], Decision]
    may: frozenset[Role]
    others: str = ""
    states: dict[Any, str] = field(default_factory=lambda: {None: ""})
    outside: str = ""
    order: tuple[str, ...] = ("role", "state", "place")
    system: bool = False

    def __str__(self) -> str:
        return f"{self.rule.__module__}.{self.rule.__name__}"

    def differences(self) -> list[str]:
        """Where the rule answers otherwise than the table says."""
        found = []
        for role, entity, state in product(Role, (HERE, ELSEWHERE), self.states):
            said, expected = self.ask(person(role, entity=entity), state), self._expected(role, entity, state)
            if said != expected:
                found.append(f"{role} of {entity}, {state}: said {said}, expected {expected}")
        if self.system:
            for state, refusal in self.states.items():
                said, expected = self.ask(HUB, state), deny(refusal) if refusal else ALLOW
                if said != expected:
                    found.append(f"the system, {state}: said {said}, expected {expected}")
        return found

    def _expected(self, role: Role, entity: str, state: Any) -> Decision:
        refusals = {
            "role": "" if role in self.may else self.others,
            "state": self.states[state],
            "place": self.outside if entity == ELSEWHERE else "",
        }
        first = next((refusals[facet] for facet in self.order if refusals[facet]), "")
        return deny(first) if first else ALLOW
