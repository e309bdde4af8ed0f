"""Exchange rates: what one unit of a currency is in another from a day on. A rate is never changed, only followed."""

from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import currency_field, rate_field


class ExchangeRate(models.Model):
    """One unit of `base` is `rate` of `quote` from a day on, until a later day's rate (billing.md R12).

    Rows are immutable, the database says so; a correction is another row of the same day that was recorded later.
    """

    rate_type = models.CharField(max_length=20, default="corporate")
    base = currency_field()
    quote = currency_field()
    day = models.DateField()
    rate = rate_field()
    source = models.CharField(max_length=250, help_text="The record of a system, or the person, it came from")
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-day", "base", "quote", "-id"]
        indexes = [models.Index(fields=["rate_type", "base", "quote", "-day", "-id"], name="exchange_rate_latest")]
        constraints = [
            models.CheckConstraint(name="exchange_rate_positive", condition=Q(rate__gt=0)),
            models.CheckConstraint(name="exchange_rate_two_currencies", condition=~Q(base=F("quote"))),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate.normalize():f} {self.quote} on {self.day}"
