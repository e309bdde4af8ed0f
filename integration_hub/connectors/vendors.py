"""The vendors of this installation: the one module that knows all of them."""

from integration_hub.connectors.avatax.connector import AvaTaxConnector, quote
from integration_hub.connectors.certinia import defaults as certinia
from integration_hub.connectors.certinia.connector import CertiniaConnector
from integration_hub.connectors.chargebee import defaults as chargebee
from integration_hub.connectors.chargebee import hooks as chargebee_hooks
from integration_hub.connectors.chargebee.connector import ChargebeeConnector
from integration_hub.connectors.clockify import defaults as clockify
from integration_hub.connectors.clockify.connector import ClockifyConnector
from integration_hub.connectors.docusign import defaults as docusign
from integration_hub.connectors.docusign import hooks as docusign_hooks
from integration_hub.connectors.docusign.connector import DocusignConnector
from integration_hub.connectors.dynamics import defaults as dynamics
from integration_hub.connectors.dynamics import periods as dynamics_periods
from integration_hub.connectors.dynamics.connector import DynamicsConnector
from integration_hub.connectors.filedrop.connector import FileDropConnector
from integration_hub.connectors.harvest import defaults as harvest
from integration_hub.connectors.harvest.connector import HarvestConnector
from integration_hub.connectors.hooks import SCHEMES
from integration_hub.connectors.ironclad import defaults as ironclad
from integration_hub.connectors.ironclad import hooks as ironclad_hooks
from integration_hub.connectors.ironclad.connector import IroncladConnector
from integration_hub.connectors.jira import defaults as jira
from integration_hub.connectors.jira.connector import JiraConnector
from integration_hub.connectors.kantata import defaults as kantata
from integration_hub.connectors.kantata.connector import KantataConnector
from integration_hub.connectors.nats.connector import NatsConnector
from integration_hub.connectors.netsuite import defaults as netsuite
from integration_hub.connectors.netsuite import periods
from integration_hub.connectors.netsuite.connector import NetSuiteConnector
from integration_hub.connectors.registry import CONNECTORS, DEFAULT_MAPPINGS, PREFLIGHTS, TAX_ENGINES
from integration_hub.connectors.salesforce import defaults as salesforce
from integration_hub.connectors.salesforce.connector import SalesforceConnector
from integration_hub.connectors.sap import defaults as sap
from integration_hub.connectors.sap.connector import SapConnector
from integration_hub.connectors.stripe import defaults as stripe
from integration_hub.connectors.stripe import hooks as stripe_hooks
from integration_hub.connectors.stripe.connector import StripeConnector
from integration_hub.connectors.tryton import defaults as tryton
from integration_hub.connectors.tryton import periods as tryton_periods
from integration_hub.connectors.tryton.connector import TrytonConnector
from integration_hub.connectors.webhook.connector import WebhookConnector


def register() -> None:
    """Fill the registries."""
    for connector in (
        SalesforceConnector(),
        CertiniaConnector(),
        IroncladConnector(),
        DocusignConnector(),
        KantataConnector(),
        NetSuiteConnector(),
        DynamicsConnector(),
        SapConnector(),
        TrytonConnector(),
        StripeConnector(),
        ChargebeeConnector(),
        AvaTaxConnector(),
        HarvestConnector(),
        ClockifyConnector(),
        JiraConnector(),
        FileDropConnector(),
        WebhookConnector(),
        NatsConnector(),
    ):
        CONNECTORS.register(connector.manifest.vendor, connector)
    DEFAULT_MAPPINGS.register("salesforce", salesforce.DEFAULT)
    DEFAULT_MAPPINGS.register("certinia", certinia.DEFAULT)
    DEFAULT_MAPPINGS.register("ironclad", ironclad.DEFAULT)
    DEFAULT_MAPPINGS.register("docusign", docusign.DEFAULT)
    DEFAULT_MAPPINGS.register("kantata", kantata.DEFAULT)
    DEFAULT_MAPPINGS.register("netsuite", netsuite.DEFAULT)
    DEFAULT_MAPPINGS.register("dynamics", dynamics.DEFAULT)
    DEFAULT_MAPPINGS.register("sap", sap.DEFAULT)
    DEFAULT_MAPPINGS.register("tryton", tryton.DEFAULT)
    DEFAULT_MAPPINGS.register("stripe", stripe.DEFAULT)
    DEFAULT_MAPPINGS.register("chargebee", chargebee.DEFAULT)
    DEFAULT_MAPPINGS.register("harvest", harvest.DEFAULT)
    DEFAULT_MAPPINGS.register("clockify", clockify.DEFAULT)
    DEFAULT_MAPPINGS.register("jira", jira.DEFAULT)
    TAX_ENGINES.register("avatax", quote)
    SCHEMES.register("stripe", stripe_hooks.verify)
    SCHEMES.register("chargebee", chargebee_hooks.verify)
    SCHEMES.register("ironclad", ironclad_hooks.verify)
    SCHEMES.register("docusign", docusign_hooks.verify)
    PREFLIGHTS.register("netsuite", periods.closed)
    PREFLIGHTS.register("dynamics", dynamics_periods.closed)
    PREFLIGHTS.register("tryton", tryton_periods.closed)
