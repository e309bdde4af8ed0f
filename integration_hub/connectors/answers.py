"""What an answer means: the vendor's complaint, sorted by who must act (house_style §1.14)."""

from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from integration_hub.connectors.versions import stamp_of
from integration_hub.kernel.clock import now
from integration_hub.kernel.failures import Failed, FailureClass


class Throttle(StrEnum):
    """What a vendor has enough of when it says "later", whatever the status."""

    RATE = "rate"  # calls per time
    CONCURRENCY = "concurrency"  # calls under way at once
    QUOTA = "quota"  # calls per day
    BUSY = "busy"  # itself: a lock or an overload that has nothing to do with how much we ask


@dataclass(frozen=True, slots=True)
class Gauge:
    """How much of a rolling day's quota the whole account has used, as the vendor says with an answer."""

    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Complaint:
    """An error body in our words. `throttle` when it means "later"; `remedy` for what a refused write needs."""

    message: str = ""
    code: str = ""
    field: str = ""
    throttle: Throttle | None = None
    remedy: str = "Correct the record."
    wait: timedelta | None = None
    """How long it asks us to wait, where it says so in a way of its own."""

    @property
    def text(self) -> str:
        """`CODE: message`, whichever of them there is."""
        return ": ".join(part for part in (self.code, self.message) if part)


class Dialect(Protocol):
    """How a vendor phrases its complaints."""

    title: str

    def complaint(self, response: httpx.Response) -> Complaint:
        """Read an error body; must cope with anything, also with HTML."""
        ...

    def gauge(self, response: httpx.Response) -> Gauge | None:
        """What an answer says about the day's quota; None when it says nothing."""
        ...


class Silent:
    """A vendor whose answers say nothing about quotas."""

    def gauge(self, response: httpx.Response) -> Gauge | None:
        """Nothing."""
        return None


def throttle(complaint: Complaint, status: int) -> Throttle | None:
    """What the vendor has enough of; a bare 429 is about the rate."""
    return complaint.throttle or (Throttle.RATE if status == 429 else None)


def failure(dialect: Dialect, response: httpx.Response, *, write: bool) -> Failed:
    """Sort an error answer. After a write nobody knows what a 5xx left behind, so that is an unknown outcome."""
    complaint = dialect.complaint(response)
    status = response.status_code
    said = complaint.text or response.reason_phrase or "no reason given"
    message = f"{dialect.title} answered {status}: {said}"
    if throttle(complaint, status) is not None:
        return Failed(FailureClass.RATE, message, retry_after=retry_after(response) or complaint.wait, status=status)
    if status in {401, 403}:
        remedy = "Renew the credential." if status == 401 else "Give the integration user this permission."
        return Failed(FailureClass.AUTH, message, remedy=remedy, status=status)
    if status >= 500 or status == 408:
        kind = FailureClass.UNKNOWN_OUTCOME if write else FailureClass.TRANSIENT
        return Failed(kind, message, retry_after=retry_after(response), status=status)
    if status < 400 and status != 300:
        return Failed(
            FailureClass.REJECTED,
            f"{dialect.title} answered {status} with a redirect to {response.headers.get('location', 'nowhere')}",
            remedy="Check the base address of the connection.",
            status=status,
        )
    if complaint.text:  # A reason of the vendor's own says more to its reader than a status.
        message = f"{dialect.title} refused it: {complaint.text}"
    return Failed(FailureClass.REJECTED, message, field=complaint.field, remedy=complaint.remedy, status=status)


def retry_after(response: httpx.Response) -> timedelta | None:
    """What the vendor asks us to wait: seconds or a date; None when it says nothing sensible."""
    text = response.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdigit():
        return timedelta(seconds=min(int(text), 86_400))
    try:
        return max(parsedate_to_datetime(text) - now(), timedelta(0))
    except (TypeError, ValueError):
        return None


def answered_at(response: httpx.Response) -> str:
    """The vendor's own time of an answer, sortable; ours when it does not say."""
    try:
        return stamp_of(parsedate_to_datetime(response.headers["date"]).isoformat())
    except (KeyError, TypeError, ValueError):
        return stamp_of(now().isoformat())


def json_of(dialect: Dialect, response: httpx.Response, *, write: bool) -> Any:
    """The JSON body. A page of HTML with status 200 is no answer: after a write the outcome is unknown."""
    if not response.content:
        return {}
    try:
        return response.json()
    except ValueError:
        kind = FailureClass.UNKNOWN_OUTCOME if write else FailureClass.TRANSIENT
        raise Failed(
            kind,
            f"{dialect.title} answered {response.status_code} with something that is not JSON",
            remedy="Check the base address; a sign-in page may be in between.",
            status=response.status_code,
        ) from None


Shape = TypeVar("Shape", bound=BaseModel)


def shaped(dialect: Dialect, model: type[Shape], data: Any, *, write: bool) -> Shape:
    """An answer in the shape we rely on. Another shape is no answer we may act on. Raises Failed."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        kind = FailureClass.UNKNOWN_OUTCOME if write else FailureClass.TRANSIENT
        raise Failed(kind, f"{dialect.title} answered in an unexpected shape: {place} {problem['msg']}") from None
