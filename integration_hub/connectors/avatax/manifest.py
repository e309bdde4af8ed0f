"""What the AvaTax connector writes and what an administrator sets up."""

from integration_hub.connectors.registry import Editable, Figures, Manifest, Setting, WriteSpec
from integration_hub.connectors.traits import Trait

INVOICE_COMMIT = "avatax.invoice.commit"
INVOICE_VOID = "avatax.invoice.void"
CREDIT_COMMIT = "avatax.creditmemo.commit"

MANIFEST = Manifest(
    vendor="avatax",
    title="AvaTax",
    role="tax",
    feeds=(),
    writes=(
        WriteSpec(
            INVOICE_COMMIT,
            "Tax of a posted invoice recorded and committed",
            "U",
            undo=INVOICE_VOID,
            editable=(
                Editable("ship_to.line1", "Street"),
                Editable("ship_to.city", "City"),
                Editable("ship_to.region", "Region", longest=3, roles=("finance",)),
                Editable("ship_to.postal_code", "Postal code", longest=11),
            ),
            figures=Figures(tax="tax", date="date"),
        ),
        WriteSpec(INVOICE_VOID, "Recorded tax voided", "U"),
        WriteSpec(
            CREDIT_COMMIT,
            "Tax of a posted credit memo recorded and committed as a return",
            "U",
            figures=Figures(tax="tax", date="date"),
        ),
    ),
    settings=(
        Setting("account_id", "Account id", secret=True),
        Setting("license_key", "License key", secret=True),
        Setting("companies", "Company codes by our legal entity", required=False, help="A JSON object.", table=True),
        Setting(
            "ship_from",
            "Where services are rendered, by our legal entity",
            required=False,
            help="A JSON object.",
            table=True,
        ),
        Setting("tax_code", "Tax code of lines that name none", required=False, default="PS080100"),
    ),
    limits="Unpublished; more than allowed answers 429 or a limit code.",
    windows="A filed return locks its transactions: CannotModifyLockedTransaction.",
    webhook="None.",
    scopes="A user that may create, commit and void transactions of the companies.",
    unconfirmed=("The outer `error` object of complaints; a bare inner one is shown as text.",),
    without={
        Trait.READS: "It is a source of nothing.",
        Trait.STAMPS: "It is a source of nothing.",
        Trait.DELETIONS: "It is a source of nothing.",
        Trait.COUNTS: "It is a source of nothing.",
        Trait.MONEY: "It is a source of nothing.",
        Trait.APPROVALS: "It is a source of nothing.",
        Trait.ENUMS: "It is a source of nothing.",
        Trait.RENEWS: "A license key is sent with every call.",
        Trait.QUOTA: "It publishes no quota.",
        Trait.PREFLIGHT: "A filed return shows on its transactions only.",
    },
)
