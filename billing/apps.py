"""App configuration."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """What was delivered and what may be charged: events, decisions, holds, candidates, invoices, payments, revenue."""

    name = "billing"
    verbose_name = "Billing"
