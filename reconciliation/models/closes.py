"""Closes: an accounting period of one legal entity, what was accepted as it is, and what two people signed."""

from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions


class PeriodClose(Versioned):
    """The close of one month of one legal entity. What stands in its way is read anew each time, never stored."""

    legal_entity = models.CharField(max_length=16, help_text="Code")
    starts_on = models.DateField(help_text="First day of the period")
    ends_on = models.DateField(help_text="Last day, inclusive")
    cut_off_on = models.DateField(help_text="Day by which it is to be signed")
    opened_by = models.CharField(max_length=150)

    class Meta:
        ordering = ["-starts_on", "legal_entity"]
        permissions = [("sign_periodclose", "Can open, sign and reopen closes")]
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "starts_on"], name="close_once_per_period"),
            models.CheckConstraint(name="close_period_forward", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(name="close_cut_off_after_period", condition=Q(cut_off_on__gte=F("ends_on"))),
            models.CheckConstraint(name="close_has_legal_entity", condition=~Q(legal_entity="")),
        ]

    def __str__(self) -> str:
        return f"{self.legal_entity} {self.period}"

    @property
    def period(self) -> str:
        """The month, as in 2026-03."""
        return f"{self.starts_on:%Y-%m}"


class Acceptance(models.Model):
    """Why the findings of one check may stand although the period is signed. It holds for exactly these findings."""

    close = models.ForeignKey(PeriodClose, on_delete=models.PROTECT, related_name="acceptances")
    check_name = models.CharField(max_length=24)
    content = models.CharField(max_length=64, help_text="Digest of the findings that were accepted")
    reason = models.TextField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField(default=now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["close", "check_name"],
                condition=Q(withdrawn_at__isnull=True),
                name="close_acceptance_one_standing",
            ),
            models.CheckConstraint(name="close_acceptance_has_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="close_acceptance_withdrawn_pair",
                condition=Q(withdrawn_at__isnull=True, withdrawn_by="")
                | Q(withdrawn_at__isnull=False) & ~Q(withdrawn_by=""),
            ),
        ]


class ClosePack(models.Model):
    """What was signed: the whole statement as it stood at the first signature, under its digest. Kept for ever."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for the second signature"
        SIGNED = "signed", "Signed by two people"
        VOID = "void", "Void"

    STANDING = ("proposed", "signed")

    close = models.ForeignKey(PeriodClose, on_delete=models.PROTECT, related_name="packs")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    content = models.JSONField(help_text="See reconciliation.closing.pack")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the canonical JSON of the content")
    first_by = models.CharField(max_length=150)
    first_at = models.DateTimeField(default=now)
    second_by = models.CharField(max_length=150, blank=True)
    second_at = models.DateTimeField(null=True, blank=True)
    void_by = models.CharField(max_length=150, blank=True)
    void_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["close_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["close", "number"], name="close_pack_number_once"),
            models.UniqueConstraint(
                fields=["close"], condition=Q(state__in=["proposed", "signed"]), name="close_pack_one_standing"
            ),
            models.CheckConstraint(
                name="close_pack_signed_by_two",
                condition=~Q(state="signed") | Q(second_at__isnull=False),
            ),
            models.CheckConstraint(
                name="close_pack_second_pair",
                condition=Q(second_at__isnull=True, second_by="")
                | Q(second_at__isnull=False) & ~Q(second_by="") & ~Q(second_by=F("first_by")),
            ),
            models.CheckConstraint(name="close_pack_first_pair", condition=~Q(first_by="") & Q(first_at__isnull=False)),
            models.CheckConstraint(
                name="close_pack_void_pair",
                condition=Q(state="void", void_at__isnull=False) & ~Q(void_reason="") & ~Q(void_by="")
                | ~Q(state="void") & Q(void_at__isnull=True, void_by=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.close} pack {self.number}"


PACK_MOVES = Transitions(
    noun="close pack",
    initial="proposed",
    moves={
        "proposed": {"signed": "a second person signs the same figures", "void": "reopened"},
        "signed": {"void": "reopened"},
        "void": {},
    },
)
