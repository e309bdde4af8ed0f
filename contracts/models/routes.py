"""Which connection plays which role for a legal entity: where its projects are run, posted and taxed."""

from django.db import models

from contracts.models.parties import LegalEntity
from integration_hub.connectors.models import Connection


class Route(models.Model):
    """The connection that plays a role for one legal entity, or for all that name none."""

    class Role(models.TextChoices):
        CRM = "crm", "CRM"
        PSA = "psa", "PSA"
        ERP = "erp", "ERP"
        TAX = "tax", "Tax engine"

    role = models.CharField(max_length=4, choices=Role.choices)
    legal_entity = models.ForeignKey(
        LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="routes"
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="routes")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["role", "legal_entity"], name="route_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} of {self.legal_entity or 'all legal entities'}: {self.connection}"
