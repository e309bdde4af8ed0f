"""The mapping a new Ironclad connection starts with. Property keys are the tenant's: administrators change them.

An amendment may roll its values up into its parent, which then shows them beside the original ones. The contract is
what was signed first, and amendments come as amendments: so the original value counts where there is one.
"""

from typing import Any


def _rule(target: str, source: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"target": target, "source": source, "kind": kind, **more}


def _told(name: str, part: str = "") -> str:
    """The value of a property, as it was before amendments."""
    tail = f".{part}" if part else ""
    return f"properties.{name}.originalValue{tail} || properties.{name}.value{tail}"


STATUS = "contractStatus.enhancedStatus || contractStatus.status"

CUSTOMER = [
    _rule("code", "properties.entity_externalID.value", required=True),
    _rule("name", "name"),
    _rule("parent_id", "parentId"),
]
CONTRACT = [
    _rule("number", _told("contractNumber"), required=True),
    _rule("name", "name", required=True),
    _rule("customer_id", _told("counterparty", "recordId"), required=True),
    _rule("legal_entity", _told("legalEntity"), required=True, value_map="legal_entity"),
    _rule("currency", _told("contractValue", "currency"), required=True),
    _rule("status", STATUS, required=True, value_map="contract_status"),
    _rule("signed_on", _told("agreementDate"), "date"),
    _rule("starts_on", _told("effectiveDate"), "date"),
    _rule("ends_on", _told("expirationDate"), "date"),
    _rule("payment_terms", _told("paymentTerms"), value_map="payment_terms"),
    _rule("po_number", _told("poNumber")),
    _rule("po_amount", _told("poAmount", "amount"), "decimal"),
    _rule("po_expires_on", _told("poExpirationDate"), "date"),
]
AMENDMENT = [
    _rule("contract_id", "parentId", required=True),
    _rule("number", "properties.amendmentNumber.value || ironcladId", required=True),
    _rule("kind", "properties.amendmentKind.value", required=True, value_map="amendment_kind"),
    _rule("status", "contractStatus.status", required=True, value_map="amendment_status"),
    _rule("signed_on", "properties.agreementDate.value", "date"),
    _rule("effective_on", "properties.effectiveDate.value", "date"),
    _rule("role", "properties.role.value", value_map="role"),
    _rule("new_rate", "properties.newRate.value.amount", "decimal"),
    _rule("new_limit", "properties.newLimit.value.amount", "decimal"),
    _rule("new_end_on", "properties.newExpirationDate.value", "date"),
    _rule("description", "properties.description.value || name"),
]
SIGNATURE = [
    _rule("contract_number", "attributes.contractNumber", required=True),
    _rule("amendment_number", "attributes.amendmentNumber"),
    _rule("status", "status", required=True, value_map="workflow_status"),
    _rule("sent_on", "created", "date"),
    _rule("decided_on", "attributes.agreementDate || lastUpdated", "date"),
]

IN_FORCE = (
    "active", "activating", "executed", "evergreen", "auto-renewing", "expiring", "terminating", "superseding",
    "extending", "indeterminate", "unknown",
)  # fmt: skip

DEFAULT: dict[str, Any] = {
    "entities": {
        # Counterparties without a customer number are suppliers, partners and prospects.
        "customer": {"row_filter": "properties.entity_externalID", "rules": CUSTOMER},
        "contract": {"row_filter": "parentLinkType != 'amendment'", "rules": CONTRACT},
        "amendment": {"row_filter": "parentLinkType == 'amendment'", "rules": AMENDMENT},
        "signature": {"row_filter": "attributes.contractNumber", "rules": SIGNATURE},
    },
    "values": {
        "legal_entity": {"when_unknown": "keep", "rows": {}},
        "payment_terms": {"when_unknown": "keep", "rows": {}},
        "role": {"when_unknown": "keep", "rows": {}},
        # A record is an executed contract: it is signed until it has ended.
        "contract_status": {
            "rows": {
                **dict.fromkeys(IN_FORCE, "signed"),
                "inactive": "terminated",
            }
        },
        "amendment_kind": {"rows": {"Rate": "rate", "Cap": "cap", "Term": "term", "Scope": "scope"}},
        "amendment_status": {"rows": dict.fromkeys(("active", "inactive", "indeterminate"), "signed")},
        "workflow_status": {"rows": {"active": "open", "paused": "open", "completed": "signed", "cancelled": "voided"}},
    },
}
