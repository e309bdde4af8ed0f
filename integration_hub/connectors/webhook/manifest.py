"""What an administrator sets up for a consumer of webhooks."""

from integration_hub.connectors.registry import Manifest, Setting
from integration_hub.connectors.traits import Trait

_TOLD = "It is told of events; nothing is read from it or written to it."

MANIFEST = Manifest(
    vendor="webhook",
    title="Webhook consumer",
    role="downstream",
    feeds=(),
    writes=(),
    settings=(
        Setting("signing_secret", "Signing secret", secret=True, help="whsec_… of at least 24 random bytes in base64."),
        Setting(
            "previous_secret",
            "Previous signing secret",
            secret=True,
            required=False,
            help="While the consumer changes over, messages carry both signatures.",
        ),
    ),
    limits="The consumer's own: 429 with Retry-After is kept, and what it bears is learnt.",
    windows="None.",
    webhook="Standard Webhooks: webhook-id, webhook-timestamp and webhook-signature (v1) over the raw bytes.",
    scopes="None: whoever holds the signing secret can tell that a message is ours.",
    without={trait: _TOLD for trait in Trait if trait is not Trait.CALLS},
)
