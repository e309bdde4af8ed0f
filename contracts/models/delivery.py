"""Projects, tasks, people, milestones, and which contract line takes which work (billing.md §1.2–1.4)."""

from django.db import models
from django.db.models import Q

from contracts.models.agreements import Contract, ContractLine
from integration_hub.kernel.models import Timestamped, Versioned, currency_field, money_field
from integration_hub.kernel.transitions import Transitions


class Project(Timestamped):
    """A project shell, made by activation or brought by a PSA. Closed refuses new time but not corrections."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        OPEN = "open", "Open"
        ON_HOLD = "on_hold", "On hold"
        COMPLETED = "completed", "Completed"
        CLOSED = "closed", "Closed"

    code = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    contract = models.ForeignKey(Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="projects")
    contract_number = models.CharField(
        max_length=120, blank=True, help_text="The contract its source names, which may be yet to come"
    )
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PLANNED)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        indexes = [
            models.Index(
                fields=["contract_number"], name="project_waits_for_contract", condition=Q(contract__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return self.name if self.name.startswith(self.code) else f"{self.code} {self.name}"


class Task(Timestamped):
    """A piece of a project that work is logged on."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tasks")
    code = models.CharField(max_length=80)
    name = models.CharField(max_length=200)
    line = models.ForeignKey(ContractLine, null=True, blank=True, on_delete=models.PROTECT, related_name="tasks")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "code"], name="task_code_once")]

    def __str__(self) -> str:
        return self.name


class Resource(Timestamped):
    """A person whose work is billed, by the firm's own code."""

    code = models.CharField(max_length=120, unique=True)
    name = models.CharField(max_length=160)
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=80, blank=True, help_text="Role when an entry names none")
    cost_centre = models.CharField(max_length=40, blank=True)
    vendor = models.CharField(max_length=120, blank=True, help_text="The subcontractor they work for; empty: our own")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class EligibilityRule(Timestamped):
    """Which work falls under which contract line. Empty fields match everything; the most specific rule wins,
    and two equally specific ones with different answers are `MAP_AMBIGUOUS`, never "the first".
    """

    class Chargeability(models.TextChoices):
        CHARGEABLE = "chargeable", "Chargeable"
        INCLUDED = "included", "Included"
        NON_CHARGEABLE = "non_chargeable", "Not chargeable"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="eligibility")
    kind = models.CharField(
        max_length=10, choices=[("time", "Time"), ("usage", "Usage"), ("expense", "Expense")], default="time"
    )
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.PROTECT)
    task_code = models.CharField(max_length=80, blank=True)
    role = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=80, blank=True)
    line = models.ForeignKey(ContractLine, null=True, blank=True, on_delete=models.PROTECT, related_name="eligibility")
    chargeability = models.CharField(max_length=16, choices=Chargeability.choices, default=Chargeability.CHARGEABLE)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "kind", "project", "task_code", "role", "category"],
                name="eligibility_rule_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="eligibility_chargeable_has_line", condition=~Q(chargeability="chargeable") | Q(line__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.category or self.role or self.task_code or 'any'} → {self.line or self.chargeability}"
        )


class Milestone(Versioned):
    """A fixed amount due when the client accepts something (billing.md §1.4)."""

    class Status(models.TextChoices):
        PLANNED = "planned", "Planned"
        IN_PROGRESS = "in_progress", "In progress"
        SUBMITTED = "submitted", "Submitted"
        ACCEPTED = "accepted", "Accepted"
        CANCELLED = "cancelled", "Cancelled"

    line = models.ForeignKey(ContractLine, on_delete=models.PROTECT, related_name="milestones")
    sequence = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    amount = money_field()
    currency = currency_field()
    due_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PLANNED)
    accepted_on = models.DateField(null=True, blank=True)
    accepted_by = models.CharField(max_length=120, blank=True)
    evidence = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["line_id", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["line", "sequence"], name="milestone_sequence_once"),
            models.CheckConstraint(
                name="milestone_accepted_pair", condition=~Q(status="accepted") | Q(accepted_on__isnull=False)
            ),
            models.CheckConstraint(name="milestone_amount_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name


MILESTONE_MOVES = Transitions(
    noun="milestone",
    initial="planned",
    moves={
        "planned": {
            "in_progress": "work starts",
            "submitted": "submitted",
            "accepted": "accepted",
            "cancelled": "cancelled",
        },
        "in_progress": {
            "submitted": "submitted",
            "accepted": "accepted",
            "planned": "moved back",
            "cancelled": "cancelled",
        },
        "submitted": {"accepted": "accepted", "in_progress": "rejected", "cancelled": "cancelled"},
        "accepted": {"in_progress": "acceptance withdrawn"},
        "cancelled": {},
    },
)
