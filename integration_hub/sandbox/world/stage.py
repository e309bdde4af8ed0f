"""The stage: the world, the vendors it is played at, the hub, and the mark of how far the play has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .hub import Hub
from .model import World
from .vendors.control import Control
from .vendors.kantata import Kantata
from .vendors.netsuite import NetSuite
from .vendors.salesforce import Salesforce

SERVICE = "throughline"
"""The service name under which the hub stores its references in Kantata."""

Progress = Callable[[str, int, int], None]
Settle = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LandscapeUrls:
    """Base addresses of a running landscape."""

    salesforce: str
    kantata: str
    netsuite: str
    control: str

    @classmethod
    def of(cls, urls: Mapping[str, Any]) -> LandscapeUrls:
        """From the line a landscape prints when it listens (`Landscape.urls`)."""
        return cls(**{name: str(urls[name]) for name in ("salesforce", "kantata", "netsuite", "control")})


@dataclass(frozen=True, slots=True)
class Project:
    """A project in the PSA: the stories by contract line number, and those of milestones by title."""

    workspace_id: str
    stories: Mapping[int, str]
    milestones: Mapping[str, str]


@dataclass
class Stage:
    """Everything an act needs."""

    world: World
    salesforce: Salesforce
    kantata: Kantata
    netsuite: NetSuite
    control: Control
    hub: Hub
    settle: Settle
    notes: list[str] = field(default_factory=list)
    written: dict[str, int] = field(default_factory=dict)

    def note(self, text: str) -> None:
        """Something a person should know; the play goes on."""
        self.notes.append(text)

    def count(self, what: str, number: int) -> None:
        """Remember how many records of a kind this start of the play wrote."""
        self.written[what] = self.written.get(what, 0) + number

    def close(self) -> None:
        for client in (self.salesforce, self.kantata, self.netsuite, self.control):
            client.close()

    # -- finding things again --------------------------------------------------------------------------------------

    def contract_numbers(self) -> dict[str, str]:
        """Contract key → the number the CRM gave it; only contracts that exist there."""
        by_name = {contract.name: contract.key for contract in self.world.contracts}
        rows = self.salesforce.query("SELECT Id, Name, ContractNumber FROM Contract")
        return {by_name[row["Name"]]: row["ContractNumber"] for row in rows if row["Name"] in by_name}

    def users(self) -> dict[str, str]:
        """Person key → user id in the PSA."""
        by_email = {person.email: person.key for person in self.world.people}
        rows = self.kantata.rows("users", order="created_at:asc")
        return {by_email[row["email_address"]]: row["id"] for row in rows if row["email_address"] in by_email}

    def projects(self) -> dict[str, Project]:
        """Contract key → its project, for contracts whose activation made one."""
        workspaces = self.kantata.referenced("Workspace", SERVICE)
        alive = {row["id"] for row in self.kantata.rows("workspaces", order="created_at:asc")}
        numbers = self.contract_numbers()
        found = {key: workspaces[number] for key, number in numbers.items() if workspaces.get(number) in alive}
        stories: dict[str, list[dict[str, Any]]] = {}
        if found:
            listed = self.kantata.rows("stories", workspace_ids=",".join(found.values()), order="created_at:asc")
            for story in listed:
                stories.setdefault(story["workspace_id"], []).append(story)
        return {key: self._project(key, workspace, stories.get(workspace, [])) for key, workspace in found.items()}

    def _project(self, key: str, workspace: str, stories: list[dict[str, Any]]) -> Project:
        """A line's story carries the line's name; work on a line without one goes to the project as such."""
        titles = {story["title"]: story["id"] for story in stories if story["story_type"] != "milestone"}
        lines = {}
        for line in self.world.contract(key).lines:
            title = line.name if line.name in titles else next((t for t in titles if line.name in t), None)
            if title is not None:
                lines[line.number] = titles[title]
        milestones = {story["title"]: story["id"] for story in stories if story["story_type"] == "milestone"}
        return Project(workspace, lines, milestones)
