"""Delivered work and what we concluded about it (billing.md §1.7).

Source record, billable event, decision and posted line are four different things. An event is our immutable copy of
one version of delivered work; decisions are recomputed freely; posted lines never change. The references of events,
decisions and pieces are proved a statement at a time (`kernel.references`).
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from contracts.models import (
    BillTo,
    Cap,
    Contract,
    ContractLine,
    ContractVersion,
    LegalEntity,
    Milestone,
    Project,
    Resource,
)
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import currency_field, money_field, rate_field
from integration_hub.kernel.transitions import Transitions


class BillableEvent(models.Model):
    """One version of one piece of delivered work. Unique by (work key, version); one current per work key."""

    class Kind(models.TextChoices):
        TIME = "time", "Time"
        USAGE = "usage", "Usage"
        EXPENSE = "expense", "Expense"
        MILESTONE = "milestone", "Milestone"
        FEE = "fee", "Scheduled fee"

    class Approval(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Submitted"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    work_key = models.CharField(max_length=200, help_text="connection:entity:source id, or schedule/milestone key")
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    is_deleted = models.BooleanField(default=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source_version = models.ForeignKey(
        SourceVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="billable_events",
        db_constraint=False,
    )
    legal_entity = models.ForeignKey(
        LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    contract = models.ForeignKey(
        Contract,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="billable_events",
        db_index=False,
        db_constraint=False,
    )
    project = models.ForeignKey(
        Project,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="billable_events",
        db_index=False,
        db_constraint=False,
    )
    line = models.ForeignKey(
        ContractLine,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Fees and milestones name it",
        db_constraint=False,
    )
    milestone = models.ForeignKey(
        Milestone,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="billable_events",
        db_index=False,
        db_constraint=False,
    )
    schedule_item = models.ForeignKey(
        "billing.ScheduleItem",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="billable_events",
        db_index=False,
        db_constraint=False,
    )
    resource = models.ForeignKey(
        Resource,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="billable_events",
        db_index=False,
        db_constraint=False,
    )
    role = models.CharField(max_length=80, blank=True)
    task_code = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=80, blank=True)
    service_date = models.DateField()
    minutes = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True, help_text="Worked, exact")
    quantity = models.DecimalField(
        max_digits=20, decimal_places=6, null=True, blank=True, help_text="Units of usage; nights, kilometres of costs"
    )
    amount = money_field(null=True, blank=True, help_text="Cost of an expense, value of a fee or milestone")
    includes_tax = models.BooleanField(default=False, help_text="The tax on an expense is in its amount")
    currency = currency_field(blank=True)
    approval = models.CharField(max_length=10, choices=Approval.choices)
    chargeable = models.BooleanField(default=True, help_text="What the source says")
    has_evidence = models.BooleanField(default=True, help_text="Receipt of an expense, proof of an acceptance")
    description = models.TextField(blank=True)
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["service_date", "id"]
        constraints = [
            models.UniqueConstraint(fields=["work_key", "version"], name="event_version_once"),
            models.UniqueConstraint(fields=["work_key"], condition=Q(is_current=True), name="event_one_current"),
            models.CheckConstraint(
                name="event_has_quantity",
                condition=Q(kind="time", minutes__isnull=False)
                | Q(kind="usage", quantity__isnull=False)
                | ~Q(kind__in=["time", "usage"]) & Q(amount__isnull=False) & ~Q(currency=""),
            ),
        ]
        # Each index is written with every hour worked: only what is asked for, and only for the rows that have it.
        indexes = [
            models.Index(fields=["contract", "service_date"], name="event_contract", condition=Q(is_current=True)),
            models.Index(fields=["project", "service_date"], name="event_project", condition=Q(is_current=True)),
            models.Index(fields=["line"], name="event_line", condition=Q(line__isnull=False)),
            models.Index(fields=["milestone"], name="event_milestone", condition=Q(milestone__isnull=False)),
            models.Index(fields=["schedule_item"], name="event_schedule", condition=Q(schedule_item__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.work_key}"


class AgreedTerms(models.Model):
    """The terms of a contract as work was decided under them, for good: with a trace, a decision can be made again.

    Each content is kept once for a contract. It has lines, prices, limits and rules of eligibility; where limits and
    retainers stood when the turn of a work came, its own trace tells.
    """

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="agreed_terms")
    content_hash = models.CharField(max_length=64, help_text="SHA-256 of the terms as canonical JSON")
    terms = models.JSONField(help_text="See billing.engine.recorded")
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        verbose_name_plural = "agreed terms"
        constraints = [
            models.UniqueConstraint(fields=["contract", "content_hash"], name="agreed_terms_once"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.content_hash[:8]}"


class Decision(models.Model):
    """What we concluded about one event, under which contract version and rules, with the trace that says why."""

    event = models.ForeignKey(BillableEvent, on_delete=models.PROTECT, related_name="decisions", db_constraint=False)
    contract_version = models.ForeignKey(
        ContractVersion,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        db_index=False,
        db_constraint=False,
    )
    agreed = models.ForeignKey(
        AgreedTerms,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        db_index=False,
        db_constraint=False,
        help_text="Its terms, whole; empty without a contract, and for what was decided before they were kept",
    )
    rules = models.CharField(max_length=20, help_text="Version of the rule set")
    trace = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    is_current = models.BooleanField(default=True)
    decided_at = models.DateTimeField(default=now)
    caused_by = models.CharField(max_length=120, help_text="What made us decide again")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event"], condition=Q(is_current=True), name="decision_one_current"),
        ]


class Piece(models.Model):
    """A part of a decision in one state. Minutes and value of the current pieces of a work, over all its versions,
    always add up to its current version: what was billed of an earlier one stays, and its credit stands beside it.

    `amount` is exact (not rounded): rounding happens once, at the printed line (R6).
    """

    class State(models.TextChoices):
        BLOCKED = "blocked", "Blocked"
        HELD = "held", "Held"
        INCLUDED = "included", "Included"
        NON_BILLABLE = "non_billable", "Not billable"
        OVER_CAP = "over_cap", "Over the cap"
        BILLABLE = "billable", "Billable"
        RESERVED = "reserved", "In a candidate"
        POSTPONED = "postponed", "Postponed"
        WRITTEN_OFF = "written_off", "Written off"
        POSTED = "posted", "Posted"
        CORRECTED = "corrected", "Corrected"

    OPEN = ("blocked", "held", "included", "non_billable", "over_cap", "billable", "postponed", "written_off")
    LOCKED = ("reserved", "posted", "corrected")

    decision = models.ForeignKey(
        Decision, on_delete=models.PROTECT, related_name="pieces", db_index=False, db_constraint=False
    )
    event = models.ForeignKey(BillableEvent, on_delete=models.PROTECT, related_name="pieces", db_constraint=False)
    number = models.PositiveSmallIntegerField()
    is_current = models.BooleanField(default=True)
    state = models.CharField(max_length=12, choices=State.choices)
    codes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    legal_entity = models.ForeignKey(
        LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    contract = models.ForeignKey(
        Contract,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pieces",
        db_index=False,
        db_constraint=False,
    )
    line = models.ForeignKey(
        ContractLine, null=True, blank=True, on_delete=models.PROTECT, related_name="pieces", db_constraint=False
    )
    cap = models.ForeignKey(
        Cap,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pieces",
        db_index=False,
        db_constraint=False,
    )
    bill_to = models.ForeignKey(
        BillTo,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="shares",
        db_index=False,
        help_text="The payer whose share it is; empty: the contract's own bill-to pays all of it",
    )
    percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True, help_text="That share")
    minutes = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    rate = rate_field(null=True, blank=True)
    amount = money_field(null=True, blank=True)
    net = money_field(null=True, blank=True, help_text="Its share of the printed line's rounded net")
    currency = currency_field(blank=True)
    candidate_line = models.ForeignKey(
        "billing.CandidateLine",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="pieces",
        db_index=False,
        db_constraint=False,
    )
    corrects = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credits",
        db_index=False,
        help_text="The posted piece that this credit takes back, whole",
        db_constraint=False,
    )
    adjusts = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="adjustments",
        db_index=False,
        help_text="The posted piece whose price changed since: this is the difference",
    )

    class Meta:
        ordering = ["event_id", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["corrects"], condition=Q(is_current=True, corrects__isnull=False), name="piece_credited_once"
            ),
            models.CheckConstraint(
                name="piece_negative_is_a_credit",
                condition=~Q(state__in=["billable", "reserved", "posted"])
                | Q(corrects__isnull=True, amount__gte=0)
                | Q(corrects__isnull=False, amount__lte=0),
            ),
            models.CheckConstraint(
                name="piece_share_has_payer",
                condition=Q(bill_to__isnull=True, percent__isnull=True)
                | Q(bill_to__isnull=False, percent__gt=0, percent__lte=100),
            ),
            models.CheckConstraint(
                name="piece_adjustment_has_no_time",
                condition=Q(adjusts__isnull=True) | Q(minutes__isnull=True, corrects__isnull=True),
            ),
            models.UniqueConstraint(fields=["decision", "number"], name="piece_number_once"),
            models.UniqueConstraint(
                fields=["event", "number"], condition=Q(is_current=True), name="piece_one_current_per_number"
            ),
            models.CheckConstraint(
                name="piece_line_when_reserved",
                condition=Q(state__in=["reserved", "posted", "corrected"], candidate_line__isnull=False)
                | ~Q(state__in=["reserved", "posted", "corrected"]) & Q(candidate_line__isnull=True),
            ),
            models.CheckConstraint(
                name="piece_priced_when_billed",
                condition=~Q(state__in=["billable", "reserved", "posted", "over_cap"])
                | Q(amount__isnull=False) & ~Q(currency=""),
            ),
            models.CheckConstraint(
                name="piece_set_aside_is_priced",
                condition=~Q(state__in=["written_off", "postponed"]) | Q(amount__gte=0) & ~Q(currency=""),
            ),
            models.CheckConstraint(
                name="piece_blocked_has_code", condition=~Q(state__in=["blocked", "held"]) | Q(codes__len__gt=0)
            ),
        ]
        # As with events; the index of the unique (decision, number) serves questions for a decision.
        indexes = [
            models.Index(fields=["contract", "state"], name="piece_contract_state", condition=Q(is_current=True)),
            models.Index(
                fields=["candidate_line"], name="piece_candidate_line", condition=Q(candidate_line__isnull=False)
            ),
            models.Index(fields=["cap"], name="piece_cap", condition=Q(cap__isnull=False)),
            models.Index(fields=["contract"], name="piece_shared", condition=Q(bill_to__isnull=False)),
            models.Index(fields=["corrects"], name="piece_corrects", condition=Q(corrects__isnull=False)),
            models.Index(fields=["adjusts"], name="piece_adjusts", condition=Q(adjusts__isnull=False)),
        ]


PIECE_MOVES = Transitions(
    noun="piece of work",
    initial="billable",
    moves={
        "blocked": {
            "billable": "input of the check changed",
            "held": "hold placed",
            "included": "decided anew",
            "written_off": "a write-off is in force",
        },
        "held": {
            "billable": "hold released",
            "blocked": "decided anew",
            "written_off": "a write-off is in force",
        },
        "included": {"billable": "map changed"},
        "non_billable": {"billable": "policy changed"},
        "over_cap": {"billable": "room appears", "written_off": "a write-off is in force"},
        "billable": {
            "reserved": "put in a candidate",
            "held": "hold placed",
            "postponed": "a person chose later",
            "written_off": "a write-off is in force",
        },
        "reserved": {"posted": "ERP confirmed", "billable": "candidate dissolved"},
        "postponed": {"billable": "date reached", "written_off": "a write-off is in force"},
        "written_off": {"billable": "the write-off is reversed"},
        "posted": {"corrected": "credited"},
        "corrected": {},
    },
)
