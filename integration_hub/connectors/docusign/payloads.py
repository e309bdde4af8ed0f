"""Docusign's answers as far as we rely on them. Every scalar is a text, numbers and booleans too."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class DocusignPayload(BaseModel):
    """Anything Docusign sends; it may always carry more."""

    model_config = ConfigDict(extra="ignore")


class DocusignPage(DocusignPayload):
    """One page of envelopes; an empty one has no list."""

    startPosition: int
    totalSetSize: int
    envelopes: list[dict[str, Any]] = Field(default_factory=list)


class DocusignField(DocusignPayload):
    """A text that the sender put on an envelope."""

    fieldId: str = ""
    name: str
    value: str = ""


class DocusignFields(DocusignPayload):
    """The custom fields of an envelope."""

    textCustomFields: list[DocusignField] = Field(default_factory=list)
    listCustomFields: list[DocusignField] = Field(default_factory=list)


class DocusignEnvelope(DocusignPayload):
    """What every envelope of a list has; custom fields because they are asked for."""

    envelopeId: str
    lastModifiedDateTime: str
    statusChangedDateTime: str
    customFields: DocusignFields


class DocusignComplaint(DocusignPayload):
    """One complaint."""

    errorCode: str = ""
    message: str = ""


class DocusignAccount(DocusignPayload):
    """An account of the user, and where it is kept."""

    account_id: str
    base_uri: str
    account_name: str = ""
    is_default: bool = False


class DocusignUser(DocusignPayload):
    """Who signed in."""

    name: str = ""
    accounts: list[DocusignAccount] = Field(default_factory=list)
