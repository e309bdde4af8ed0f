"""Rate cards: scope, specificity, validity. Two rows for the same work never overlap (exclusion constraint)."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Q

from contracts.models.agreements import Contract, ContractVersion
from contracts.models.parties import Customer, LegalEntity
from integration_hub.kernel.models import Timestamped, currency_field, rate_field


class RateCard(Timestamped):
    """Prices of one scope: a contract, a customer, or a legal entity's standard."""

    class Scope(models.TextChoices):
        CONTRACT = "contract", "Contract"
        CUSTOMER = "customer", "Customer"
        LEGAL_ENTITY = "legal_entity", "Legal entity (standard)"

    scope = models.CharField(max_length=12, choices=Scope.choices)
    contract = models.OneToOneField(Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="rate_card")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="rate_cards")
    legal_entity = models.ForeignKey(
        LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="rate_cards"
    )
    name = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="rate_card_one_scope",
                condition=Q(scope="contract", contract__isnull=False, customer__isnull=True, legal_entity__isnull=True)
                | Q(scope="customer", contract__isnull=True, customer__isnull=False, legal_entity__isnull=True)
                | Q(scope="legal_entity", contract__isnull=True, customer__isnull=True, legal_entity__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.name


class RetroMode(models.TextChoices):
    """What a price that changes for the past does to posted work (billing.md R8)."""

    REVERSE = "reverse_and_rebill", "Credited and billed anew"
    DELTA = "delta", "The difference is billed"
    PROSPECTIVE = "prospective", "Posted work keeps its price"


class RateRow(Timestamped):
    """One price. Never rounded, never edited: an amendment withdraws it and introduces another.

    Specificity: item, then resource, then role, then the card's default (all three empty).
    """

    card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="rows")
    role = models.CharField(max_length=80, blank=True)
    resource = models.CharField(max_length=120, blank=True, help_text="Code of the person")
    item = models.CharField(max_length=80, blank=True)
    currency = currency_field()
    unit = models.CharField(max_length=4, default="hour", choices=[("hour", "Hour"), ("day", "Day"), ("item", "Piece")])
    hours_per_day = models.DecimalField(max_digits=4, decimal_places=2, default=8, help_text="Of a price per day")
    rate = rate_field()
    validity = DateRangeField(help_text="Service dates, [from, to)")
    introduced_in = models.ForeignKey(
        ContractVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="rates_introduced"
    )
    withdrawn_in = models.ForeignKey(
        ContractVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="rates_withdrawn"
    )
    source = models.CharField(max_length=120, blank=True, help_text="connection:entity:id it came from")
    retro_mode = models.CharField(
        max_length=18,
        blank=True,
        choices=RetroMode.choices,
        help_text="What it does to work posted at another price; empty: as the contract says",
    )

    class Meta:
        ordering = ["card_id", "id"]
        constraints = [
            models.CheckConstraint(name="rate_row_positive", condition=Q(rate__gt=0)),
            models.CheckConstraint(name="rate_row_day_has_hours", condition=Q(hours_per_day__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.item or self.resource or self.role or 'default'} {self.rate} {self.currency}/{self.unit}"
