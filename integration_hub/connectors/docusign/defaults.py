"""The mapping a new Docusign connection starts with. The names of custom fields are the sender's."""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


SIGNATURE = [
    _rule("contract_number", "fields.ContractNumber", required=True),
    _rule("amendment_number", "fields.AmendmentNumber"),
    _rule("status", "status", required=True, value_map="envelope_status"),
    _rule("sent_on", "sentDateTime", "date"),
    _rule("decided_on", "completedDateTime || declinedDateTime || voidedDateTime", "date"),
    _rule("reason", "voidedReason || (recipients.signers[?declinedReason].declinedReason | [0])"),
]

DEFAULT: dict[str, Any] = {
    "entities": {
        # Envelopes that name no contract are other people's: hiring, purchasing, confidentiality.
        "signature": {"row_filter": "fields.ContractNumber", "rules": SIGNATURE},
    },
    "values": {
        "envelope_status": {
            "rows": {
                **dict.fromkeys(("created", "sent", "delivered", "signed", "processing", "correct"), "open"),
                "completed": "signed",
                "declined": "declined",
                **dict.fromkeys(("voided", "deleted", "timedout"), "voided"),
            }
        },
    },
}
