"""What came in, as it came: feeds, runs, source versions, webhook deliveries, files."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from integration_hub.connectors import naming
from integration_hub.connectors.models import Connection
from integration_hub.intake.bank import BankStatement as BankStatement  # a model of this app
from integration_hub.kernel.clock import now
from integration_hub.kernel.transitions import Transitions


class Feed(models.Model):
    """One stream of one entity from one connection, with its cursor."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="feeds")
    entity = models.CharField(max_length=40, help_text="Canonical entity.")
    weight = models.PositiveSmallIntegerField(default=50, help_text="Parents first: lower is read earlier.")
    cursor = models.JSONField(default=dict, blank=True)
    every_seconds = models.PositiveIntegerField(default=60)
    late_after_seconds = models.PositiveIntegerField(default=3600)
    is_active = models.BooleanField(default=True)
    due_at = models.DateTimeField(default=now)
    installed_at = models.DateTimeField(default=now, editable=False)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_class = models.CharField(max_length=20, blank=True)
    failures_in_row = models.PositiveIntegerField(default=0)
    ever_had_rows = models.BooleanField(default=False)
    rescanned_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When it was last set to be read from the beginning."
    )
    absence_limit_percent = models.PositiveSmallIntegerField(
        default=0,
        help_text="Largest share of records that may be closed because a complete listing does not name them; 0: none.",
    )
    mapping_seen = models.CharField(
        max_length=200,
        blank=True,
        editable=False,
        help_text="Mapping and value maps the refused records were tried with.",
    )

    class Meta:
        ordering = ["connection_id", "weight", "id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "entity"], name="intake_feed_once"),
            models.CheckConstraint(name="intake_feed_absence_share", condition=Q(absence_limit_percent__lte=100)),
        ]
        permissions = [("run_feed", "Can read a feed now")]

    def __str__(self) -> str:
        return f"{self.connection} · {self.title}"

    @property
    def title(self) -> str:
        """What it brings, in words."""
        return naming.feed_title(self.connection.vendor, self.entity)


class Run(models.Model):
    """One execution of a feed or of a file: phases, counts, outcome."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="runs")
    trigger = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    applied = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    stale = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    parked = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    filtered = models.PositiveIntegerField(default=0)
    control_totals = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    error_class = models.CharField(max_length=20, blank=True)
    stop_asked_by = models.CharField(max_length=150, blank=True, help_text="Who wants it to stop after its page.")
    file = models.ForeignKey("FileDrop", null=True, blank=True, on_delete=models.PROTECT, related_name="runs")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="intake_run_finished_pair",
                condition=Q(state="running", finished_at__isnull=True)
                | ~Q(state="running") & Q(finished_at__isnull=False),
            )
        ]


class SourceVersion(models.Model):
    """One version of one source record, exactly as it came, and what became of it."""

    class Status(models.TextChoices):
        RECEIVED = "received", "Received"
        APPLIED = "applied", "Applied"
        STALE = "stale", "Older than what we have"
        CONFLICT = "conflict", "Same version, other content"
        PARKED = "parked", "Waits for its parent"
        REFUSED = "refused", "Refused"
        FILTERED = "filtered", "Left out by the row filter"

    # Its references are proved a statement at a time (`kernel.references`).
    connection = models.ForeignKey(
        Connection, on_delete=models.PROTECT, related_name="source_versions", db_index=False, db_constraint=False
    )
    entity = models.CharField(max_length=40)
    source_id = models.CharField(max_length=120)
    version = models.CharField(max_length=60, help_text="Ascending per record: the vendor's stamp, or a number.")
    hash = models.CharField(max_length=64)
    payload = models.JSONField()
    deleted = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    problems = models.JSONField(default=list, blank=True)
    waits_for = models.CharField(
        max_length=230, blank=True, help_text="connection/entity:source id of the missing parent"
    )
    case_code = models.CharField(max_length=40, blank=True)
    root_cause = models.CharField(
        max_length=200, blank=True, help_text="Key of the one thing to fix; shared by its case."
    )
    mapping_version = models.PositiveIntegerField(null=True, blank=True)
    run = models.ForeignKey(
        Run,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="source_versions",
        db_index=False,
        db_constraint=False,
    )
    row_number = models.PositiveIntegerField(null=True, blank=True, help_text="Row of a file, header = 1.")
    received_at = models.DateTimeField(default=now)
    moved_at = models.DateTimeField(
        null=True, blank=True, help_text="The vendor's stamp its list is ordered by; none for files."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "entity", "source_id", "version", "hash"], name="intake_source_version_once"
            )
        ]
        # Each index is written with every record that comes in; those of connection and run begin others.
        indexes = [
            models.Index(fields=["connection", "entity", "moved_at"], name="intake_source_moved"),
            models.Index(fields=["waits_for"], name="intake_source_parked", condition=Q(status="parked")),
            models.Index(fields=["run", "status"], name="intake_source_run"),
            models.Index(fields=["case_code", "root_cause"], name="intake_source_cause", condition=~Q(root_cause="")),
            models.Index(fields=["source_id"], name="intake_source_by_id"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.source_id} {self.version}"


class FeedShape(models.Model):
    """What the records of one entity of one connection look like, learnt from those that were taken."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="shapes")
    entity = models.CharField(max_length=40)
    shape = models.JSONField(default=dict)
    learnt_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "entity"], name="intake_feed_shape_once")]

    def __str__(self) -> str:
        return f"{self.connection.code} {self.entity}"


class Listed(models.Model):
    """A record that a reading of a whole listing has named; kept until the reading is complete."""

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="listed")
    source_id = models.CharField(max_length=120)

    class Meta:
        verbose_name_plural = "listed"
        constraints = [models.UniqueConstraint(fields=["feed", "source_id"], name="intake_listed_once")]

    def __str__(self) -> str:
        return self.source_id


class FeedDay(models.Model):
    """Certificate of completeness: what a source says it changed on a day (UTC), and what of it is here."""

    class Verdict(models.TextChoices):
        COMPLETE = "complete", "Complete"
        SHORT = "short", "Records are missing here"
        SURPLUS = "surplus", "More here than there"
        UNPROVABLE = "unprovable", "Not provable"

    class Basis(models.TextChoices):
        IDS = "ids", "Each id compared"
        COUNT = "count", "Counts compared"
        FILES = "files", "Manifests of the files"
        NONE = "none", "Nothing to compare with"

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="days")
    day = models.DateField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    basis = models.CharField(max_length=5, choices=Basis.choices)
    whole = models.BooleanField(default=False, help_text="All records are counted, not those changed on the day.")
    expected = models.PositiveIntegerField(null=True, blank=True, help_text="Records the source says it has.")
    seen = models.PositiveIntegerField(default=0, help_text="Records of them that are here.")
    digest = models.CharField(max_length=64, blank=True, help_text="Of ids and contents that are here, in order.")
    arrived = models.PositiveIntegerField(default=0, help_text="New versions that came in on the day.")
    reason = models.CharField(max_length=300, blank=True)
    missing = models.JSONField(default=list, blank=True, help_text="Ids that are not here, up to 200.")
    checks = models.PositiveIntegerField(default=1)
    checked_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-day", "feed_id"]
        constraints = [
            models.UniqueConstraint(fields=["feed", "day"], name="intake_feed_day_once"),
            models.CheckConstraint(
                name="intake_feed_day_expected_pair",
                condition=Q(verdict="unprovable", expected__isnull=True)
                | ~Q(verdict="unprovable") & Q(expected__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["-day", "-id"], name="intake_feed_day_recent")]

    def __str__(self) -> str:
        return f"{self.feed} {self.day}"


class Delivery(models.Model):
    """A webhook, stored before it was answered."""

    class Status(models.TextChoices):
        RECEIVED = "received", "Received"
        HANDLED = "handled", "Handled"
        REFUSED = "refused", "Refused"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="deliveries")
    delivery_id = models.CharField(max_length=120)
    body = models.BinaryField()
    received_at = models.DateTimeField(default=now)
    times_seen = models.PositiveIntegerField(default=1)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVED)
    problem = models.CharField(max_length=300, blank=True)
    last_seen_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["connection", "delivery_id"], name="intake_delivery_once")]


class Rejection(models.Model):
    """Deliveries that were refused before anything was stored: one row per connection, day and reason."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="rejections")
    day = models.DateField()
    reason = models.CharField(max_length=60)
    count = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-day", "connection_id"]
        constraints = [models.UniqueConstraint(fields=["connection", "day", "reason"], name="intake_rejection_once")]

    def __str__(self) -> str:
        return f"{self.count} × {self.reason}"


class FileDrop(models.Model):
    """One file, by content: dropping it again changes nothing."""

    class State(models.TextChoices):
        PREVIEWED = "previewed", "Waiting to be applied"
        APPLIED = "applied", "Applied"
        REFUSED = "refused", "Refused"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="files")
    entity = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, help_text="Of the content, and of its companion where it has one.")
    bytes = models.PositiveBigIntegerField()
    path = models.CharField(max_length=500)
    manifest = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEWED)
    applied_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    dropped_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    dropped_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["connection", "entity", "sha256"], name="intake_file_once")]
        permissions = [("drop_file", "Can drop and apply files")]

    def __str__(self) -> str:
        return self.name


SOURCE_MOVES = Transitions(
    noun="source version",
    initial="received",
    moves={
        "received": {
            "applied": "taken by its receiver",
            "parked": "its parent is missing",
            "refused": "has problems",
            "filtered": "left out by the row filter",
            "stale": "a later version is in force",
            "conflict": "same version, other content",
        },
        "parked": {
            "applied": "its parent arrived",
            "refused": "has problems",
            "filtered": "left out by the row filter",
            "stale": "a later version passed",
            "conflict": "same version, other content",
        },
        "refused": {
            "applied": "tried again after a correction here",
            "parked": "its parent is missing",
            "filtered": "left out by the row filter",
            "stale": "a later version passed",
            "conflict": "same version, other content",
        },
        "filtered": {
            "applied": "another mapping takes it",
            "parked": "another mapping takes it, its parent is missing",
            "refused": "another mapping finds problems",
            "stale": "a later version passed",
        },
        "conflict": {
            "applied": "a person chose it",
            "parked": "a person chose it, its parent is missing",
            "refused": "a person chose it, it has problems",
            "filtered": "a person chose it, the row filter leaves it out",
            "stale": "a later version passed, or a person chose the other",
        },
        "applied": {},
        "stale": {},
    },
)

RUN_MOVES = Transitions(
    noun="run",
    initial="running",
    moves={
        "running": {"done": "everything was read", "failed": "reading failed", "stopped": "a person stopped it"},
        "done": {},
        "failed": {},
        "stopped": {},
    },
)

FILE_MOVES = Transitions(
    noun="file",
    initial="previewed",
    moves={
        "previewed": {"applied": "apply", "refused": "not readable, or not what the manifest says"},
        "applied": {"refused": "not readable any more"},
        "refused": {"applied": "apply again after a correction", "previewed": "drop again"},
    },
)
