"""What the ERP must know before anything is opened in it: customer and its ancestors, legal entity, payment terms."""

from contracts.models import Contract, Customer, PaymentTerm
from contracts.queries import reference_of, route
from integration_hub.connectors.models import Connection
from integration_hub.kernel.failures import Failed, FailureClass


def lacks(contract: Contract, root_cause: str) -> bool:
    """Whether the ERP of a contract lacks the master data that a root cause names."""
    erp = route("erp", contract.legal_entity)
    return erp is not None and root_cause in missing(contract, erp)


def missing(contract: Contract, erp: Connection) -> dict[str, tuple[str, str]]:
    """What the ERP lacks for a contract: root cause → (what is wrong, what to do)."""
    wants: dict[str, tuple[str, str]] = {}
    customer: Customer | None = contract.customer
    while customer is not None:
        if reference_of(customer, erp, "customer_account") is None:
            wants[f"customer:{customer.code}"] = (
                f"{erp.name} has no customer {customer.code} ({customer.name})",
                f"Create customer {customer.code} in {erp.name} with this number as external id.",
            )
        customer = customer.parent
    if reference_of(contract.legal_entity, erp, "legal_entity") is None:
        wants[f"legal_entity:{contract.legal_entity.code}"] = (
            f"{erp.name} has no legal entity {contract.legal_entity.code}",
            "Map the subsidiary to this code.",
        )
    terms = contract.payment_terms
    if terms and not PaymentTerm.objects.filter(name=terms).exists():
        wants[f"payment_term:{terms}"] = (
            f"{erp.name} has no payment terms {terms}",
            "Create them in the ERP or correct the CRM.",
        )
    return wants


def check_terms(contract: Contract) -> None:
    """Raises Failed(DATA) when the contract does not say what every invoice needs."""
    if not contract.tax_jurisdiction:
        raise Failed(
            FailureClass.DATA,
            "The contract names no tax jurisdiction.",
            field="tax_jurisdiction",
            remedy="Fill the tax jurisdiction on the contract in the CRM.",
        )
