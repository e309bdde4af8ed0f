"""What the Docusign connector reads and writes and what an administrator sets up."""

from integration_hub.connectors.limits import Limits
from integration_hub.connectors.registry import FeedSpec, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

ENVELOPE_REFERENCE = "docusign.envelope.reference"
FIELD = "ThroughlineReference"

MANIFEST = Manifest(
    vendor="docusign",
    title="Docusign",
    role="signature",
    feeds=(FeedSpec("signature", "Envelopes", 10, every_seconds=300, hint_entities=("envelope",)),),
    writes=(WriteSpec(ENVELOPE_REFERENCE, "Our reference as a custom field of the envelope", "P"),),
    settings=(
        Setting("integration_key", "Integration key of the application", secret=True),
        Setting("private_key", "Its RSA private key, PEM", secret=True),
        Setting("user_id", "User GUID the application speaks for"),
        Setting("account_id", "Account GUID, where the user has several", required=False),
        Setting("reference_field", "Custom field that carries our reference", required=False, default=FIELD),
        Setting("since", "Day the first reading goes back to", required=False, default="2010-01-01"),
        Setting("whole_days", "Days between two readings of the whole list, for custom fields put there later",
                required=False, default="7"),
        Setting("page_size", "Rows per page, up to 1000", required=False, default="1000"),
    ),
    budget=Limits(calls=3000, seconds=3600, outside=20),
    limits="3000 calls an hour for the account, back at the full hour, and 500 in 30 seconds (200 in a demo account); "
    "told by the code of the error. One envelope may not be asked for often: lists are read.",
    windows="None.",
    webhook="X-DocuSign-Signature-1…N: base64 of HMAC-SHA256 over the raw body, one for each active key of Connect. "
    "What a message carries is never applied: the envelope is read again.",
    scopes="OAuth scopes signature and impersonation, allowed once by the user; a user who sees all envelopes.",
    unconfirmed=(
        "The names of the limits' codes, and whether they come with 400 or 429: the code decides.",
        "Whether a custom field that is put on an envelope later makes it changed: the whole list is read at times.",
        "Whether custom fields of a completed envelope may be written: a refusal is told as one.",
        "How long Connect tries a message again: events of the last 15 days are taken.",
    ),
    without={
        Trait.ORDER: "Its list is filtered by one date and ordered by another: a reading moves its mark at the end.",
        Trait.DELETIONS: "No list tells which envelopes were purged; a signature stays.",
        Trait.MONEY: "An envelope states no amounts.",
        Trait.APPROVALS: "It keeps no time.",
        Trait.AMOUNTS: "Nothing with an amount is written to it.",
        Trait.WINDOWS: "A custom field is written at any time.",
        Trait.PREFLIGHT: "There is no window to ask about.",
        Trait.UNDO: "A reference is written over by the next one.",
    },
)  # fmt: skip
