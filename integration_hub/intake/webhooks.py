"""Signed webhooks (Standard Webhooks): verified over the raw bytes, stored, and only then answered."""

import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks import Webhook

from integration_hub.connectors import credentials
from integration_hub.connectors.models import Connection
from integration_hub.connectors.secrets import SecretUnreadable
from integration_hub.intake.actions import deliveries
from integration_hub.kernel.clock import now

LONGEST_ID = 120
NOBODY = "whsec_bm9ib2R5IG5vYm9keSBub2JvZHkgbm9ib2R5"
"""Checked against when there is no such connection, so that both answers take the same time."""

_DOOR = """
SELECT id, code, vendor, name, is_paused, sealed_webhook_secret FROM hub_connectors_connection WHERE code = %s
"""


class Unverified(Exception):
    """The delivery is not proven to come from its sender; the text is for the administrator, never for the caller."""


@csrf_exempt
@login_not_required
@require_POST
def hook(request: HttpRequest, code: str) -> HttpResponse:
    """Take one delivery: 200 once it is stored, 401 unproven, 413 too large, 400 unreadable, 404 no such address."""
    body = _body(request)
    if isinstance(body, HttpResponse):
        return body
    connection = next(iter(Connection.objects.raw(_DOOR, [code])), None)
    secrets = _secrets(connection)
    if connection is None or secrets == [NOBODY]:
        _pretend(request, body)
        return _answer(404, "There is nothing at this address.")
    try:
        delivery_id = verify(request, body, secrets)
    except Unverified as reason:
        deliveries.refuse(connection=connection, reason=str(reason))
        return _answer(401, "The signature does not hold.")
    taken = deliveries.receive(connection=connection, delivery_id=delivery_id, body=body)
    if taken.problem:
        return _answer(400, taken.problem)
    return JsonResponse({"received": True, "duplicate": not taken.fresh})


def _body(request: HttpRequest) -> bytes | HttpResponse:
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length <= settings.MAX_BODY_BYTES:
            return request.body
    except (ValueError, UnreadablePostError):
        return _answer(400, "The body could not be read.")
    except RequestDataTooBig:
        pass
    return _answer(413, f"The body is larger than {settings.MAX_BODY_BYTES} bytes.")


def _secrets(connection: Connection | None) -> list[str]:
    """The signing secrets; several, parted by spaces, while they are rotated."""
    if connection is None:
        return [NOBODY]
    try:
        return credentials.webhook_secret(connection).split() or [NOBODY]
    except SecretUnreadable:
        return []


def verify(request: HttpRequest, body: bytes, secrets: list[str]) -> str:
    """The delivery's id, when one of the signatures holds and its time is within the tolerance. Raises Unverified."""
    message_id = request.headers.get("webhook-id", "")
    signatures = request.headers.get("webhook-signature", "")
    if not message_id or not signatures:
        raise Unverified("A header of the signature is missing.")
    moment = _moment(request.headers.get("webhook-timestamp", ""))
    if not secrets:
        raise Unverified("Our signing secret cannot be opened.")
    if not any(_holds(secret, message_id, moment, body, signatures) for secret in secrets):
        raise Unverified("No signature matches.")
    if len(message_id) <= LONGEST_ID and message_id.isprintable():
        return message_id
    return f"sha256:{hashlib.sha256(message_id.encode()).hexdigest()}"


def _moment(stamp: str) -> datetime:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Unverified("The timestamp is not a number of seconds.")
    moment = datetime.fromtimestamp(int(stamp), UTC)
    if abs(now() - moment) > timedelta(seconds=settings.WEBHOOK_TOLERANCE_SECONDS):
        raise Unverified("The timestamp is outside the tolerance.")
    return moment


def _holds(secret: str, message_id: str, moment: datetime, body: bytes, signatures: str) -> bool:
    """Whether one of the `v1` signatures is ours. The library signs; its own check has a fixed tolerance."""
    try:
        ours = Webhook(secret).sign(msg_id=message_id, timestamp=moment, data=body.decode())
    except (UnicodeDecodeError, binascii.Error, ValueError, RuntimeError):
        return False
    theirs = [part for part in signatures.split() if part.startswith("v1,")]
    return any(hmac.compare_digest(ours.encode(), part.encode("utf-8", "replace")) for part in theirs)


def _pretend(request: HttpRequest, body: bytes) -> None:
    """Do the work of a real check, so that time does not tell whether a connection exists."""
    try:
        verify(request, body, [NOBODY])
    except Unverified:
        return


def _answer(status: int, detail: str) -> HttpResponse:
    title = HttpResponse(status=status).reason_phrase
    problem = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
