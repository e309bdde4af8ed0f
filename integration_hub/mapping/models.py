"""Versioned mappings: which field of theirs is which of ours, and what their values mean. Edited in Django admin."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Problem
from integration_hub.mapping import checks
from integration_hub.mapping.compile import RuleSpec


class Mapping(models.Model):
    """One version of the mapping of one entity of one connection, e.g. (kantata-emea, time_entry, v3)."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        SUPERSEDED = "superseded", "Superseded"

    connection = models.CharField(max_length=60, help_text="Code of the connection.")
    entity = models.CharField(max_length=40, help_text="Canonical entity, e.g. time_entry.")
    version = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    row_filter = models.CharField(
        max_length=500, blank=True, help_text="JMESPath; rows for which it is not true are left out, and counted."
    )
    encoding = models.CharField(max_length=20, default="utf-8", help_text="Of files.")
    delimiter = models.CharField(max_length=2, default=",", help_text="Of CSV files.")
    note = models.TextField(blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="mappings_written"
    )
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="mappings_published"
    )
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "entity", "version"], name="mapping_version_once"),
            models.UniqueConstraint(
                fields=["connection", "entity"], condition=Q(status="published"), name="mapping_one_published"
            ),
            models.CheckConstraint(
                name="mapping_published_pair",
                condition=Q(status="draft", published_at__isnull=True)
                | ~Q(status="draft") & Q(published_at__isnull=False),
            ),
        ]
        permissions = [("publish_mapping", "Can publish mappings")]

    def __str__(self) -> str:
        return f"{self.connection} {self.entity} v{self.version}"

    def clean(self) -> None:
        """Refuse what could never be published, while it is typed."""
        refuse([*checks.entity_problems(self.entity), *checks.filter_problems(self.row_filter)])


class ValueMap(models.Model):
    """What the values of a field mean: their status, role, cost centre … → ours."""

    connection = models.CharField(max_length=60)
    name = models.CharField(max_length=60, help_text="e.g. time_status, role, cost_centre")
    when_unknown = models.CharField(
        max_length=8, choices=[("refuse", "Refuse the record"), ("keep", "Keep the value as it is")], default="refuse"
    )
    revision = models.PositiveIntegerField(default=1, editable=False, help_text="Counts changes of the rows.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "name"], name="mapping_value_map_once")]

    def __str__(self) -> str:
        return f"{self.connection} {self.name}"


class ValueRow(models.Model):
    """One translated value."""

    value_map = models.ForeignKey(ValueMap, on_delete=models.CASCADE, related_name="rows")
    theirs = models.CharField(max_length=200)
    ours = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["value_map", "theirs"], name="mapping_value_row_once")]

    def __str__(self) -> str:
        return f"{self.theirs} → {self.ours}"


class FieldRule(models.Model):
    """How one canonical field is filled."""

    class Kind(models.TextChoices):
        TEXT = "text", "Text"
        DECIMAL = "decimal", "Decimal number"
        INTEGER = "integer", "Whole number"
        DATE = "date", "Date"
        DATETIME = "datetime", "Date and time"
        BOOLEAN = "boolean", "Yes or no"
        AS_IS = "as_is", "As it is"

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="rules")
    target = models.CharField(max_length=60, help_text="Field of the canonical record.")
    source = models.CharField(
        max_length=300, blank=True, help_text="JMESPath over the source record; a column name for files."
    )
    constant = models.CharField(max_length=200, blank=True, help_text="Used instead of a source.")
    default = models.CharField(max_length=200, blank=True, help_text="Used when the source is empty.")
    required = models.BooleanField(default=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TEXT)
    date_format = models.CharField(
        max_length=60, blank=True, help_text="strptime format, e.g. %d-%b-%y; ISO when empty."
    )
    decimal_comma = models.BooleanField(default=False)
    scale = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="Multiply numbers by this, e.g. 0.01 for cents.",
    )
    value_map = models.ForeignKey(ValueMap, null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mapping", "target"], name="mapping_rule_once"),
            models.CheckConstraint(
                name="mapping_rule_has_source", condition=~Q(source="") | ~Q(constant="") | ~Q(default="")
            ),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.target} ← {self.source or self.constant}"

    def clean(self) -> None:
        """Refuse a wrong path, target or notation, while it is typed."""
        entity = self.mapping.entity if self.mapping_id else ""
        refuse([*checks.rule_problems(entity, self.spec()), *self.foreign_map()])

    def foreign_map(self) -> list[Problem]:
        """A value map of another connection would change when that one's administrators change it."""
        if self.value_map is None or not self.mapping_id or self.value_map.connection == self.mapping.connection:
            return []
        return [Problem(self.target, f"uses the value map {self.value_map} of another connection.", "Use its own.")]

    def spec(self) -> RuleSpec:
        """The rule without the database and without the rows of its value map."""
        return RuleSpec(
            target=self.target,
            source=self.source,
            constant=self.constant,
            default=self.default,
            required=self.required,
            kind=self.kind,
            date_format=self.date_format,
            decimal_comma=self.decimal_comma,
            scale=self.scale,
        )


def refuse(problems: list[Problem]) -> None:
    """Raise a form error that names every problem."""
    if problems:
        raise ValidationError([str(problem) for problem in problems])
