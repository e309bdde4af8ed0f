"""Signed webhooks: verified over the raw bytes, stored, and only then answered."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integration_hub.connectors import credentials, hooks
from integration_hub.connectors.models import Connection
from integration_hub.connectors.secrets import SecretUnreadable
from integration_hub.intake.actions import deliveries

NOBODY = "whsec_bm9ib2R5IG5vYm9keSBub2JvZHkgbm9ib2R5"
"""Checked against when there is no such connection, so that both answers take the same time."""

_DOOR = """
SELECT id, code, vendor, name, is_paused, sealed_webhook_secret FROM hub_connectors_connection WHERE code = %s
"""


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
        delivery_id = hooks.verify(connection.vendor, request.headers, body, secrets)
    except hooks.Unverified as reason:
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


def _pretend(request: HttpRequest, body: bytes) -> None:
    """Do the work of a real check, so that time does not tell whether a connection exists."""
    try:
        hooks.standard(request.headers, body, [NOBODY])
    except hooks.Unverified:
        return


def _answer(status: int, detail: str) -> HttpResponse:
    title = HttpResponse(status=status).reason_phrase
    problem = {"type": "about:blank", "status": status, "title": title, "detail": detail}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
