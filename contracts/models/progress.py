"""How far a line with a fixed price is, as measured (billing.md §1.4): what is billed by progress hangs on it."""

from django.db import models
from django.db.models import Q

from contracts.models.agreements import ContractLine
from contracts.models.delivery import Milestone
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions


class ProgressMeasure(Versioned):
    """So much of a line that is billed by progress was done at the end of a day: who says so, and what proves it.

    One that rose brought a step: an accepted milestone over the difference in money. One that fell is questioned until
    a second person decides: nothing is credited on a slip of the pen.
    """

    class Status(models.TextChoices):
        IN_FORCE = "in_force", "In force"
        QUESTIONED = "questioned", "Questioned: it fell"
        DECLINED = "declined", "Declined"

    line = models.ForeignKey(ContractLine, on_delete=models.PROTECT, related_name="measures")
    as_of = models.DateField()
    percent = models.DecimalField(max_digits=7, decimal_places=4, help_text="Of the whole line, 0 to 100")
    measured_by = models.CharField(max_length=120)
    evidence = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.IN_FORCE)
    step = models.OneToOneField(
        Milestone, null=True, blank=True, on_delete=models.PROTECT, related_name="measure",
        help_text="What it added to be billed; empty where it added nothing",
    )  # fmt: skip
    recorded_by = models.CharField(max_length=150)
    recorded_at = models.DateTimeField(default=now)
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-as_of", "-id"]
        constraints = [
            models.CheckConstraint(name="progress_is_a_part", condition=Q(percent__gte=0, percent__lte=100)),
            models.CheckConstraint(
                name="progress_step_in_force", condition=Q(step__isnull=True) | Q(status="in_force")
            ),
            models.CheckConstraint(
                name="progress_decided_pair",
                condition=Q(decided_at__isnull=True, decided_by="") | Q(decided_at__isnull=False) & ~Q(decided_by=""),
            ),
            models.UniqueConstraint(
                fields=["line"], condition=Q(status="questioned"), name="progress_one_question_a_line"
            ),
        ]
        permissions = [("decide_progressmeasure", "Can decide on progress that fell")]

    def __str__(self) -> str:
        return f"{self.percent.normalize():f}\u00a0% as of {self.as_of:%-d %b %Y}"


PROGRESS_MOVES = Transitions(
    noun="progress measure",
    initial="in_force",
    moves={
        "in_force": {},
        "questioned": {"in_force": "confirmed by a second person", "declined": "declined, or progress rose again"},
        "declined": {},
    },
)
