"""How roles are told, in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integration_hub.mapping.adminsite import ActionAdmin, person
from integration_hub.notices.actions import preferences
from integration_hub.notices.models import RoleDefault


@admin.register(RoleDefault)
class RoleDefaultAdmin(ActionAdmin):
    """How people of a role are told of one kind of thing, unless they chose otherwise themselves."""

    list_display = ("role", "kind", "app", "mail")
    list_filter = ("role", "kind")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        stated = {name: form.cleaned_data[name] for name in ("role", "kind", "app", "mail")}
        obj.pk = preferences.set_default(**stated, by=person(request)).pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the action."""
        preferences.remove_default(default_id=obj.pk, by=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Each by the action."""
        for row in queryset:
            self.delete_model(request, row)
