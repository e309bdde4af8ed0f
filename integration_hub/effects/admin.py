"""The ledger in the admin, read only; posting gates, kept here."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from integration_hub.effects.actions import gates
from integration_hub.effects.models import Attempt, Effect, PostingGate
from integration_hub.mapping.adminsite import ActionAdmin, person


class AttemptInline(admin.TabularInline[Any, Any]):
    """Every try of the effect."""

    model = Attempt
    extra = 0
    can_delete = False
    fields = readonly_fields = ("number", "kind", "token", "started_at", "finished_at", "outcome", "status", "excerpt")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Effect)
class EffectAdmin(admin.ModelAdmin[Any]):
    """Effects with their tries."""

    list_display = (
        "effect_type",
        "business_key",
        "revision",
        "connection",
        "safety",
        "state",
        "remote_number",
        "amount",
    )
    list_filter = ("state", "effect_type", "connection", "legal_entity")
    list_select_related = ("connection",)
    search_fields = ("key", "business_key", "remote_id", "remote_number")
    inlines = (AttemptInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PostingGate)
class PostingGateAdmin(ActionAdmin):
    """Posting gates: one form for all kinds; what a kind needs is said when it is missing."""

    list_display = ("name", "kind", "legal_entity", "connection", "zone", "late", "is_active")
    list_filter = ("kind", "is_active", "late")
    list_select_related = ("connection",)
    search_fields = ("name", "legal_entity")
    fieldsets = (
        (None, {"fields": ("name", "kind", "is_active", "late")}),
        ("For whom", {"fields": ("legal_entity", "connection", "effect_type", "zone")}),
        ("Business hours", {"fields": ("weekdays", "opens", "closes")}),
        ("Holidays", {"fields": ("days",)}),
        ("Blackout", {"fields": ("starts_on", "starts_at", "ends_on", "ends_at")}),
        ("Cut-off (at the time above: closes)", {"fields": ("day", "months_after", "working_days")}),
        ("Module lock", {"fields": ("locked_through",)}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        gates.save(row=obj, by=person(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the action."""
        gates.remove(row=obj, by=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One by one, so that each is told."""
        for row in queryset:
            self.delete_model(request, row)
