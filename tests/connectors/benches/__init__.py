"""The vendor's side of the conformance kit, one bench for each connector."""

from tests.connectors.benches.avatax import AvaTaxBench
from tests.connectors.benches.bench import Bench
from tests.connectors.benches.certinia import CertiniaBench
from tests.connectors.benches.chargebee import ChargebeeBench
from tests.connectors.benches.clockify import ClockifyBench
from tests.connectors.benches.docusign import DocusignBench
from tests.connectors.benches.dynamics import DynamicsBench
from tests.connectors.benches.filedrop import FileDropBench
from tests.connectors.benches.harvest import HarvestBench
from tests.connectors.benches.ironclad import IroncladBench
from tests.connectors.benches.jira import JiraBench
from tests.connectors.benches.kantata import KantataBench
from tests.connectors.benches.nats import NatsBench
from tests.connectors.benches.netsuite import NetSuiteBench
from tests.connectors.benches.salesforce import SalesforceBench
from tests.connectors.benches.sap import SapBench
from tests.connectors.benches.stripe import StripeBench
from tests.connectors.benches.tryton import TrytonBench
from tests.connectors.benches.webhook import WebhookBench

BENCHES: dict[str, type[Bench]] = {
    bench.vendor: bench
    for bench in (
        SalesforceBench,
        CertiniaBench,
        IroncladBench,
        DocusignBench,
        KantataBench,
        NetSuiteBench,
        DynamicsBench,
        SapBench,
        TrytonBench,
        StripeBench,
        ChargebeeBench,
        AvaTaxBench,
        HarvestBench,
        ClockifyBench,
        JiraBench,
        FileDropBench,
        WebhookBench,
        NatsBench,
    )
}
