"""Rows of the console itself: failed sign-ins and frozen selections; every web process must see them."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models

from integration_hub.kernel.clock import now

WINDOW = timedelta(minutes=15)
PER_NAME_AND_ADDRESS = 5
PER_NAME = 20


class SignInFailureQuerySet(models.QuerySet[Any]):
    """Counting failures."""

    def locked_until(self, name: str, address: str) -> datetime | None:
        """When this name may try again from this address; None when it may now."""
        recent = self.filter(name=name.lower()[:150], failed_at__gt=now() - WINDOW).order_by("-failed_at")
        for failures, allowed in ((recent.filter(address=address), PER_NAME_AND_ADDRESS), (recent, PER_NAME)):
            moments: list[datetime] = list(failures.values_list("failed_at", flat=True)[:allowed])
            if len(moments) == allowed:
                return moments[-1] + WINDOW
        return None

    def note(self, name: str, address: str) -> None:
        """Count one failure and forget those that no longer count."""
        self.filter(failed_at__lte=now() - WINDOW).delete()
        self.create(name=name.lower()[:150], address=address)

    def forgive(self, name: str, address: str) -> None:
        """Forget the failures of a person who signed in."""
        self.filter(name=name.lower()[:150], address=address).delete()


class SignInFailure(models.Model):
    """One failed attempt to sign in."""

    name = models.CharField(max_length=150)
    address = models.CharField(max_length=64)
    failed_at = models.DateTimeField(default=now)

    objects = SignInFailureQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["name", "-failed_at"], name="console_sign_in_failure")]

    def __str__(self) -> str:
        return f"{self.name} from {self.address}"


class Selection(models.Model):
    """The rows one bulk decision is about, frozen with the versions that were seen (`console.selections`)."""

    token = models.CharField(max_length=40, unique=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    noun = models.CharField(max_length=40)
    rows = models.JSONField(default=list)
    told = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="console_selection_age")]

    def __str__(self) -> str:
        return f"{len(self.rows)} × {self.noun}"
