"""Long documents that are set by a lane and kept: an invoice of many lines, the time behind it (billing.md §5.4)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from billing.models.documents import Candidate
from integration_hub.kernel.models import Timestamped


class Paper(Timestamped):
    """A PDF of a candidate that is too long to be set while somebody waits; in parts, each a file of its own.

    `fingerprint` is that of the figures, text and templates it is set from: others make another paper.
    """

    class Kind(models.TextChoices):
        DOCUMENT = "document", "Document"
        BACKUP = "backup", "Time and expenses"

    class State(models.TextChoices):
        MAKING = "making", "Being set"
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="papers")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    fingerprint = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.MAKING)
    entries = models.PositiveIntegerField(help_text="Lines or entries in all its parts")
    parts_total = models.PositiveSmallIntegerField()
    parts_done = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="papers_asked")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["candidate", "kind"], name="paper_one_per_kind"),
            models.CheckConstraint(name="paper_done_within_total", condition=Q(parts_done__lte=F("parts_total"))),
            models.CheckConstraint(
                name="paper_ready_is_whole", condition=~Q(state="ready") | Q(parts_done=F("parts_total"))
            ),
            models.CheckConstraint(name="paper_failed_says_why", condition=~Q(state="failed") | ~Q(error="")),
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id} {self.get_kind_display().lower()}"


class PaperPart(models.Model):
    """One file of a paper."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["paper_id", "number"]
        constraints = [models.UniqueConstraint(fields=["paper", "number"], name="paper_part_once")]

    def __str__(self) -> str:
        return f"{self.paper_id} part {self.number}"
