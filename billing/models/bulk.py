"""Approving many candidates in one act: what was seen of each when they were chosen, and what became of it (§5.3)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from billing.models.delegations import Delegation
from billing.models.documents import Approval, Candidate
from integration_hub.kernel.models import Timestamped


class BulkApproval(Timestamped):
    """A frozen selection of candidates that one person approves, or has let lie: `decided_at` says which."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bulk_approvals")
    delegation = models.ForeignKey(
        Delegation,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="bulk_approvals",
        help_text="In whose stead, and by which right",
    )
    told = models.CharField(max_length=500, help_text="How they were chosen")
    decided_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="bulk_approval_finished_was_decided",
                condition=Q(finished_at__isnull=True) | Q(decided_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"Bulk approval {self.pk}"


class BulkItem(models.Model):
    """One candidate of it: the hash and the content that were frozen, and what became of it."""

    class Outcome(models.TextChoices):
        WAITING = "waiting", "Waiting"
        APPROVED = "approved", "Approved"
        COUNTED = "counted", "Counted: more people needed"
        LEFT_OUT = "left_out", "Left out"

    bulk = models.ForeignKey(BulkApproval, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="bulk_items")
    content_hash = models.CharField(max_length=64)
    content = models.JSONField(default=dict, help_text="What the hash is of, as it was seen")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    reason = models.TextField(blank=True, help_text="Why it was left out")
    approval = models.OneToOneField(Approval, null=True, blank=True, on_delete=models.PROTECT, related_name="bulk_item")

    class Meta:
        ordering = ["bulk_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["bulk", "candidate"], name="bulk_item_once"),
            models.CheckConstraint(
                name="bulk_item_says_what_became_of_it",
                condition=Q(outcome="waiting", approval__isnull=True, reason="")
                | Q(outcome__in=["approved", "counted"], approval__isnull=False, reason="")
                | (Q(outcome="left_out", approval__isnull=True) & ~Q(reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.bulk_id}/{self.position}"
