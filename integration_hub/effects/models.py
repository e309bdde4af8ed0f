"""The effect ledger: one intent, one permanent key, one outcome (architecture §5, reliability §3.2)."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from integration_hub.connectors.models import Connection
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Timestamped, currency_field, money_field
from integration_hub.kernel.transitions import Transitions
from integration_hub.people.proposals import SECOND_PERSON, Proposal


class Effect(Timestamped):
    """One intended change in a target system. Committed before anything is sent; the key never expires."""

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        SENDING = "sending", "Sending"
        UNKNOWN = "unknown", "Outcome unknown"
        SENT = "sent", "Accepted, not yet confirmed"
        CONFIRMED = "confirmed", "Confirmed"
        REJECTED = "rejected", "Rejected"
        WAITING = "waiting", "Waits for its window"
        CONFLICT = "conflict", "Same key, other content"
        CANCELLED = "cancelled", "Cancelled before sending"
        SUPERSEDED = "superseded", "Replaced by a correction"

    class Safety(models.TextChoices):
        KEYED = "K", "Idempotency key"
        UPSERT = "U", "Upsert by external id"
        PROBE = "P", "Probe by our reference"
        NONE = "N", "One attempt, then a person"

    key = models.CharField(max_length=64, unique=True)
    legal_entity = models.CharField(max_length=16, blank=True)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="effects")
    effect_type = models.CharField(max_length=60, help_text="e.g. netsuite.invoice.post")
    business_key = models.CharField(
        max_length=120, help_text="Our id of what is posted; travels as external reference."
    )
    revision = models.PositiveIntegerField(default=1)
    payload = models.JSONField()
    payload_hash = models.CharField(max_length=64)
    safety = models.CharField(max_length=1, choices=Safety.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    posting_date = models.DateField(null=True, blank=True)
    amount = money_field(null=True, blank=True)
    currency = currency_field(blank=True)
    remote_id = models.CharField(max_length=120, blank=True)
    remote_number = models.CharField(max_length=120, blank=True)
    remote = models.JSONField(default=dict, blank=True, help_text="What the confirming read said.")
    failure_class = models.CharField(max_length=20, blank=True)
    failure = models.TextField(blank=True)
    lane = models.CharField(max_length=120)
    subject_type = models.CharField(max_length=60, help_text="Row that asked for the effect.")
    subject_id = models.CharField(max_length=80)
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by")
    corrects = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="corrected_by",
        help_text="The refused revision that this one replaces.",
    )
    planned_by = models.CharField(max_length=150)
    correlation_id = models.CharField(max_length=40, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="effect_confirmed_pair",
                condition=Q(state="confirmed", confirmed_at__isnull=False) & ~Q(remote_id="") | ~Q(state="confirmed"),
            ),
            models.UniqueConstraint(
                fields=["connection", "effect_type", "business_key", "revision"], name="effect_one_per_revision"
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "id"],
                name="effect_open",
                condition=~Q(state__in=["confirmed", "cancelled", "superseded"]),
            ),
            models.Index(fields=["lane", "id"], name="effect_not_begun", condition=Q(state__in=["planned", "waiting"])),
            models.Index(fields=["subject_type", "subject_id"], name="effect_subject"),
            models.Index(fields=["remote_id"], name="effect_remote"),
            BrinIndex(fields=["confirmed_at"], name="effect_confirmed", pages_per_range=16),
        ]
        permissions = [("retry_effect", "Can retry, re-probe and cancel effects")]

    def __str__(self) -> str:
        return f"{self.effect_type} {self.business_key}"


class Attempt(models.Model):
    """One try: a send, a probe or a confirming read. Finished attempts never change."""

    class Kind(models.TextChoices):
        SEND = "send", "Send"
        PROBE = "probe", "Probe"
        CONFIRM = "confirm", "Confirming read"

    effect = models.ForeignKey(Effect, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    token = models.BigIntegerField()
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    response_hash = models.CharField(max_length=64, blank=True)
    excerpt = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["effect", "kind", "token"], name="effect_attempt_once_per_token")
        ]


class Correction(Proposal):
    """A proposed change of what a refused effect says, field by field; applied, it becomes the next revision."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Waits for a second person"
        APPLIED = "applied", "Applied"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    effect = models.ForeignKey(Effect, on_delete=models.PROTECT, related_name="corrections")
    seen_at = models.DateTimeField(help_text="When the effect had last changed as it was corrected.")
    changes = models.JSONField(help_text="[{path, title, old, new}] of every field that differs.")
    figures = models.JSONField(
        default=dict, help_text="{net, tax, gross, date: [before, after]}, as the write has them."
    )
    payload = models.JSONField(help_text="The content as corrected.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    result = models.OneToOneField(
        Effect, null=True, blank=True, on_delete=models.PROTECT, related_name="correction_applied"
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["effect"], condition=Q(state="proposed"), name="correction_one_open"),
            models.CheckConstraint(
                name="correction_decided_pair",
                condition=Q(state="proposed", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state="withdrawn", decided_at__isnull=False)
                | Q(state__in=["applied", "declined"], decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(name="correction_second_person", condition=SECOND_PERSON),
            models.CheckConstraint(
                name="correction_applied_has_result",
                condition=Q(state="applied", result__isnull=False) | ~Q(state="applied") & Q(result__isnull=True),
            ),
        ]
        permissions = [("approve_correction", "Can approve and decline corrections")]

    def __str__(self) -> str:
        return f"Correction of {self.effect}"


CORRECTION_MOVES = Transitions(
    noun="correction",
    initial="proposed",
    moves={
        "proposed": {
            "applied": "approved, or small enough for one person",
            "declined": "a second person said no",
            "withdrawn": "its author took it back, or the effect was withdrawn",
        },
        "applied": {},
        "declined": {},
        "withdrawn": {},
    },
)

EFFECT_MOVES = Transitions(
    noun="effect",
    initial="planned",
    moves={
        "planned": {
            "sending": "lane reaches it",
            "waiting": "a posting window is closed",
            "cancelled": "withdrawn",
            "conflict": "key returned with another payload",
        },
        "waiting": {"planned": "window opens", "cancelled": "withdrawn"},
        "sending": {
            "sent": "accepted by the target",
            "unknown": "no answer, or the worker died",
            "rejected": "target said no",
            "planned": "target said come back later, nothing was written",
        },
        "unknown": {"sent": "probe found it", "planned": "probe proved it absent", "rejected": "a person decided"},
        "sent": {"confirmed": "confirming read agrees", "unknown": "confirming read does not find it"},
        "rejected": {
            "planned": "tried again",
            "cancelled": "withdrawn",
            "superseded": "a corrected revision goes instead",
        },
        "conflict": {"cancelled": "withdrawn"},
        "confirmed": {},
        "cancelled": {},
        "superseded": {},
    },
)


class PostingGate(Timestamped):
    """A named gate of posting: when a legal entity's documents may be sent to a target. An administrator keeps it."""

    class Late(models.TextChoices):
        WAIT = "wait", "Wait until it opens"
        NEXT_PERIOD = "next_period", "Post into the next period"
        ASK = "ask", "Ask finance"

    class Kind(models.TextChoices):
        BUSINESS_HOURS = "business_hours", "Business hours: open only within them"
        HOLIDAY = "holiday", "Holidays: closed on these days"
        BLACKOUT = "blackout", "Blackout: closed from one moment to another"
        CUT_OFF = "cut_off", "Cut-off: documents of a month are late after it"
        MODULE_LOCK = "module_lock", "Module lock: closed for documents up to a day"

    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    legal_entity = models.CharField(max_length=16, blank=True, help_text="Code; empty for all.")
    connection = models.ForeignKey(
        Connection, null=True, blank=True, on_delete=models.PROTECT, related_name="posting_gates",
        help_text="The target; empty for all.",
    )  # fmt: skip
    effect_type = models.CharField(
        max_length=60, blank=True, help_text="Which effects, e.g. *.invoice.post; empty for all with a posting date."
    )
    zone = models.CharField(max_length=40, default="UTC", help_text="IANA time zone of all times below.")
    late = models.CharField(
        max_length=12, choices=Late.choices, default=Late.WAIT, help_text="What becomes of what meets it closed."
    )
    is_active = models.BooleanField(default=True)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(), default=list, blank=True, help_text="Business hours: 1 Monday to 7 Sunday."
    )
    opens = models.TimeField(null=True, blank=True, help_text="Business hours: from.")
    closes = models.TimeField(null=True, blank=True, help_text="Business hours: until. Cut-off: time of day.")
    days = ArrayField(models.DateField(), default=list, blank=True, help_text="Holidays, e.g. 2026-12-25,2026-12-26.")
    starts_on = models.DateField(null=True, blank=True, help_text="Blackout: first day.")
    starts_at = models.TimeField(null=True, blank=True, help_text="Blackout: from that time on.")
    ends_on = models.DateField(null=True, blank=True, help_text="Blackout: last day.")
    ends_at = models.TimeField(null=True, blank=True, help_text="Blackout: until that time.")
    day = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Cut-off: day of the month, 31 for its last; or the n-th working day."
    )
    months_after = models.PositiveSmallIntegerField(
        default=1, help_text="Cut-off: 0 in the month of the documents itself, 1 in the month after it."
    )
    working_days = models.BooleanField(default=False, help_text="Cut-off: count Mondays to Fridays without holidays.")
    locked_through = models.DateField(null=True, blank=True, help_text="Module lock: last day that is locked.")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="gate_has_its_times",
                condition=(
                    Q(kind="business_hours", opens__isnull=False, closes__isnull=False, weekdays__len__gt=0)
                    | Q(kind="holiday", days__len__gt=0)
                    | Q(
                        kind="blackout",
                        starts_on__isnull=False,
                        starts_at__isnull=False,
                        ends_on__isnull=False,
                        ends_at__isnull=False,
                    )
                    | Q(kind="cut_off", day__gte=1, day__lte=31, closes__isnull=False)
                    | Q(kind="module_lock", locked_through__isnull=False)
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Opening(models.Model):
    """A gate opened by the clock: fired once, by whichever ticker came first."""

    gate = models.ForeignKey(PostingGate, on_delete=models.CASCADE, related_name="openings")
    slot = models.DateTimeField(help_text="The instant of the window.")
    fired_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-slot"]
        constraints = [models.UniqueConstraint(fields=["gate", "slot"], name="opening_once_per_window")]


class Preflight(models.Model):
    """What a target said when asked, before sending, whether documents of a type can be posted to a day."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="preflights")
    on = models.DateField()
    effect_type = models.CharField(max_length=60, help_text="Targets close a day for some documents before others.")
    closed = models.CharField(max_length=300, blank=True, help_text="Why it is closed; empty when it is open.")
    asked_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "on", "effect_type"], name="preflight_once_per_day_and_type")
        ]
