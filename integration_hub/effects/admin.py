"""The ledger in the admin: read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integration_hub.effects.models import Attempt, Effect


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
