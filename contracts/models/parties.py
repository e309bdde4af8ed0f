"""Customers, legal entities, how a customer is billed, accounting periods (billing.md §1.1)."""

from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.models import Timestamped, currency_field, money_field


def monday_to_friday() -> list[int]:
    """The days that most legal entities work on."""
    return [1, 2, 3, 4, 5]


class LegalEntity(Timestamped):
    """A company of the firm: functional currency, zone, hours, rounding. Every invoice belongs to exactly one."""

    class Rounding(models.TextChoices):
        HALF_UP = "half_up", "Half up (away from zero)"
        HALF_EVEN = "half_even", "Half even (only to match an ERP)"

    code = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=160)
    currency = currency_field()
    country = models.CharField(max_length=2)
    zone = models.CharField(max_length=40, default="UTC", help_text="IANA time zone")
    rounding = models.CharField(max_length=10, choices=Rounding.choices, default=Rounding.HALF_UP)
    fx_max_age_days = models.PositiveSmallIntegerField(
        default=7, help_text="An exchange rate that is older than this converts nothing: it is called stale"
    )
    workdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(7)]),
        default=monday_to_friday,
        help_text="Days it works on: 1 (Monday) to 7, as 1,2,3,4,5",
    )
    work_starts = models.TimeField(default=time(9), help_text="By the clock of its zone")
    work_ends = models.TimeField(default=time(17))
    holidays = models.CharField(
        max_length=40, blank=True, help_text="The calendar whose holidays it keeps; empty: none"
    )
    costs_from = models.DateField(
        null=True, blank=True, help_text="Costs of work are kept from this day on; empty: they are not kept here"
    )
    reimburse_from = models.DateField(
        null=True, blank=True, help_text="Expenses of this day on are reimbursed through here; empty: they are not"
    )
    receipt_above = money_field(
        null=True, blank=True, help_text="In its currency: what a person spent beyond this needs a receipt"
    )
    expenses_within_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="An expense approved later than this after its day has to be accepted"
    )
    tax_company = models.CharField(max_length=40, blank=True, help_text="Company code in the tax engine")
    street = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=80, blank=True)
    region = models.CharField(max_length=40, blank=True)
    tax_id = models.CharField(max_length=40, blank=True, help_text="As its invoices must show it, e.g. DE811907980")
    registration = models.CharField(max_length=120, blank=True, help_text="Register and number, where the law asks")
    remittance = models.TextField(blank=True, help_text="Where to pay, line by line, as its invoices show it")
    policy = models.JSONField(
        default=dict, blank=True, help_text="How its contracts are billed that do not say otherwise: see `Policy`"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "legal entities"
        constraints = [
            models.CheckConstraint(name="legal_entity_works_by_day", condition=Q(work_ends__gt=F("work_starts"))),
            models.CheckConstraint(name="legal_entity_has_workdays", condition=Q(workdays__len__gt=0)),
            models.CheckConstraint(
                name="legal_entity_receipt_above_not_negative",
                condition=Q(receipt_above__isnull=True) | Q(receipt_above__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class AccountingPeriod(Timestamped):
    """A period of one legal entity and module, as the ERP has it."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        SOFT_CLOSED = "soft_closed", "Soft closed: finance only"
        CLOSED = "closed", "Closed"

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="periods")
    module = models.CharField(
        max_length=8, default="ar", choices=[("time", "Time"), ("billing", "Billing"), ("ar", "AR"), ("gl", "GL")]
    )
    name = models.CharField(max_length=40)
    starts_on = models.DateField()
    ends_on = models.DateField(help_text="Last day, inclusive")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    is_shared = models.BooleanField(default=False, help_text="The ERP keeps one calendar for all legal entities")

    class Meta:
        ordering = ["legal_entity_id", "module", "starts_on"]
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "module", "starts_on"], name="period_start_once"),
            models.CheckConstraint(name="period_ends_after_start", condition=Q(ends_on__gte=F("starts_on"))),
        ]

    def __str__(self) -> str:
        return f"{self.legal_entity_id} {self.name}"


class PaymentTerm(models.Model):
    """Payment terms known to the ERP."""

    name = models.CharField(max_length=60, unique=True)
    days = models.PositiveSmallIntegerField(default=30)

    def __str__(self) -> str:
        return self.name


class Customer(Timestamped):
    """A client firm; a tree by `parent`. The database refuses cycles."""

    class Status(models.TextChoices):
        PROSPECT = "prospect", "Prospect"
        ACTIVE = "active", "Active"
        ON_HOLD = "on_hold", "On hold"
        INACTIVE = "inactive", "Inactive"
        MERGED = "merged", "Merged"

    code = models.CharField(max_length=60, unique=True, help_text="Customer number shared by CRM and ERP")
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    currency = currency_field(blank=True)
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=40, blank=True)
    city = models.CharField(max_length=80, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    tax_id = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="customer_not_own_parent", condition=~Q(parent=F("id"))),
            models.CheckConstraint(
                name="customer_merged_pair",
                condition=Q(status="merged", merged_into__isnull=False)
                | ~Q(status="merged") & Q(merged_into__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BillTo(Timestamped):
    """How one customer is billed by one legal entity."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Incomplete"
        VERIFIED = "verified", "Verified"
        SUSPENDED = "suspended", "Suspended"

    class PoRule(models.TextChoices):
        NONE = "none", "No PO needed"
        REQUIRED = "required", "PO required"

    class TaxLevel(models.TextChoices):
        INVOICE = "invoice", "Once per invoice and rate"
        LINE = "line", "Per line"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="bill_tos")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="bill_tos")
    currency = currency_field()
    payment_terms = models.CharField(max_length=60, blank=True)
    po_rule = models.CharField(max_length=10, choices=PoRule.choices, default=PoRule.NONE)
    tax_level = models.CharField(max_length=8, choices=TaxLevel.choices, default=TaxLevel.INVOICE)
    line_grouping = models.CharField(
        max_length=10,
        default="role",
        choices=[
            ("none", "Every entry"),
            ("resource", "By person"),
            ("role", "By role"),
            ("task", "By task"),
            ("rate", "By rate"),
        ],
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    credit_hold = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "legal_entity", "currency"], name="bill_to_once"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} ({self.legal_entity} {self.currency})"
