"""App configuration: fills the registries of the rooms below."""

from django.apps import AppConfig


class CostsConfig(AppConfig):
    """What delivered work cost: counted at cost rates, posted to the ERP, corrected by reversal; and what people are
    owed for what they spent.
    """

    name = "costs"
    verbose_name = "Costs"

    def ready(self) -> None:
        from billing.scenarios.registry import VERBS
        from costs import (
            clocks,
            intercompany_lineage,
            jobs,
            kinds,
            lineage,
            listeners,
            reimbursement_lineage,
            scenarios,
            screens,
        )
        from costs.actions import posting, reimbursing, repaid
        from costs.receivers import payable, purchase_line
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
        OUTCOMES.register(
            "subject:costs.reimbursementjournal",
            Outcome(
                reimbursing.confirmed,
                reimbursing.rejected,
                next_period=reimbursing.into_next_period,
                subject="costs.reimbursementjournal",
            ),
        )
        OUTCOMES.register(repaid.WRITE, Outcome(repaid.confirmed, repaid.rejected, subject="costs.reimbursement"))
        RECEIVERS.register("purchase_line", purchase_line)
        RECEIVERS.register("payable", payable)
        kinds.register()
        clocks.register()
        jobs.register()
        listeners.register()
        lineage.register()
        reimbursement_lineage.register()
        intercompany_lineage.register()
        screens.register()
        VERBS.register("intercompany", scenarios.intercompany)
