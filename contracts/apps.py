"""App configuration."""

from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """What was agreed: customers, legal entities, contracts, versions, lines, rate cards, projects, milestones."""

    name = "contracts"
    verbose_name = "Contracts"
