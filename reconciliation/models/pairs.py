"""Reconciliations of pairs: runs with their evidence, what does not agree, and what may belong together."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Timestamped, Versioned, currency_field, money_field
from integration_hub.kernel.transitions import Transitions


class PairRun(Timestamped):
    """One comparison of both sides of a pair, for one legal entity or all, one period or all time.

    `manifest` names everything the outcome follows from, so that the run can be performed again: rules, code, cut-off
    and digests of both sides, decisions of people, and the digest of the outcome.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    class Verdict(models.TextChoices):
        AGREES = "agrees", "Agrees"
        BREAKS = "breaks", "Does not agree"
        UNCERTIFIED = "uncertified", "Cannot be certified"

    UNDER_WAY = ("waiting", "running")

    pair = models.CharField(max_length=30)
    legal_entity = models.CharField(max_length=16, blank=True, help_text="Code; empty: all")
    period_from = models.DateField(null=True, blank=True)
    period_to = models.DateField(null=True, blank=True, help_text="The day after the last one")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    phase = models.CharField(max_length=20, blank=True)
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True)
    refusals = models.JSONField(default=list, help_text="Why it cannot be certified")
    counts = models.JSONField(default=dict)
    manifest = models.JSONField(default=dict)
    result_digest = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("run_pairrun", "Can reconcile pairs")]
        constraints = [
            models.UniqueConstraint(
                fields=["pair"], condition=Q(state__in=["waiting", "running"]), name="pair_run_one_under_way"
            ),
            models.CheckConstraint(
                name="pair_run_done_has_verdict",
                condition=~Q(state="done") | ~Q(verdict="") & ~Q(result_digest="") & Q(finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="pair_run_certified_without_refusals",
                condition=~Q(verdict__in=["agrees", "breaks"]) | Q(refusals=[]),
            ),
            models.CheckConstraint(
                name="pair_run_period_forward",
                condition=Q(period_from__isnull=True, period_to__isnull=True)
                | Q(period_from__isnull=False, period_to__gt=F("period_from")),
            ),
        ]
        indexes = [models.Index(fields=["pair", "-id"], name="pair_run_newest")]

    def __str__(self) -> str:
        return f"{self.pair} {self.pk}"


class InputBlock(models.Model):
    """Input lines of one side, compressed, under the digest of what they say: equal inputs are kept once."""

    digest = models.CharField(max_length=64, primary_key=True)
    rows = models.PositiveIntegerField()
    content = models.BinaryField(help_text="JSON lines in the order of their keys, zlib")

    class Meta:
        ordering = ["digest"]


class PairBreak(Versioned):
    """What does not agree between the sides of a pair: one row per reference, which closes when it agrees again.

    `left` and `right` are {count, items}: the rows of both sides as the last run read them. An explanation holds for
    exactly the `content` it was given for.
    """

    class Kind(models.TextChoices):
        TIMING = "timing", "Timing"
        MISSING_IN_A = "missing_in_a", "Missing on the left"
        MISSING_IN_B = "missing_in_b", "Missing on the right"
        DUPLICATE = "duplicate", "Duplicate"
        AMOUNT = "amount", "Amount"
        TAX = "tax", "Tax"
        FX = "fx", "Currency"
        ROUNDING = "rounding", "Rounding"
        WRONG_PERIOD = "wrong_period", "Wrong period"
        MANUAL_CHANGE = "manual_change", "Changed by hand in the target"
        DETAILS = "details", "Other details"
        ORPHAN = "orphan", "Orphan"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        PROPOSED = "proposed", "Waits for a second person"
        EXPLAINED = "explained", "Explained"
        CLOSED = "closed", "Agrees again"

    STANDING = ("open", "proposed")
    """Not agreed and not explained."""

    pair = models.CharField(max_length=30)
    identity = models.CharField(max_length=260, help_text="The shared reference, or side and key of a lone item")
    legal_entity = models.CharField(max_length=16, blank=True)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    on_date = models.DateField(null=True, blank=True)
    left = models.JSONField(default=dict)
    right = models.JSONField(default=dict)
    gap = money_field(help_text="Right less left")
    currency = currency_field(blank=True, help_text="Empty: minutes, or nothing that is counted")
    content = models.CharField(max_length=64, help_text="Digest of class and both sides")
    first_run = models.ForeignKey(PairRun, on_delete=models.PROTECT, related_name="+")
    last_run = models.ForeignKey(PairRun, on_delete=models.PROTECT, related_name="breaks")
    found_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True, blank=True)
    explanation = models.TextField(blank=True)
    explained_by = models.CharField(max_length=150, blank=True)
    confirmed_by = models.CharField(max_length=150, blank=True, help_text="The second person, where one is needed")

    class Meta:
        ordering = ["-id"]
        permissions = [("decide_pairbreak", "Can decide on breaks and suggested matches")]
        constraints = [
            models.UniqueConstraint(fields=["pair", "identity"], name="pair_break_once"),
            models.CheckConstraint(
                name="pair_break_closed_pair",
                condition=Q(state="closed", closed_at__isnull=False) | ~Q(state="closed") & Q(closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="pair_break_explained_says_why",
                condition=~Q(state__in=["proposed", "explained"]) | ~Q(explanation="") & ~Q(explained_by=""),
            ),
            models.CheckConstraint(
                name="pair_break_confirmed_by_another",
                condition=Q(confirmed_by="") | ~Q(confirmed_by=F("explained_by")),
            ),
        ]
        indexes = [
            models.Index(fields=["pair", "legal_entity", "kind"], name="pair_break_standing",
                         condition=~Q(state="closed")),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.pair} {self.identity}"


class Suggestion(Versioned):
    """Items of both sides that may belong together without a shared reference, and what became of the proposal.

    Accepted ones count as one reference in every later run; rejected ones are not proposed again; both are what the
    precision of the way is measured from.
    """

    class Way(models.TextChoices):
        REFERENCE = "reference", "Similar reference"
        KEYLESS = "keyless", "Amount, date and party"
        GROUP = "group", "Sums of a party and month"

    class State(models.TextChoices):
        OPEN = "open", "Suggested"
        PROPOSED = "proposed", "Waits for a second person"
        CONFIRMED = "confirmed", "Confirmed by its rule"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        WITHDRAWN = "withdrawn", "No longer found"

    pair = models.CharField(max_length=30)
    legal_entity = models.CharField(max_length=16, blank=True)
    way = models.CharField(max_length=9, choices=Way.choices)
    identity = models.CharField(max_length=64, help_text="Digest of the keys of both sides")
    left_keys = ArrayField(models.CharField(max_length=220))
    right_keys = ArrayField(models.CharField(max_length=220))
    left = models.JSONField(default=dict)
    right = models.JSONField(default=dict)
    amount = money_field(help_text="Of the left side")
    gap = money_field()
    currency = currency_field(blank=True)
    rivals = models.PositiveIntegerField(default=0, help_text="Other partners that fit equally well")
    confidence = models.DecimalField(
        max_digits=6, decimal_places=5, help_text="Lower bound of the precision measured from decisions"
    )
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    run = models.ForeignKey(PairRun, on_delete=models.PROTECT, related_name="suggestions")
    proposed_by = models.CharField(max_length=150, blank=True, help_text="Who accepted it first")
    decided_by = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["pair", "identity"], name="suggestion_once"),
            models.CheckConstraint(
                name="suggestion_decided_pair",
                condition=Q(state__in=["accepted", "rejected"], decided_at__isnull=False) & ~Q(decided_by="")
                | ~Q(state__in=["accepted", "rejected"]) & Q(decided_at__isnull=True, decided_by=""),
            ),
            models.CheckConstraint(
                name="suggestion_decided_by_another",
                condition=~Q(state="accepted") | Q(proposed_by="") | ~Q(decided_by=F("proposed_by")),
            ),
        ]
        indexes = [models.Index(fields=["pair", "state"], name="suggestion_by_state")]

    def __str__(self) -> str:
        return f"{', '.join(self.left_keys)} ↔ {', '.join(self.right_keys)}"[:200]


PAIR_RUN_MOVES = Transitions(
    noun="reconciliation",
    initial="waiting",
    moves={
        "waiting": {"running": "a worker takes it", "failed": "it cannot be begun"},
        "running": {"done": "both sides were compared", "failed": "a side could not be read"},
        "done": {},
        "failed": {},
    },
)
BREAK_MOVES = Transitions(
    noun="break",
    initial="open",
    moves={
        "open": {
            "explained": "explained",
            "proposed": "explained, and its money asks for a second person",
            "closed": "a run finds that it agrees",
        },
        "proposed": {
            "explained": "confirmed by a second person",
            "open": "declined, or one side changed",
            "closed": "a run finds that it agrees",
        },
        "explained": {"open": "one side changed, or the explanation is taken back", "closed": "a run finds it agrees"},
        "closed": {"open": "a run finds that it does not agree"},
    },
)
SUGGESTION_MOVES = Transitions(
    noun="suggestion",
    initial="open",
    moves={
        "open": {
            "accepted": "accepted",
            "proposed": "accepted, and its money asks for a second person",
            "rejected": "rejected",
            "confirmed": "its rule may confirm by itself",
            "withdrawn": "a run does not find it any more",
        },
        "proposed": {
            "accepted": "accepted by a second person",
            "rejected": "rejected",
            "withdrawn": "a run does not find it any more",
        },
        "confirmed": {
            "accepted": "accepted by a person",
            "rejected": "rejected by a person",
            "open": "its rule lost the right to confirm",
            "withdrawn": "a run does not find it any more",
        },
        "accepted": {"rejected": "taken back"},
        "rejected": {},
        "withdrawn": {"open": "a run finds it again", "confirmed": "a run finds it again"},
    },
)
