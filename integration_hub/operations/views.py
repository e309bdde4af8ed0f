"""The health page for load balancers and supervisors."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from integration_hub.operations.health import checks


@never_cache
@login_not_required
def health(request: HttpRequest) -> JsonResponse:
    """200 while every part finished something lately, else 503; JSON says which parts and when."""
    found = checks()
    works = all(check.ok for check in found)
    body = {
        "status": "ok" if works else "failing",
        "parts": {check.part: {"ok": check.ok, "detail": check.detail} for check in found},
    }
    return JsonResponse(body, status=200 if works else 503)
