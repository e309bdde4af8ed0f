"""Holds: a reasoned stop on billing, with an owner and a review date (billing.md §1.5, §3.2)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from contracts.models import Contract, LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions


class HoldCode(models.TextChoices):
    """Reason codes of §3.2, and the one for an amendment on its way to the other systems."""

    CLIENT_QUERY = "CLIENT_QUERY", "Client query"
    SCOPE_DISPUTE = "SCOPE_DISPUTE", "Scope dispute"
    PM_HOLD = "PM_HOLD", "Held by the project manager"
    QUALITY_REWORK = "QUALITY_REWORK", "Rework"
    CONTRACT_UNSIGNED = "CONTRACT_UNSIGNED", "Contract or amendment not signed"
    PO_AWAITED = "PO_AWAITED", "Waiting for a PO"
    CREDIT_HOLD = "CREDIT_HOLD", "Credit hold"
    LEGAL_HOLD = "LEGAL_HOLD", "Legal hold"
    CONSOLIDATE = "CONSOLIDATE", "Consolidate with the next cycle"
    CLIENT_FORMAT = "CLIENT_FORMAT", "Client format"
    TAX_REVIEW = "TAX_REVIEW", "Tax review"
    INTERCO_PENDING = "INTERCO_PENDING", "Intercompany price pending"
    MIGRATION = "MIGRATION", "Migration"
    RUN_STOP = "RUN_STOP", "Run stopped"
    AMENDMENT_PROPAGATING = "AMENDMENT_PROPAGATING", "Amendment on its way to the other systems"


class HoldEffect(models.TextChoices):
    """What the hold stops."""

    NO_BILL = "no_bill", "Keeps out of candidates"
    NO_POST = "no_post", "Candidate builds, will not post"


class Hold(Versioned):
    """A stop on one target. The database keeps one open hold per (target, code)."""

    class Scope(models.TextChoices):
        EVENT = "event", "Entry"
        MILESTONE = "milestone", "Milestone"
        PROJECT = "project", "Project"
        LINE = "line", "Contract line"
        CONTRACT = "contract", "Contract"
        BILL_TO = "bill_to", "Bill-to"
        CUSTOMER = "customer", "Customer"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        RELEASED = "released", "Released"
        EXPIRED = "expired", "Expired"

    scope = models.CharField(max_length=10, choices=Scope.choices)
    target_id = models.CharField(max_length=200, help_text="Row id; for an entry its work key")
    target_label = models.CharField(max_length=200, blank=True)
    contract = models.ForeignKey(Contract, null=True, blank=True, on_delete=models.PROTECT, related_name="holds")
    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=24, choices=HoldCode.choices)
    effect = models.CharField(max_length=8, choices=HoldEffect.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    reason = models.TextField(blank=True)
    owner_role = models.CharField(max_length=32)
    placed_by = models.CharField(max_length=150, help_text="User name, or the part of the system")
    placed_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="holds_placed"
    )
    placed_at = models.DateTimeField(default=now)
    review_on = models.DateField()
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField(blank=True)

    class Meta:
        ordering = ["review_on", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["scope", "target_id", "code"], condition=Q(status="open"), name="hold_one_open_per_target"
            ),
            models.CheckConstraint(
                name="hold_decided_pair",
                condition=Q(status="open", decided_at__isnull=True, decided_by="")
                | ~Q(status="open") & Q(decided_at__isnull=False) & ~Q(decided_by=""),
            ),
        ]
        indexes = [models.Index(fields=["contract"], name="hold_open_contract", condition=Q(status="open"))]
        permissions = [("release_hold", "Can release holds"), ("place_hold", "Can place holds")]

    def __str__(self) -> str:
        return f"{self.get_code_display()} on {self.target_label or self.target_id}"


HOLD_MOVES = Transitions(
    noun="hold",
    initial="open",
    moves={
        "open": {"released": "its owner releases it", "expired": "its condition is met"},
        "released": {},
        "expired": {},
    },
)
