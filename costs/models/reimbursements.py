"""What people paid for the firm and get back: claims as their source states them, and what is paid of them.

Whether a client is charged for an expense is billing's and has no part in it.
"""

from django.db import models
from django.db.models import F, Q

from billing.models import Journal
from contracts.models import LegalEntity, Project, Resource
from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned, currency_field, money_field
from integration_hub.kernel.money import Money
from integration_hub.kernel.transitions import Transitions


class ExpenseClaim(Versioned):
    """An expense as its source states it now, as far as the person who paid it is concerned. `work_key` is its name as
    delivered work, which is what a client may be charged for.
    """

    class PaidBy(models.TextChoices):
        EMPLOYEE = "employee", "The person"
        COMPANY = "company", "A card of the company"

    class Approval(models.TextChoices):
        DRAFT = "draft", "Draft"
        SUBMITTED = "submitted", "Submitted"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    work_key = models.CharField(max_length=200, unique=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    source_id = models.CharField(max_length=120)
    legal_entity = models.ForeignKey(LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="expense_claims")
    resource = models.ForeignKey(
        Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="expense_claims"
    )
    report = models.CharField(max_length=120, blank=True, help_text="The expense report in its source; empty: none")
    spent_on = models.DateField()
    category = models.CharField(max_length=80, blank=True)
    amount = money_field()
    currency = currency_field()
    reimbursable = models.BooleanField(default=False)
    paid_by = models.CharField(max_length=8, choices=PaidBy.choices, default=PaidBy.EMPLOYEE)
    has_receipt = models.BooleanField(default=True)
    approval = models.CharField(max_length=10, choices=Approval.choices)
    approver = models.ForeignKey(Resource, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True, help_text="When its approval was known here")
    description = models.TextField(blank=True)
    is_deleted = models.BooleanField(default=False)

    class Meta:
        ordering = ["-spent_on", "-id"]
        constraints = [
            models.CheckConstraint(
                name="claim_approved_at_some_time", condition=~Q(approval="approved") | Q(approved_at__isnull=False)
            ),
        ]
        indexes = [models.Index(fields=["resource", "connection", "report"], name="claim_report")]

    OWED = Q(approval="approved", reimbursable=True, paid_by="employee", is_deleted=False, resource__vendor="")
    """Approved, and our own person is out of pocket. What subcontractors spend comes with their bill."""

    def __str__(self) -> str:
        return f"{self.category or 'Expense'} {self.spent_on} {Money(self.amount, self.currency)}"


class Reimbursement(Versioned):
    """What one person is owed for one expense report in one currency, or for one expense where there is no report.

    `amount` is the sum of its items, `taken_back` that of those whose approval was withdrawn after it was posted.
    """

    class Status(models.TextChoices):
        DUE = "due", "To post"
        POSTING = "posting", "Posting"
        REJECTED = "rejected", "Refused by the ERP"
        PAYABLE = "payable", "Payable in the ERP"
        PAID = "paid", "Paid"
        TOLD = "told", "Paid, and its source knows"
        WITHDRAWN = "withdrawn", "Withdrawn"
        REVERSED = "reversed", "Taken back"

    POSTED = ("payable", "paid", "told")

    number = models.CharField(max_length=60, unique=True)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="+", help_text="The system the expenses are from"
    )
    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="reimbursements")
    report = models.CharField(max_length=120, blank=True, help_text="The expense report, or its only expense")
    currency = currency_field()
    amount = money_field(default=0)
    taken_back = money_field(default=0)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DUE)
    approved_at = models.DateTimeField(help_text="When the last approval of its expenses was known here")
    accepted_by = models.CharField(max_length=150, blank=True, help_text="Who accepted what stopped it")
    accepted_because = models.TextField(blank=True)
    posted_by = models.CharField(max_length=150, blank=True)
    payable_at = models.DateTimeField(null=True, blank=True)
    paid_on = models.DateField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True, help_text="When its payment was known here")
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [
            ("post_reimbursement", "Can post reimbursements to the ERP"),
            ("accept_reimbursement", "Can accept what stops a reimbursement"),
        ]
        constraints = [
            models.CheckConstraint(
                name="reimbursement_posted_by_somebody",
                condition=Q(status__in=["due", "withdrawn"]) | ~Q(posted_by=""),
            ),
            models.CheckConstraint(
                name="reimbursement_posted_by_another", condition=Q(accepted_by="") | ~Q(accepted_by=F("posted_by"))
            ),
            models.CheckConstraint(
                name="reimbursement_paid_at_some_time",
                condition=~Q(status__in=["paid", "told"]) | Q(paid_at__isnull=False),
            ),
            models.CheckConstraint(
                name="reimbursement_posts_an_amount",
                condition=~Q(status__in=["posting", "rejected", "payable", "paid", "told"]) | Q(amount__gt=0),
            ),
        ]
        indexes = [models.Index(fields=["status", "legal_entity"], name="reimbursement_status")]

    def __str__(self) -> str:
        return self.number


class ReimbursementJournal(Journal):
    """What books a reimbursement in the ERP as owed to the person; negative: what takes it back."""

    reimbursement = models.ForeignKey(Reimbursement, on_delete=models.PROTECT, related_name="journals")
    settled = money_field(default=0, help_text="How much of it is settled, as the ERP told last")
    settled_on = models.DateField(null=True, blank=True)

    class Meta(Journal.Meta):
        constraints = [
            *Journal.Meta.constraints,
            models.UniqueConstraint(
                fields=["reimbursement"],
                condition=Q(amount__gt=0) & ~Q(status="withdrawn"),
                name="reimbursementjournal_one_payable",
            ),
        ]


class ReimbursementItem(models.Model):
    """One expense in a reimbursement, at the amount it had. An expense is in one at most: the database says so."""

    reimbursement = models.ForeignKey(Reimbursement, on_delete=models.PROTECT, related_name="items")
    claim = models.ForeignKey(ExpenseClaim, on_delete=models.PROTECT, related_name="items")
    amount = money_field()
    currency = currency_field()
    category = models.CharField(max_length=80, blank=True)
    spent_on = models.DateField()
    has_receipt = models.BooleanField()
    is_live = models.BooleanField(default=True, help_text="False: its approval was withdrawn after it was posted")
    taken_back_by = models.ForeignKey(
        ReimbursementJournal, null=True, blank=True, on_delete=models.PROTECT, related_name="taken_back"
    )
    recorded_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["spent_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["claim"], condition=Q(is_live=True), name="claim_reimbursed_once"),
            models.CheckConstraint(
                name="item_taken_back_is_not_live", condition=Q(taken_back_by__isnull=True) | Q(is_live=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category or 'Expense'} {self.spent_on} {Money(self.amount, self.currency)}"


REIMBURSEMENT_MOVES = Transitions(
    noun="reimbursement",
    initial="due",
    moves={
        "due": {"posting": "a person posted it", "withdrawn": "nothing of it is owed any more"},
        "posting": {"payable": "ERP confirmed", "rejected": "ERP refused", "due": "its effect was cancelled"},
        "rejected": {"payable": "corrected, and ERP confirmed", "due": "its effect was cancelled"},
        "payable": {"paid": "ERP shows it settled", "reversed": "all its approvals were withdrawn"},
        "paid": {
            "told": "its source knows",
            "payable": "ERP shows it open again",
            "reversed": "all its approvals were withdrawn",
        },
        "told": {"payable": "ERP shows it open again", "reversed": "all its approvals were withdrawn"},
        "withdrawn": {},
        "reversed": {},
    },
)
