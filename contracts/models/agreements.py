"""Contracts, their versions and amendments, lines, caps and purchase orders (billing.md §1.2, §1.5).

Terms are bitemporal. Effective dates say when a term applies to work; `introduced_in` and `withdrawn_in` say which
contract version brought it and which took it away, and a version carries the instant it was recorded.
"""

from django.db import models
from django.db.models import F, Q

from contracts.models.parties import BillTo, Customer, LegalEntity
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Timestamped, Versioned, currency_field, money_field, rate_field
from integration_hub.kernel.transitions import Transitions


class Opportunity(Timestamped):
    """A deal in the CRM."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="opportunities")
    name = models.CharField(max_length=200)
    amount = money_field(null=True, blank=True)
    currency = currency_field(blank=True)
    stage = models.CharField(max_length=60)
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)
    closes_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name


class Contract(Versioned):
    """An agreement between one legal entity and one customer in one currency."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        SIGNED = "signed", "Signed, activating"
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        COMPLETED = "completed", "Completed"
        TERMINATED = "terminated", "Terminated"
        CLOSED = "closed", "Closed"

    number = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contracts")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="contracts")
    opportunity = models.ForeignKey(
        Opportunity, null=True, blank=True, on_delete=models.PROTECT, related_name="contracts"
    )
    bill_to = models.ForeignKey(BillTo, null=True, blank=True, on_delete=models.PROTECT, related_name="contracts")
    currency = currency_field()
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    signed_on = models.DateField(null=True, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True, help_text="Last day, inclusive")
    payment_terms = models.CharField(max_length=60, blank=True)
    tax_jurisdiction = models.CharField(max_length=40, blank=True, help_text="e.g. US-NY, GB, DE")
    delivery_lead = models.CharField(max_length=120, blank=True)
    po_required = models.BooleanField(default=False)
    retention_percent = models.DecimalField(
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Withheld of every invoice until it is released",
    )
    policy = models.JSONField(default=dict, blank=True, help_text="How it is billed where not by default")
    activated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(
                name="contract_ends_after_start",
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
            models.CheckConstraint(
                name="contract_retention_is_a_part",
                condition=Q(retention_percent__isnull=True) | Q(retention_percent__gt=0, retention_percent__lt=100),
            ),
            models.CheckConstraint(
                name="contract_active_is_signed",
                condition=~Q(status__in=["signed", "active"]) | Q(signed_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"


class Amendment(Timestamped):
    """A signed change of terms, with when it was signed and from when it applies."""

    class Kind(models.TextChoices):
        RATE = "rate", "Rate"
        CAP = "cap", "Cap"
        TERM = "term", "Term"
        SCOPE = "scope", "Scope"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        SIGNED = "signed", "Signed"
        APPLIED = "applied", "Applied"
        REVERSED = "reversed", "Reversed"
        VOID = "void", "Void"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="amendments")
    number = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    signed_on = models.DateField(null=True, blank=True)
    effective_on = models.DateField(null=True, blank=True)
    changes = models.JSONField(default=dict)
    description = models.TextField(blank=True)
    propagated_at = models.DateTimeField(null=True, blank=True, help_text="When PSA, ERP and CRM all had it.")

    class Meta:
        ordering = ["contract_id", "effective_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "number"], name="amendment_number_once"),
            models.CheckConstraint(
                name="amendment_signed_pair",
                condition=~Q(status__in=["signed", "applied"]) | Q(signed_on__isnull=False, effective_on__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} amendment {self.number}"


class ContractVersion(models.Model):
    """A state of the terms: number 1 is the signed contract, each applied amendment makes the next."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField(default=now)
    amendment = models.OneToOneField(
        Amendment, null=True, blank=True, on_delete=models.PROTECT, related_name="made_version"
    )
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["contract_id", "number"]
        constraints = [models.UniqueConstraint(fields=["contract", "number"], name="contract_version_number_once")]

    def __str__(self) -> str:
        return f"v{self.number}"


class Method(models.TextChoices):
    """How a contract line is billed (billing.md §1.2)."""

    TIME_AND_MATERIALS = "tm", "Time & materials"
    MILESTONE = "milestone", "Milestones"
    PROGRESS = "progress", "Progress"
    RETAINER_HOURS = "retainer_hours", "Hour retainer"
    RETAINER_PREPAID = "retainer_prepaid", "Prepaid retainer"
    RECURRING = "recurring", "Recurring fee"
    FIXED_SCHEDULE = "fixed_schedule", "Fixed schedule"
    EXPENSE = "expense", "Expenses"
    USAGE = "usage", "Usage, by unit"
    COMMITMENT = "commitment", "Minimum commitment"
    INCLUDED = "included", "Included, not billed"


class ContractLine(Timestamped):
    """One thing the contract charges for, and how."""

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        SUSPENDED = "suspended", "Suspended"
        ENDED = "ended", "Ended"

    class Frequency(models.TextChoices):
        ONCE = "once", "Once"
        MONTHLY = "monthly", "Monthly"
        QUARTERLY = "quarterly", "Quarterly"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    method = models.CharField(max_length=16, choices=Method.choices)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    amount = money_field(null=True, blank=True, help_text="Fee per period or fixed price")
    included_hours = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    overage_rate = rate_field(null=True, blank=True)
    unused = models.CharField(
        max_length=10, default="forfeit", choices=[("forfeit", "Forfeited"), ("rollover", "Carried")]
    )
    carry_limit_hours = models.DecimalField(
        max_digits=9, decimal_places=2, null=True, blank=True, help_text="At most so much is carried; empty: all"
    )
    carry_months = models.PositiveSmallIntegerField(default=1, help_text="Months that carried hours last")
    overage = models.CharField(
        max_length=14, default="bill", choices=[("bill", "Billed"), ("carry_deficit", "Taken from the next month")]
    )
    deficit_limit = money_field(
        null=True, blank=True, help_text="How far below nothing a retainer may go: hours, or money of a prepaid one"
    )
    minimum_balance = money_field(
        null=True, blank=True, help_text="A prepaid retainer below it is topped up to it by the next run"
    )
    taxed_when_funded = models.BooleanField(
        default=False, help_text="Tax was charged with the prepayment: invoices draw their net, not their gross"
    )
    draws_retainer = models.BooleanField(default=True, help_text="A prepaid retainer of the contract may pay it")
    priority = models.PositiveSmallIntegerField(default=0, help_text="Of several prepaid retainers the lowest first")
    frequency = models.CharField(max_length=10, choices=Frequency.choices, blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    expense_rule = models.CharField(
        max_length=14,
        blank=True,
        choices=[("at_cost", "At cost"), ("markup", "With markup"), ("non_billable", "Not billed")],
    )
    markup_percent = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    prices = models.JSONField(default=dict, blank=True, help_text="Terms of its prices beside the rates")
    introduced_in = models.ForeignKey(
        ContractVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="lines"
    )

    class Meta:
        ordering = ["contract_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "number"], name="contract_line_number_once"),
            models.CheckConstraint(
                name="contract_line_ends_after_start",
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
            ),
            models.CheckConstraint(
                name="contract_line_retainer_terms",
                condition=(Q(deficit_limit__isnull=True) | Q(deficit_limit__gte=0))
                & (Q(minimum_balance__isnull=True) | Q(method="retainer_prepaid", minimum_balance__gte=0))
                & Q(carry_months__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.name}"


class Cap(Versioned):
    """A limit on what may be billed (NTE). Committed plus reserved never pass a hard limit: the database says so.

    A credit memo on its way reserves a negative amount: the room it gives back. A monthly limit counts each calendar
    month of service dates for itself, in its `months`; its own sums are those of all months together.
    """

    class Kind(models.TextChoices):
        HARD = "hard", "Hard: nothing beyond it"
        SOFT = "soft", "Soft: warns"

    class Period(models.TextChoices):
        TOTAL = "total", "In all"
        MONTH = "month", "Per month of the work"

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="caps")
    line = models.ForeignKey(ContractLine, null=True, blank=True, on_delete=models.PROTECT, related_name="caps")
    bill_to = models.ForeignKey(
        BillTo,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="caps",
        help_text="Only what this payer is billed as its share; empty: whoever pays",
    )
    kind = models.CharField(max_length=4, choices=Kind.choices, default=Kind.HARD)
    period = models.CharField(max_length=5, choices=Period.choices, default=Period.TOTAL)
    includes_expenses = models.BooleanField(
        default=False, help_text="A limit on the whole contract counts expenses too; one on an expense line always does"
    )
    limit = money_field()
    currency = currency_field()
    reserved = money_field(default=0)
    committed = money_field(default=0)
    lowered_below_billed = models.BooleanField(
        default=False, help_text="An amendment set it under what was billed already"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["contract", "line", "bill_to", "kind", "period"],
                name="cap_once_per_scope",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="cap_never_over_committed",
                condition=Q(kind="soft")
                | Q(period="month")
                | Q(lowered_below_billed=True)
                | Q(limit__gte=F("reserved") + F("committed")),
            ),
            models.CheckConstraint(
                name="cap_ledger_not_negative", condition=Q(committed__gte=0, reserved__gte=F("committed") * -1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.limit} {self.currency}"

    @property
    def whose(self) -> str:
        """`, Client's share` of a limit on what one payer is billed; nothing of others."""
        return f", {self.bill_to.customer.name}'s share" if self.bill_to else ""


class CapMonth(models.Model):
    """What one calendar month took of a monthly limit; kind and limit are the cap's, for the database to refuse by."""

    cap = models.ForeignKey(Cap, on_delete=models.PROTECT, related_name="months")
    month = models.DateField(help_text="Its first day")
    kind = models.CharField(max_length=4, choices=Cap.Kind.choices)
    limit = money_field()
    reserved = money_field(default=0)
    committed = money_field(default=0)
    lowered_below_billed = models.BooleanField(default=False)

    class Meta:
        ordering = ["cap_id", "month"]
        constraints = [
            models.UniqueConstraint(fields=["cap", "month"], name="cap_month_once"),
            models.CheckConstraint(
                name="cap_month_never_over_committed",
                condition=Q(kind="soft") | Q(lowered_below_billed=True) | Q(limit__gte=F("reserved") + F("committed")),
            ),
            models.CheckConstraint(
                name="cap_month_ledger_not_negative", condition=Q(committed__gte=0, reserved__gte=F("committed") * -1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cap_id} {self.month:%Y-%m}"


class PurchaseOrder(Versioned):
    """A client's order number with its amount and dates."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="purchase_orders")
    number = models.CharField(max_length=60)
    bill_to = models.ForeignKey(
        BillTo,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="purchase_orders",
        help_text="The payer who gave it; empty: the contract's own bill-to",
    )
    amount = money_field(null=True, blank=True)
    currency = currency_field()
    expires_on = models.DateField(null=True, blank=True)
    reserved = money_field(default=0)
    committed = money_field(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["contract", "number"], name="po_number_once"),
            models.CheckConstraint(
                name="po_ledger_not_negative", condition=Q(committed__gte=0, reserved__gte=F("committed") * -1)
            ),
        ]

    def __str__(self) -> str:
        return self.number


CONTRACT_MOVES = Transitions(
    noun="contract",
    initial="draft",
    moves={
        "draft": {"in_review": "sent for approval", "signed": "signed", "terminated": "dropped before signature"},
        "in_review": {"signed": "signed", "draft": "returned", "terminated": "dropped before signature"},
        "signed": {"active": "activation done", "terminated": "terminated before activation"},
        "active": {"suspended": "suspend", "completed": "work done", "terminated": "terminated"},
        "suspended": {"active": "resume", "terminated": "terminated"},
        "completed": {"closed": "nothing left to bill"},
        "terminated": {"closed": "nothing left to bill"},
        "closed": {},
    },
)
AMENDMENT_MOVES = Transitions(
    noun="amendment",
    initial="draft",
    moves={
        "draft": {"signed": "signed in the CRM", "void": "withdrawn"},
        "signed": {"applied": "new contract version made", "void": "withdrawn"},
        "applied": {"reversed": "another amendment"},
        "reversed": {},
        "void": {},
    },
)
