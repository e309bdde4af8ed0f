"""Users with the legal entities they may see and the look they prefer."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Role(models.TextChoices):
    """The roles of the console; each has a home, a group of permissions of the same name, and a queue."""

    FINANCE = "finance", "Finance"
    BILLING_ANALYST = "billing_analyst", "Billing analyst"
    PMO = "pmo", "PMO"
    DELIVERY_LEAD = "delivery_lead", "Delivery lead"
    INTEGRATION_ADMIN = "integration_admin", "Integration admin"
    AUDITOR = "auditor", "Auditor"


class User(AbstractUser):
    """A person who signs in. Sees only the legal entities named here, unless `all_legal_entities`."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "Like the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    role = models.CharField(max_length=32, choices=Role.choices, blank=True)
    legal_entities = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    all_legal_entities = models.BooleanField(default=False)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    keyboard_shortcuts = models.BooleanField(default=True)

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        verbose_name = "user"

    @property
    def label(self) -> str:
        """How the person is named on screens and in the trail."""
        return self.get_full_name() or self.username

    def may_see(self, legal_entity: str) -> bool:
        """Whether rows of this legal entity are within the person's scope."""
        return self.all_legal_entities or legal_entity in self.legal_entities
