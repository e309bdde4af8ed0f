"""Replay plans in the admin: read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integration_hub.replay.models import Plan


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Any]):
    """Plans, without their items: those are on the plan's own screen."""

    list_display = ("title", "kind", "size", "state", "taken", "planned_by", "approved_by", "created_at")
    list_filter = ("state", "kind")
    list_select_related = ("planned_by", "approved_by")
    search_fields = ("title", "told")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
