"""App configuration: fills the registries of the rooms below."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """What was delivered and what may be charged: events, decisions, holds, candidates, invoices, payments, revenue."""

    name = "billing"
    verbose_name = "Billing"

    def ready(self) -> None:
        from billing import clocks, gates, jobs, kinds, lineage, listeners, revenue_lineage, rulebook, screens
        from billing.actions import candidates, posting, revenue_journals, tax_out
        from billing.receivers import cash, work
        from billing.scenarios import verbs
        from billing.workflows import activation, amendment
        from integration_hub.effects.registry import GATES, OUTCOMES, Outcome
        from integration_hub.intake.registry import RECEIVERS
        from integration_hub.processes.registry import DEFINITIONS

        RECEIVERS.register("time_entry", work.time_entries)
        RECEIVERS.register("time_approval", work.time_approvals)
        RECEIVERS.register("usage", work.usages)
        RECEIVERS.register("expense", work.expenses)
        RECEIVERS.register("invoice", cash.invoice)
        RECEIVERS.register("payment", cash.payment)
        RECEIVERS.register("credit_memo", cash.credit_memo)
        RECEIVERS.register("bank_line", cash.bank_line)
        posted = Outcome(
            posting.confirmed,
            posting.rejected,
            retried=posting.retried,
            next_period=candidates.into_next_period,
            subject="billing.candidate",
        )
        OUTCOMES.register("invoice.post", posted)
        OUTCOMES.register("creditmemo.post", posted)
        committed = Outcome(tax_out.committed, tax_out.rejected)
        OUTCOMES.register("invoice.commit", committed)
        OUTCOMES.register("creditmemo.commit", committed)
        earned = Outcome(
            revenue_journals.confirmed,
            revenue_journals.rejected,
            next_period=revenue_journals.into_next_period,
            subject="billing.revenueposting",
        )
        OUTCOMES.register("subject:billing.revenueposting", earned)
        DEFINITIONS.register(activation.DEFINITION)
        DEFINITIONS.register(amendment.DEFINITION)
        GATES.register("period", gates.PERIOD)
        kinds.register()
        clocks.register()
        jobs.register()
        listeners.register()
        rulebook.register()
        lineage.register()
        revenue_lineage.register()
        screens.register()
        verbs.register()
