"""The exceptions intake can raise: what finance would call them, whose they are, when they close."""

from integration_hub.cases.registry import KINDS, Asked, CaseKind, Suggestion
from integration_hub.intake import conditions, troubles
from integration_hub.people.models import Role

ADMIN, FINANCE = str(Role.INTEGRATION_ADMIN), str(Role.FINANCE)


def _about_versions(code: str, title: str, severity: int, closes_when: str, *suggestions: str) -> CaseKind:
    """A kind whose members are source versions: it holds while one is unresolved, and can take them again."""
    return CaseKind(
        code,
        title,
        ADMIN,
        severity,
        closes_when,
        tuple(Suggestion(label) for label in suggestions),
        still_holds=troubles.still_troubled(code),
        retry=None if code == troubles.SOURCE_CONFLICT else troubles.retry(code),
    )


def _plain(
    code: str,
    title: str,
    owner: str,
    severity: int,
    closes_when: str,
    *suggestions: str,
    still_holds: Asked | None = None,
) -> CaseKind:
    acts = tuple(Suggestion(label) for label in suggestions)
    return CaseKind(code, title, owner, severity, closes_when, acts, still_holds=still_holds)


CASE_KINDS = (
    _about_versions(
        troubles.VALUE_UNMAPPED,
        "A value has no mapping",
        3,
        "the value is mapped and the records are applied",
        "Map the value",
        "Correct it in the source",
    ),
    _about_versions(
        troubles.RECORD_REFUSED,
        "A record was refused",
        3,
        "a corrected version of every record is applied",
        "Correct the record in its source",
        "Change the mapping",
    ),
    _about_versions(
        troubles.DRIFT,
        "A field is not what it always was",
        1,
        "the records are taken, by another mapping or because it is right",
        "Change the mapping",
        "Say that it is right as it is now",
        "Have it put right in the source",
    ),
    _about_versions(
        troubles.RULE_ERROR,
        "A rule failed on a record",
        1,
        "another try of every record passes",
        "Report it with its trace",
        "Try again",
    ),
    _about_versions(
        troubles.SOURCE_CONFLICT,
        "One id and version, two contents",
        2,
        "a higher version arrives",
        "Save the record in its source once more",
        "Choose which content is right",
    ),
    _about_versions(
        troubles.PARKED_REFERENCE,
        "A record points to something we do not have",
        3,
        "the record it points to arrives",
        "Read the parent's feed again",
        "Refuse the record in its source",
    ),
    _plain(
        "SYNC_STALE",
        "A feed is late",
        ADMIN,
        2,
        "the feed is read to its end",
        "Check the connection",
        "Read the feed now",
        still_holds=conditions.feed_late,
    ),
    _plain(
        "FEED_FAILED",
        "A feed cannot be read",
        ADMIN,
        2,
        "the feed is read to its end",
        "Check the connection",
        "Read the feed now",
        still_holds=conditions.feed_failing,
    ),
    _plain(
        "EMPTY_FEED",
        "A feed that always had records came back empty",
        ADMIN,
        2,
        "the feed has records again",
        "Check permissions and filters in the source",
        "Confirm that it is empty",
        still_holds=conditions.feed_empty,
    ),
    _plain(
        "FEED_SHORT",
        "A source has records we do not",
        ADMIN,
        1,
        "the missing records arrive",
        "Read the day again",
        "Check what our account may see",
        still_holds=conditions.feed_short,
    ),
    _plain(
        "FEED_SILENT",
        "A feed is silent that never was",
        ADMIN,
        2,
        "something comes in again",
        "Check whether people record work as usual",
        "Check permissions and filters in the source",
        still_holds=conditions.feed_silent,
    ),
    _plain(
        "HORIZON_NEAR",
        "Deletions are about to be forgotten",
        ADMIN,
        1,
        "the feed is read to its end",
        "Resume or repair the feed",
        "Read it now",
        still_holds=conditions.horizon_near,
    ),
    _plain(
        "RECORDS_ABSENT",
        "A complete listing lacks records we have",
        ADMIN,
        2,
        "the listing names them again, or so few that they may be closed",
        "Check what our account may see",
        "Delete them in the source properly",
        "Raise the share that absence may close",
    ),
    _plain(
        "WEBHOOK_REFUSED",
        "Webhooks were refused",
        ADMIN,
        3,
        "a valid one arrives on the same connection",
        "Compare the signing secret with the vendor's",
        "Rotate the secret",
        still_holds=conditions.webhooks_refused,
    ),
    _plain(
        "CONTROL_TOTAL",
        "Control totals differ",
        FINANCE,
        1,
        "the file is loaded with matching totals",
        "Look at the error report of the file",
        "Ask for the file again",
        still_holds=conditions.file_unbalanced,
    ),
    _plain(
        "FILE_REFUSED",
        "A file was refused",
        ADMIN,
        2,
        "a readable file of the same name is loaded",
        "Correct the file or its mapping",
        "Drop it again",
        still_holds=conditions.file_refused,
    ),
)


def register() -> None:
    """Offer the codes to the cases room."""
    for kind in CASE_KINDS:
        KINDS.register(kind.code, kind)
