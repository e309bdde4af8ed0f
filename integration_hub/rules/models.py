"""Versions of decision tables. A published one never changes: what it decided must stay explainable."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Timestamped, Versioned, currency_field, money_field
from integration_hub.kernel.transitions import Transitions
from integration_hub.rules.history import Period
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


class DraftRun(Timestamped):
    """A draft tried on the stored decisions of a legal entity and period: what would have come out otherwise."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    table = models.ForeignKey(DecisionTable, on_delete=models.CASCADE, related_name="draft_runs")
    legal_entity = models.CharField(max_length=16, help_text="Whose decisions")
    first = models.DateField(help_text="First day of what was decided about")
    last = models.DateField(help_text="Last day, included")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    rules_digest = models.CharField(max_length=64, help_text="SHA-256 of the rules that were tried")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 over all that went in, unit after unit")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="draft_runs")
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    stop_asked_by = models.CharField(max_length=150, blank=True, help_text="Who asked it to stop")
    error = models.TextField(blank=True)
    units_total = models.PositiveIntegerField(null=True, blank=True, help_text="E.g. contracts to go through")
    units_done = models.PositiveIntegerField(default=0)
    after_unit = models.BigIntegerField(default=0, help_text="Id of the unit gone through last")
    examined = models.PositiveIntegerField(default=0, help_text="Decisions looked at")
    changed = models.PositiveIntegerField(default=0, help_text="Decisions that would come out otherwise")
    undecidable = models.JSONField(default=dict, blank=True, help_text="Decisions that could not be tried, by reason")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["table"], condition=Q(state="running"), name="draft_run_one_at_a_time"),
            models.CheckConstraint(name="draft_run_period", condition=Q(first__lte=F("last"))),
            models.CheckConstraint(
                name="draft_run_finished",
                condition=Q(state="running", finished_at__isnull=True)
                | ~Q(state="running") & Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Draft run {self.pk} of {self.table}"

    @property
    def period(self) -> Period:
        """Which decisions it is about."""
        return Period(self.legal_entity, self.first, self.last)

    @property
    def not_decidable(self) -> int:
        """How many decisions nothing could be said of."""
        return sum(self.undecidable.values())

    @property
    def unchanged(self) -> int:
        """How many decisions would come out the same."""
        return self.examined - self.changed - self.not_decidable


class _Finding(models.Model):
    """Something a draft run found: a figure before and after, in its currency."""

    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    label = models.CharField(max_length=240)
    currency = currency_field()
    before = money_field()
    after = money_field()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label


class DraftRunDocument(_Finding):
    """A document that would be another by the draft, or what is not on one yet: its net."""

    run = models.ForeignKey(DraftRun, on_delete=models.CASCADE, related_name="documents")
    customer = models.CharField(max_length=200)
    decisions = models.PositiveIntegerField(help_text="Decisions behind the difference")

    class Meta:
        ordering = ["run_id", "id"]


class DraftRunDecision(_Finding):
    """A decision that would come out otherwise; of very many the first ones."""

    run = models.ForeignKey(DraftRun, on_delete=models.CASCADE, related_name="decisions")
    was = models.CharField(max_length=200)
    would_be = models.CharField(max_length=200)

    class Meta:
        ordering = ["run_id", "id"]


DRAFT_RUN_MOVES = Transitions(
    noun="draft run",
    initial="running",
    moves={
        "running": {
            "done": "all is gone through",
            "stopped": "a person asked, after what it was at",
            "failed": "it could not go on",
        },
        "done": {},
        "stopped": {},
        "failed": {},
    },
)


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
