"""Payments and credit memos as the ERP reports them (billing.md §1.7, R25)."""

from django.db import models
from django.db.models import F, Q

from billing.models.documents import Candidate, Invoice
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
    applied = money_field(default=0, help_text="What stands on invoices; the rest is on account")
    is_reversed = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "source_id"], name="payment_source_once"),
            models.CheckConstraint(
                name="payment_applied_within_amount", condition=Q(applied__gte=0, applied__lte=F("amount"))
            ),
            models.CheckConstraint(
                name="payment_reversed_settles_nothing", condition=Q(is_reversed=False) | Q(applied=0)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Application(models.Model):
    """Part of a payment or credit memo that the ERP applied to one invoice. Never alters the invoice's figures.

    It counts only while it stands: see `billing.engine.settlement`.
    """

    amount = money_field()
    stands = models.BooleanField(default=False)
    refusal = models.CharField(max_length=200, blank=True, help_text="Why it does not stand")

    class Meta:
        abstract = True


class PaymentApplication(Application):
    """Part of a payment on one invoice."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="applications")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="applications")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "invoice"], name="payment_application_once"),
            models.CheckConstraint(name="payment_application_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="payment_application_stands_or_says_why",
                condition=Q(stands=True, refusal="") | Q(stands=False) & ~Q(refusal=""),
            ),
        ]


class CreditMemo(Timestamped):
    """A credit memo of the ERP, ours if it was posted from a candidate; what it reduces is in its applications."""

    candidate = models.OneToOneField(
        Candidate, null=True, blank=True, on_delete=models.PROTECT, related_name="credit_memo"
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="credit_memos")
    source_id = models.CharField(max_length=120)
    source_version = models.ForeignKey(SourceVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=60)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="credit_memos")
    issued_on = models.DateField()
    net = money_field()
    tax = money_field()
    gross = money_field()
    applied = money_field(default=0, help_text="What stands on invoices; the rest is available")
    currency = currency_field()
    is_voided = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "source_id"], name="credit_memo_source_once"),
            models.CheckConstraint(
                name="credit_memo_applied_within_gross", condition=Q(applied__gte=0, applied__lte=F("gross"))
            ),
            models.CheckConstraint(
                name="credit_memo_voided_settles_nothing", condition=Q(is_voided=False) | Q(applied=0)
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CreditApplication(Application):
    """Part of a credit memo on one invoice."""

    memo = models.ForeignKey(CreditMemo, on_delete=models.PROTECT, related_name="applications")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="credits")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["memo", "invoice"], name="credit_application_once"),
            models.CheckConstraint(name="credit_application_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="credit_application_stands_or_says_why",
                condition=Q(stands=True, refusal="") | Q(stands=False) & ~Q(refusal=""),
            ),
        ]
