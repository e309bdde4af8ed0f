"""The effects of the connector."""

from integration_hub.connectors.composed import Effect
from integration_hub.connectors.sap import documents, journals, projects
from integration_hub.connectors.sap.manifest import (
    CREDIT_POST,
    CUSTOMER_UPSERT,
    INVOICE_POST,
    JOB_INACTIVATE,
    JOB_UPSERT,
    JOURNAL_POST,
)

EFFECTS = {
    CUSTOMER_UPSERT: Effect(projects.upsert_customer, projects.find_customer),
    JOB_UPSERT: Effect(projects.upsert_job, projects.find_job),
    JOB_INACTIVATE: Effect(projects.inactivate_job, projects.find_inactive),
    INVOICE_POST: Effect(documents.post_invoice, documents.find_invoice),
    CREDIT_POST: Effect(documents.post_credit, documents.find_credit),
    JOURNAL_POST: Effect(journals.post, journals.find),
}
