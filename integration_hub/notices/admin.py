"""How roles are told, and chat rooms, in the admin. The address of a room only ever goes in."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integration_hub.mapping.adminsite import ActionAdmin, person
from integration_hub.notices.actions import preferences, rooms
from integration_hub.notices.actions.rooms import RoomIn
from integration_hub.notices.audience import ROOM_KINDS
from integration_hub.notices.models import RoleDefault, Room


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


class RoomForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A room, with the address of its webhook to write and not to read."""

    kinds = forms.MultipleChoiceField(
        choices=[(kind.value, kind.label) for kind in ROOM_KINDS], widget=forms.CheckboxSelectMultiple
    )
    url = forms.CharField(
        label="Webhook",
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="The address of the incoming webhook. Never shown; leave empty to keep what is set.",
    )

    class Meta:
        model = Room
        fields = ("code", "name", "format", "owner_role", "legal_entities", "all_legal_entities", "kinds",
                  "least_severity", "is_active")  # fmt: skip


@admin.register(Room)
class RoomAdmin(ActionAdmin):
    """Rooms of a chat in which a role or a team is told."""

    form = RoomForm
    list_display = ("name", "format", "host", "owner_role", "all_legal_entities", "least_severity", "is_active")
    list_filter = ("format", "is_active", "owner_role")
    readonly_fields = ("host",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those told of nothing beyond the person's legal entities."""
        rows, user = super().get_queryset(request), person(request)
        if user.all_legal_entities:
            return rows
        return rows.filter(all_legal_entities=False, legal_entities__contained_by=user.legal_entities)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The code names the row for ever: its secret is bound to it."""
        return ("host", "code") if obj else ("host",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        names = ("name", "format", "owner_role", "legal_entities", "all_legal_entities", "kinds", "least_severity",
                 "is_active", "url")  # fmt: skip
        stated = {name: form.cleaned_data[name] for name in names}
        obj.pk = rooms.save(room=RoomIn(code=obj.code, **stated), by=person(request)).pk
