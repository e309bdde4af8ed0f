"""Jira's and Tempo's answers as far as we rely on them. What else a record says stays with it as it came."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel


class Payload(BaseModel):
    """Anything the two send; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class Kept(BaseModel):
    """A record that is kept as it came."""

    model_config = ConfigDict(extra="allow")

    @property
    def row(self) -> dict[str, Any]:
        """All of it."""
        return self.model_dump(by_alias=True)


class Rows(RootModel[list[dict[str, Any]]]):
    """A bare list."""


class JiraPage(Payload):
    """A page of a list that is counted."""

    values: list[dict[str, Any]]
    last: bool = Field(alias="isLast")


class JiraChange(Payload):
    """A worklog that was changed or deleted, and when: milliseconds since 1970."""

    id: int = Field(alias="worklogId")
    ms: int = Field(alias="updatedTime")


class JiraChanges(Payload):
    """A page of changes, oldest first; the next one begins at `until`."""

    values: list[JiraChange]
    until: int
    last: bool = Field(alias="lastPage")


class Author(Kept):
    """A person by the only name that is safe."""

    account: str = Field(alias="accountId")


class JiraWorklog(Kept):
    """Work somebody logged on an issue."""

    id: str
    issue: str = Field(alias="issueId")
    author: Author
    started: str
    updated: str


class JiraWorklogs(RootModel[list[JiraWorklog]]):
    """Worklogs by id."""


class JiraIssueWorklogs(Payload):
    """Worklogs of an issue."""

    worklogs: list[JiraWorklog]
    total: int


class JiraIssues(Payload):
    """A page of a search. It does not say how many there are."""

    issues: list[dict[str, Any]]
    token: str = Field(default="", alias="nextPageToken")
    last: bool = Field(default=False, alias="isLast")


class JiraComplaint(Payload):
    """An error body: sentences, and others by field."""

    messages: list[str] = Field(default_factory=list, alias="errorMessages")
    errors: dict[str, Any] = Field(default_factory=dict)
    message: str = ""

    @property
    def text(self) -> str:
        """What it says, as one sentence."""
        return " ".join([*self.messages, *(str(said) for said in self.errors.values())]) or self.message


class TempoIssue(Kept):
    """Tempo knows issues by id alone."""

    id: int


class TempoWorklog(Kept):
    """The same work as Tempo has it, with what may be billed of it."""

    id: int = Field(alias="tempoWorklogId")
    issue: TempoIssue
    author: Author
    day: str = Field(alias="startDate")
    spent: int = Field(alias="timeSpentSeconds")
    billable: int = Field(alias="billableSeconds")
    description: str | None = None
    updated: str = Field(alias="updatedAt")


class TempoMetadata(Payload):
    """Where a list goes on."""

    next: str | None = None


class TempoPage(Payload):
    """A page of a list."""

    results: list[dict[str, Any]]
    metadata: TempoMetadata = Field(default_factory=TempoMetadata)


class TempoPair(Payload):
    """The two ids of a worklog."""

    jira: int = Field(alias="jiraWorklogId")
    tempo: int = Field(alias="tempoWorklogId")


class TempoPeriod(Payload):
    """Days that are approved together, the last one included."""

    first: str = Field(alias="from")
    last: str = Field(alias="to")


class TempoPeriods(Payload):
    """Periods in their order."""

    periods: list[TempoPeriod]


class TempoStatus(Payload):
    """Where a timesheet stands."""

    key: str


class TempoSheet(Payload):
    """Somebody's timesheet of a period. It carries no stamp."""

    user: Author
    status: TempoStatus


class TempoComplaint(Payload):
    """An error body, in both shapes that were seen."""

    errors: list[dict[str, Any]] = Field(default_factory=list)
    message: str = ""

    @property
    def text(self) -> str:
        """What it says."""
        return " ".join(str(error.get("message", "")) for error in self.errors).strip() or self.message
