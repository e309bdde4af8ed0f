"""What a vendor can or cannot do, in the words of its manifest: which conformance cases a connector has to pass."""

from enum import StrEnum


class Trait(StrEnum):
    """Something most vendors have. A manifest names those that its vendor lacks, each with the reason."""

    CALLS = "is called over HTTP"
    READS = "is read from"
    WRITES = "is written to"
    STAMPS = "stamps its changes"
    ORDER = "lists its changes in their order"
    SIGNS = "signs what its webhooks say"
    DELETIONS = "tells what was deleted"
    COUNTS = "counts what it has"
    MONEY = "states amounts"
    APPROVALS = "approves time apart from the entry"
    ENUMS = "has values that an administrator maps"
    RENEWS = "issues tokens that run out"
    QUOTA = "refuses by a daily quota"
    LIES = "may say yes without having done it"
    REFUSES = "refuses records with a reason"
    AMOUNTS = "keeps amounts we write"
    WINDOWS = "closes to postings"
    PREFLIGHT = "tells beforehand whether it is closed"
    UNDO = "undoes a write by another"
