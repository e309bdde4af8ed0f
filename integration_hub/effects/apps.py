"""App configuration."""

from django.apps import AppConfig


class EffectsConfig(AppConfig):
    """The effect ledger: intents, attempts, unknown outcomes, probes, posting windows."""

    name = "integration_hub.effects"
    label = "hub_effects"
    verbose_name = "Effects"
