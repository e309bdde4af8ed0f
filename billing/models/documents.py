"""Billing runs, candidates, approvals, tax and invoices (billing.md §1.7, R22)."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from contracts.models import BillTo, Contract, ContractLine, LegalEntity, PurchaseOrder
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Timestamped, Versioned, currency_field, money_field, rate_field


class BillingRun(Timestamped):
    """One building of candidates through a date, for one legal entity."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="billing_runs")
    through = models.DateField(help_text="Service dates up to and including")
    invoice_date = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="billing_runs")
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    control_totals = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    contracts_total = models.PositiveIntegerField(null=True, blank=True, help_text="Contracts to go through")
    contracts_done = models.PositiveIntegerField(default=0, help_text="Contracts gone through, those left out included")
    contracts_left_out = models.PositiveIntegerField(default=0, help_text="Contracts that could not be built")
    after_contract = models.BigIntegerField(default=0, help_text="Id of the contract gone through last")
    stop_asked_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["legal_entity"], condition=Q(state="running"), name="billing_run_one_running_per_entity"
            ),
        ]
        permissions = [("start_billingrun", "Can start billing runs")]

    def __str__(self) -> str:
        return f"{self.legal_entity} through {self.through}"


class Candidate(Versioned):
    """A proposed invoice, or credit memo over lines of posted invoices, whose figures are negative.

    `content_hash` covers every figure; an approval is bound to it.
    """

    class Kind(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_MEMO = "credit_memo", "Credit memo"

    class Status(models.TextChoices):
        BUILDING = "building", "Building"
        NEEDS_ATTENTION = "needs_attention", "Needs attention"
        READY = "ready", "Ready to approve"
        RETURNED = "returned", "Returned"
        APPROVED = "approved", "Approved"
        POSTING = "posting", "Posting"
        POSTED = "posted", "Posted"
        REJECTED = "rejected", "Rejected by the ERP"
        DISSOLVED = "dissolved", "Dissolved"

    BEYOND_CHECKS = ("posting", "posted", "dissolved")
    """Nothing stops these any more: they are sent, or given up."""
    UNPOSTED = ("building", "needs_attention", "ready", "returned", "approved", "posting", "rejected")

    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.INVOICE)
    run = models.ForeignKey(
        BillingRun,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="candidates",
        help_text="None where a person asked for it: a credit memo with an order",
    )
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="candidates")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="candidates")
    bill_to = models.ForeignKey(BillTo, on_delete=models.PROTECT, related_name="candidates")
    purchase_order = models.ForeignKey(
        PurchaseOrder, null=True, blank=True, on_delete=models.PROTECT, related_name="candidates"
    )
    number = models.CharField(max_length=40, unique=True, help_text="Our number; the external reference in the ERP")
    currency = currency_field()
    invoice_date = models.DateField()
    accounting_date = models.DateField(help_text="Last service date in it, or the first open day after (R10)")
    posts_from = models.DateField(
        null=True, blank=True, help_text="First day of the period that a closed window sent it on to"
    )
    through = models.DateField()
    is_supplemental = models.BooleanField(
        default=False, help_text="An invoice of late work alone: of days that an earlier one covered (R10)"
    )
    is_release = models.BooleanField(
        default=False, help_text="An invoice of what earlier ones withheld, and of no work (R18)"
    )
    is_deposit = models.BooleanField(default=False, help_text="An invoice ahead of work, and of no work (R13)")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.BUILDING)
    codes = ArrayField(models.CharField(max_length=40), default=list, blank=True, help_text="Codes that stop it")
    warnings = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    net = money_field(default=0)
    tax = money_field(default=0)
    gross = money_field(default=0)
    drawdown = money_field(default=0, help_text="What prepaid retainers pay of the gross")
    retained = money_field(
        default=0,
        help_text="Withheld until release, already off the net; negative: given back by a credit, or released",
    )
    advanced = money_field(
        default=0,
        help_text="In the net: billed ahead of work, or back to a deposit by a credit; negative: taken of deposits",
    )
    content_hash = models.CharField(max_length=64, blank=True)
    prepared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="candidates_prepared"
    )
    returned_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="candidate_gross_is_sum", condition=Q(gross=F("net") + F("tax"))),
            models.CheckConstraint(
                name="candidate_drawn_within_gross",
                condition=Q(drawdown=0) | Q(drawdown__gt=0, gross__gte=F("drawdown")),
            ),
            models.CheckConstraint(
                name="candidate_sign_of_kind",
                condition=Q(kind="invoice", net__gte=0) | Q(kind="credit_memo", net__lte=0, tax__lte=0),
            ),
            models.CheckConstraint(
                name="candidate_invoice_has_run",
                condition=Q(run__isnull=False) | Q(kind="credit_memo") | Q(is_release=True) | Q(is_deposit=True),
            ),
            models.CheckConstraint(
                name="candidate_advanced_of_kind",
                condition=Q(kind="invoice", is_deposit=False, advanced__lte=0)
                | Q(kind="invoice", is_deposit=True, is_release=False, advanced__gt=0, net=F("advanced"), run=None)
                | Q(kind="credit_memo", is_deposit=False),
            ),
            models.CheckConstraint(
                name="candidate_retained_of_kind",
                condition=Q(kind="invoice", is_release=False, retained__gte=0)
                | Q(kind="invoice", is_release=True, retained__lt=0, net=F("retained") * -1, run__isnull=True)
                | Q(kind="credit_memo", is_release=False, retained__lte=0),
            ),
            models.CheckConstraint(
                name="candidate_supplemental_is_an_invoice", condition=Q(is_supplemental=False) | Q(kind="invoice")
            ),
            models.CheckConstraint(
                name="candidate_approved_has_hash",
                condition=~Q(status__in=["approved", "posting", "posted"]) | ~Q(content_hash=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["legal_entity", "status"],
                name="candidate_open",
                condition=~Q(status__in=["posted", "dissolved"]),
            )
        ]
        permissions = [
            ("approve_candidate", "Can approve invoice candidates"),
            ("post_candidate", "Can send approved candidates to the ERP"),
            ("dissolve_candidate", "Can dissolve candidates"),
        ]

    @property
    def kind_words(self) -> str:
        """What document it is, as people call it."""
        if self.is_release:
            return "Release of retention"
        if self.is_deposit:
            return "Deposit"
        return "Supplemental invoice" if self.is_supplemental else self.get_kind_display()

    @property
    def worked(self) -> Decimal:
        """The net of the work in it, before anything was withheld or charged to deposits; nought where retention is
        released or a deposit is billed or refunded.
        """
        worked: Decimal = self.net + self.retained - self.advanced
        return worked

    def __str__(self) -> str:
        return self.number


class CandidateLine(models.Model):
    """One printed line: rounded here, once; pieces keep their exact amounts and their share of the rounding."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    contract_line = models.ForeignKey(ContractLine, on_delete=models.PROTECT, related_name="candidate_lines")
    kind = models.CharField(max_length=10)
    description = models.CharField(max_length=250)
    hours = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    rate = rate_field(null=True, blank=True)
    net = money_field()
    tax = money_field(default=0)
    tax_rate = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    service_from = models.DateField()
    service_to = models.DateField()
    assigned = models.JSONField(
        default=dict, blank=True, help_text="What it is taxed and booked as: inputs, answers, table, version and rule"
    )
    corrects = models.ForeignKey(
        "billing.InvoiceLine",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credits",
        help_text="The posted line it credits",
    )
    adjusts = models.ForeignKey(
        "billing.InvoiceLine",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="adjustments",
        help_text="The posted line whose price changed since: this bills the difference",
    )

    class Meta:
        ordering = ["candidate_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["candidate", "number"], name="candidate_line_number_once"),
            models.CheckConstraint(
                name="candidate_line_credit_not_positive",
                condition=Q(corrects__isnull=True)
                | Q(net__lte=0, tax__lte=0)
                | Q(kind__in=["retention", "deposit"], net__gte=0, tax__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate_id} line {self.number}"


class Approval(models.Model):
    """A decision on a candidate, bound to the hash of what was seen. Figures move: it lapses.

    `by` decided; with a `delegation` in the stead of its giver, whose seat it fills.
    """

    class Verdict(models.TextChoices):
        APPROVED = "approved", "Approved"
        RETURNED = "returned", "Returned"

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="approvals")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    content_hash = models.CharField(max_length=64)
    content = models.JSONField(default=dict, blank=True, help_text="What the hash is of, as it was seen")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="approvals")
    delegation = models.ForeignKey(
        "billing.Delegation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="approvals",
        help_text="In whose stead, and by which right",
    )
    at = models.DateTimeField(default=now)
    reason = models.TextField(blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    matrix = models.CharField(max_length=80, blank=True, help_text="The approval matrix that asked for it")
    matrix_version = models.PositiveIntegerField(default=0, help_text="0: as delivered")
    matrix_rule = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "by", "content_hash"],
                condition=Q(verdict="approved", lapsed_at__isnull=True),
                name="approval_once_per_person_and_content",
            ),
            models.CheckConstraint(name="approval_return_has_reason", condition=~Q(verdict="returned") | ~Q(reason="")),
        ]


class TaxDetermination(Timestamped):
    """What the tax engine said about a candidate: request, response, per line; committed after posting."""

    class Status(models.TextChoices):
        ESTIMATED = "estimated", "Estimated"
        QUOTED = "quoted", "Quoted"
        COMMITTED = "committed", "Committed"
        VOIDED = "voided", "Voided"

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="tax_determination")
    status = models.CharField(max_length=10, choices=Status.choices)
    document_code = models.CharField(max_length=60, blank=True)
    basis_hash = models.CharField(max_length=64, help_text="Hash of the lines that were quoted")
    net = money_field()
    tax = money_field()
    currency = currency_field()
    lines = models.JSONField(default=list)
    request = models.JSONField(default=dict)
    response = models.JSONField(default=dict)
    estimate = money_field(null=True, blank=True, help_text="Our own estimate, for the variance check")


class Invoice(Versioned):
    """A posted invoice. Its figures never change; the ERP is the authority on its life after posting."""

    class Status(models.TextChoices):
        POSTED = "posted", "Posted"
        PART_PAID = "part_paid", "Partly paid"
        PAID = "paid", "Paid"
        CREDITED = "credited", "Credited"
        WRITTEN_OFF = "written_off", "Written off"

    candidate = models.OneToOneField(Candidate, on_delete=models.PROTECT, related_name="invoice")
    effect = models.OneToOneField(Effect, on_delete=models.PROTECT, related_name="invoice")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="invoices")
    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="invoices")
    bill_to = models.ForeignKey(BillTo, on_delete=models.PROTECT, related_name="invoices")
    number = models.CharField(max_length=60, help_text="The ERP's document number")
    remote_id = models.CharField(max_length=60)
    invoice_date = models.DateField()
    due_on = models.DateField(null=True, blank=True)
    currency = currency_field()
    net = money_field()
    tax = money_field()
    gross = money_field()
    drawdown = money_field(default=0, help_text="What prepaid retainers pay of the gross")
    retained = money_field(default=0, help_text="Withheld until release, already off the net; negative: released")
    advanced = money_field(default=0, help_text="Billed ahead of work, in the net; negative: taken of deposits")
    paid = money_field(default=0)
    credited = money_field(default=0)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.POSTED)
    posted_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-id"]
        permissions = [("credit_invoice", "Can ask for credits over invoices")]
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "number"], name="invoice_number_once"),
            models.CheckConstraint(name="invoice_gross_is_sum", condition=Q(gross=F("net") + F("tax"))),
            models.CheckConstraint(name="invoice_not_overpaid", condition=Q(gross__gte=F("paid") + F("credited"))),
            models.CheckConstraint(name="invoice_settled_not_negative", condition=Q(paid__gte=0, credited__gte=0)),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceLine(models.Model):
    """A posted line; where credits point. What they take of its net and tax never exceeds it: the database says so."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    candidate_line = models.OneToOneField(CandidateLine, on_delete=models.PROTECT, related_name="invoice_line")
    number = models.PositiveIntegerField()
    remote_line = models.CharField(max_length=60, blank=True)
    description = models.CharField(max_length=250)
    net = money_field()
    tax = money_field()

    class Meta:
        ordering = ["invoice_id", "number"]
        constraints = [models.UniqueConstraint(fields=["invoice", "number"], name="invoice_line_number_once")]
