"""Targets in the admin: stated anew, never changed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integration_hub.clocks.actions import targets
from integration_hub.clocks.actions.targets import TargetIn
from integration_hub.clocks.models import Target
from integration_hub.clocks.registry import CLOCKS
from integration_hub.mapping.adminsite import ActionAdmin, person
from integration_hub.people.scope import scope_q


class TargetForm(forms.ModelForm):  # type: ignore[type-arg]  # the stubs' form is generic, Django's is not
    """A target, its clock chosen from those there are."""

    kind = forms.ChoiceField(label="Clock", choices=lambda: [(one.slug, _told(one)) for _, one in CLOCKS])

    class Meta:
        model = Target
        fields = ("kind", "legal_entity", "contract", "starts_on", "within", "warn_percent", "reason")


def _told(kind: Any) -> str:
    return f"{kind.title} ({kind.unit.label})"


@admin.register(Target)
class TargetAdmin(ActionAdmin):
    """How long each clock may run, from which day on. A target is not changed: the next one follows it."""

    form = TargetForm
    list_display = ("kind", "legal_entity", "contract", "starts_on", "within", "warn_percent", "set_by", "recorded_at")
    list_filter = ("kind", "legal_entity")
    list_select_related = ("set_by",)
    search_fields = ("contract", "reason")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Those for the person's legal entities, and the general ones."""
        rows = super().get_queryset(request)
        user = person(request)
        if user.all_legal_entities:
            return rows
        return rows.filter(scope_q(user, "legal_entity")) | rows.filter(legal_entity="")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        names = ("kind", "legal_entity", "contract", "starts_on", "within", "warn_percent", "reason")
        stated = {name: form.cleaned_data[name] for name in names}
        obj.pk = targets.set_target(target=TargetIn(**stated), by=person(request)).pk
