"""Versions of decision tables. A published one never changes: what it decided must stay explainable."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions
from integration_hub.rules.tables import RuleSpec


class DecisionTable(Versioned):
    """One version of the rules of one kind, for one legal entity or for all that have none of their own."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        CHECKED = "checked", "Checked"
        PUBLISHED = "published", "In force"
        SUPERSEDED = "superseded", "Superseded"

    OPEN = ("draft", "checked")
    """Not in force yet."""

    kind = models.CharField(max_length=60, help_text="What it decides")
    legal_entity = models.CharField(max_length=16, blank=True, help_text="Code; empty: all without their own")
    number = models.PositiveIntegerField(help_text="Counts the versions of a kind and legal entity")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    note = models.TextField(blank=True, help_text="Why this version is made")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tables_written")
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="tables_published"
    )
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "legal_entity", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "legal_entity", "number"], name="table_version_once"),
            models.UniqueConstraint(
                fields=["kind", "legal_entity"], condition=Q(status="published"), name="table_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["kind", "legal_entity"], condition=Q(status__in=["draft", "checked"]), name="table_one_draft"
            ),
            models.CheckConstraint(
                name="table_published_pair",
                condition=Q(status__in=["draft", "checked"], published_at__isnull=True, published_by__isnull=True)
                | Q(status__in=["published", "superseded"], published_at__isnull=False, published_by__isnull=False),
            ),
            models.CheckConstraint(
                name="table_published_by_another",
                condition=Q(published_by__isnull=True) | ~Q(published_by=F("author")),
            ),
        ]
        permissions = [("publish_decisiontable", "Can publish decision tables")]

    def __str__(self) -> str:
        where = f" of {self.legal_entity}" if self.legal_entity else ""
        return f"{self.kind}{where}, version {self.number}"


class TableRule(models.Model):
    """One rule of a version, in its place."""

    table = models.ForeignKey(DecisionTable, on_delete=models.CASCADE, related_name="rules")
    position = models.PositiveIntegerField(help_text="The first rule whose condition holds decides")
    condition = models.CharField(max_length=500, blank=True, help_text="Empty: always. E.g. kind == 'time'")
    outputs = models.JSONField(default=dict)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["table_id", "position"]
        constraints = [models.UniqueConstraint(fields=["table", "position"], name="table_rule_position_once")]

    def __str__(self) -> str:
        return f"{self.position}: {self.condition or 'always'}"

    def spec(self) -> RuleSpec:
        """The rule without the database."""
        return RuleSpec(self.condition, self.outputs, self.note)


class TableTest(models.Model):
    """Inputs with the outputs that are expected: tried on every check."""

    table = models.ForeignKey(DecisionTable, on_delete=models.CASCADE, related_name="tests")
    name = models.CharField(max_length=120)
    inputs = models.JSONField(default=dict, blank=True, help_text="What is left out says nothing in particular")
    expected = models.JSONField(default=dict)

    class Meta:
        ordering = ["table_id", "id"]
        constraints = [models.UniqueConstraint(fields=["table", "name"], name="table_test_name_once")]

    def __str__(self) -> str:
        return self.name


TABLE_MOVES = Transitions(
    noun="decision table",
    initial="draft",
    moves={
        "draft": {"checked": "every check passes"},
        "checked": {"draft": "edited", "published": "published by a second person"},
        "published": {"superseded": "another version published"},
        "superseded": {},
    },
)
