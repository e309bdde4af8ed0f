"""App configuration: fills the registries of the rooms below."""

from django.apps import AppConfig


class CostsConfig(AppConfig):
    """What delivered work cost: counted at cost rates, posted to the ERP, corrected by reversal."""

    name = "costs"
    verbose_name = "Costs"

    def ready(self) -> None:
        from costs import jobs, kinds, lineage, listeners, screens
        from costs.actions import posting
        from integration_hub.effects.registry import OUTCOMES, Outcome

        OUTCOMES.register(
            "journal.post",
            Outcome(
                posting.confirmed,
                posting.rejected,
                next_period=posting.into_next_period,
                subject="costs.costposting",
            ),
        )
        kinds.register()
        jobs.register()
        listeners.register()
        lineage.register()
        screens.register()
