"""Payments and credit memos as the ERP reports them (billing.md §1.7, R25)."""

from django.db import models
from django.db.models import Q

from billing.models.documents import Invoice
from contracts.models import Customer, LegalEntity
from integration_hub.connectors.models import Connection
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.models import Timestamped, currency_field, money_field


class Payment(Timestamped):
    """Money received."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="payments")
    source_id = models.CharField(max_length=120)
    source_version = models.ForeignKey(SourceVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=60)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="payments")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    received_on = models.DateField()
    amount = money_field()
    currency = currency_field()
    is_reversed = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["connection", "source_id"], name="payment_source_once")]

    def __str__(self) -> str:
        return self.number


class PaymentApplication(models.Model):
    """Part of a payment applied to one invoice. Never alters the invoice's figures."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="applications")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="applications")
    amount = money_field()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "invoice"], name="payment_application_once"),
            models.CheckConstraint(name="payment_application_positive", condition=Q(amount__gt=0)),
        ]


class CreditMemo(Timestamped):
    """A credit memo the ERP reports, with the invoice it reduces."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="credit_memos")
    source_id = models.CharField(max_length=120)
    source_version = models.ForeignKey(SourceVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=60)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="credit_memos")
    invoice = models.ForeignKey(Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_memos")
    issued_on = models.DateField()
    net = money_field()
    tax = money_field()
    gross = money_field()
    applied = money_field(default=0)
    currency = currency_field()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["connection", "source_id"], name="credit_memo_source_once")]

    def __str__(self) -> str:
        return self.number
