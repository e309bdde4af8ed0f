"""App configuration: fills the registries of the rooms below."""

from django.apps import AppConfig


class ContractsConfig(AppConfig):
    """What was agreed: customers, legal entities, contracts, versions, lines, rate cards, projects, milestones."""

    name = "contracts"
    verbose_name = "Contracts"

    def ready(self) -> None:
        from contracts import clocks, kinds, lineage, screens, tabs
        from contracts.receivers import agreements, capacity, delivery, ledger
        from integration_hub.intake.registry import RECEIVERS

        for module, names in (
            (ledger, ("legal_entity", "payment_term", "accounting_period", "customer_account")),
            (ledger, ("exchange_rate", "cost_rate", "standard_rate")),
            (capacity, ("capacity", "holiday", "absence")),
            (
                agreements,
                ("customer", "opportunity", "contract", "contract_line", "rate_item", "milestone_term", "amendment"),
            ),
            (agreements, ("signature",)),
            (delivery, ("resource", "project", "task", "milestone")),
        ):
            for name in names:
                RECEIVERS.register(name, getattr(module, name))
        kinds.register()
        clocks.register()
        lineage.register()
        tabs.register()
        screens.register()
