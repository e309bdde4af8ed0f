"""App configuration: fills the registries of the rooms below."""

from django.apps import AppConfig


class CostsConfig(AppConfig):
    """What delivered work cost: counted at cost rates, posted to the ERP, corrected by reversal."""

    name = "costs"
    verbose_name = "Costs"

    def ready(self) -> None:
        from costs import jobs, kinds, lineage, listeners, screens
        from costs.actions import posting
        from costs.receivers import purchase_line
        from integration_hub.effects.registry import OUTCOMES, Outcome
        from integration_hub.intake.registry import RECEIVERS

        OUTCOMES.register(
            "journal.post",
            Outcome(
                posting.confirmed,
                posting.rejected,
                next_period=posting.into_next_period,
                subject="costs.costposting",
            ),
        )
        RECEIVERS.register("purchase_line", purchase_line)
        kinds.register()
        jobs.register()
        listeners.register()
        lineage.register()
        screens.register()
