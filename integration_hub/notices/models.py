"""Notices of what happened to exceptions: who is told how, what was sent, who follows which exception."""

from datetime import time
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.kernel.models import Versioned
from integration_hub.kernel.transitions import Transitions
from integration_hub.notices.timing import Pace
from integration_hub.people.models import Role


class Kind(models.TextChoices):
    """Why a person is told."""

    OPENED = "opened", "New in your queue"
    ASSIGNED = "assigned", "Assigned to you"
    MENTION = "mention", "You were mentioned"
    CHANGED = "changed", "Changed"
    NEAR = "near", "Deadline near"
    MISSED = "missed", "Deadline missed"
    ESCALATED = "escalated", "Escalated to your role"
    REOPENED = "reopened", "Open again"
    HEALED = "healed", "Closed by itself"


class Channel(models.TextChoices):
    """How a person is told."""

    APP = "app", "In the console"
    MAIL = "mail", "E-mail"
    CHAT = "chat", "Chat"


_TO_ONE = Q(channel="chat", room__isnull=False, person__isnull=True) | ~Q(channel="chat") & Q(
    room__isnull=True, person__isnull=False
)


class Room(Versioned):
    """A room of a chat that a role or team reads, told by a webhook whose address is a secret.

    It is told only of legal entities that are named here, because whoever reads it may not be known.
    """

    class Format(models.TextChoices):
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    format = models.CharField(max_length=8, choices=Format.choices)
    owner_role = models.CharField(
        max_length=32, choices=Role.choices, blank=True, help_text="Whose exceptions; empty: everybody's."
    )
    legal_entities = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    all_legal_entities = models.BooleanField(default=False)
    kinds = ArrayField(models.CharField(max_length=12, choices=Kind.choices), help_text="What it is told of.")
    least_severity = models.PositiveSmallIntegerField(
        default=4, validators=[MinValueValidator(1), MaxValueValidator(4)],
        help_text="The mildest severity it is told of: 1 is critical, 4 low.",
    )  # fmt: skip
    sealed_url = models.BinaryField(default=bytes, editable=False)
    host = models.CharField(
        max_length=253, editable=False, help_text="Of the webhook; the rest of its address is secret."
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        verbose_name = "chat room"
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                name="notice_room_severity", condition=Q(least_severity__gte=1, least_severity__lte=4)
            ),
            models.CheckConstraint(
                name="notice_room_entities", condition=Q(all_legal_entities=True) | Q(legal_entities__len__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """How it is named on screens."""
        return self.name

    def may_see(self, legal_entity: str) -> bool:
        """Whether it is told of a legal entity."""
        return self.all_legal_entities or legal_entity in self.legal_entities


class Message(Versioned):
    """A mail or a post with the notices that were due: what became of it, and how often it was tried.

    An attempt is counted before anything is sent. What may have been sent and was not answered is `unknown`: it is not
    sent again by itself.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        UNKNOWN = "unknown", "Unknown whether sent"
        FAILED = "failed", "Not sent"

    channel = models.CharField(max_length=8, choices=Channel.choices)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="messages"
    )
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.PROTECT, related_name="messages")
    address = models.CharField(max_length=254, help_text="The mail address, or the host of the webhook.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Counted before each was sent.")
    error = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="notice_message_sent_pair",
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent") & Q(sent_at__isnull=True),
            ),
            models.CheckConstraint(name="notice_message_to_one", condition=_TO_ONE),
        ]
        indexes = [models.Index(fields=["-id"], name="notice_message_open", condition=~Q(state="sent"))]
        permissions = [("resend_message", "Can have a message sent again")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} to {self.to}"

    @property
    def to(self) -> str:
        """Whom it goes to."""
        return str(self.recipient.label)

    @property
    def recipient(self) -> Any:
        """The person, or the room."""
        return self.room or self.person


MESSAGE_MOVES = Transitions(
    noun="message",
    initial="waiting",
    moves={
        "waiting": {"sending": "a worker takes it", "failed": "it was given up"},
        "sending": {
            "sent": "it was taken over",
            "waiting": "it did not leave and is tried again",
            "unknown": "no answer, or the worker died",
            "failed": "it was refused, or given up",
        },
        "unknown": {"waiting": "an administrator has it sent again", "sent": "the answer came late after all"},
        "failed": {"waiting": "an administrator has it sent again", "sending": "its item of work is tried again"},
        "sent": {},
    },
)


class Notice(models.Model):
    """One person is told of one event in one way, or one room: there is never a second row for the same."""

    event = models.BigIntegerField(help_text="The event of the trail it tells of.")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="notices"
    )
    room = models.ForeignKey(Room, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    channel = models.CharField(max_length=8, choices=Channel.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notices")
    legal_entity = models.CharField(max_length=16, blank=True)
    severity = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=250, help_text="Of the exception, as it was then.")
    text = models.TextField(help_text="What happened, in one sentence.")
    happened_at = models.DateTimeField()
    written_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it may go out; empty in the console.")
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    withheld = models.CharField(max_length=200, blank=True, db_default="", help_text="Why it was not sent after all.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "person", "channel"], name="notice_once"),
            models.UniqueConstraint(fields=["event", "room"], name="notice_once_per_room"),
            models.CheckConstraint(name="notice_to_one", condition=_TO_ONE),
            models.CheckConstraint(
                name="notice_goes_out",
                condition=Q(channel="app", due_at__isnull=True, message__isnull=True, withheld="")
                | ~Q(channel="app") & Q(due_at__isnull=False) & (Q(message__isnull=True) | Q(withheld="")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="notice_due",
                condition=Q(due_at__isnull=False, message__isnull=True, withheld=""),
            ),
            models.Index(fields=["person", "-id"], name="notice_inbox", condition=Q(channel="app")),
            models.Index(fields=["person"], name="notice_unread", condition=Q(channel="app", read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"

    @property
    def is_read(self) -> bool:
        """Whether the person has seen it."""
        return self.read_at is not None


class Habit(models.Model):
    """When a person is told by mail: digests, quiet hours in his own zone, and what passes them."""

    class Digests(models.TextChoices):
        DAILY = "daily", "Daily"
        HOURLY = "hourly", "Hourly"

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notice_habit")
    zone = models.CharField(max_length=60, help_text="Of the quiet hours, e.g. Europe/Berlin.")
    digests = models.CharField(max_length=8, choices=Digests.choices, default=Digests.DAILY)
    digest_at = models.TimeField(default=time(8), help_text="Of daily ones, in the zone of the legal entity.")
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_weekends = models.BooleanField(default=False)
    urgent_passes = models.BooleanField(default=True, help_text="S1 is told at once, quiet hours or not.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="notice_quiet_pair",
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until")),
            )
        ]


class Choice(models.Model):
    """How one is told of one kind of thing."""

    kind = models.CharField(max_length=12, choices=Kind.choices)
    app = models.BooleanField("In the console", default=True)
    mail = models.CharField("E-mail", max_length=8, choices=Pace.choices, default=Pace.OFF)

    class Meta:
        abstract = True


class Preference(Choice):
    """How a person wants to be told of one kind of thing; without one it is as his role has it."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notice_preferences")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="notice_preference_once")]


class RoleDefault(Choice):
    """How people of a role are told of one kind of thing unless they chose otherwise."""

    role = models.CharField(max_length=32, choices=Role.choices)

    class Meta:
        verbose_name = "default of a role"
        verbose_name_plural = "defaults of roles"
        ordering = ["role", "kind"]
        constraints = [models.UniqueConstraint(fields=["role", "kind"], name="notice_role_default_once")]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.get_kind_display()}"


class Watch(models.Model):
    """A person follows an exception without owning it."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="watches")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="watches")
    since = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="notice_watch_once")]


class Deadline(models.Model):
    """That a deadline of an exception was near, or missed, has been said; an exception seen again has another one."""

    class Which(models.TextChoices):
        NEAR = "near", "Near"
        MISSED = "missed", "Missed"

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="deadlines")
    due_at = models.DateTimeField()
    which = models.CharField(max_length=8, choices=Which.choices)
    said_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "due_at", "which"], name="notice_deadline_once")]


class Reader(models.Model):
    """How far the trail has been read: the last (transaction, event) of which everybody has been told."""

    part = models.CharField(max_length=20, primary_key=True)
    tx = models.CharField(max_length=20, default="0")
    event = models.BigIntegerField(default=0)
    at = models.DateTimeField(default=now)
