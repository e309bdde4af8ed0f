"""What admin pages of versioned configuration share: writes go through actions, and a refusal is told, not crashed."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from integration_hub.kernel.errors import ThroughlineError
from integration_hub.people.models import User


class ActionAdmin(admin.ModelAdmin[Any]):
    """An admin whose saves call actions; what an action refuses becomes a message on the same page."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ThroughlineError as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.path)


def person(request: HttpRequest) -> User:
    """Who is signed in; admin pages have nobody else."""
    assert isinstance(request.user, User)  # noqa: S101 - narrows the type, the admin site has checked it
    return request.user
