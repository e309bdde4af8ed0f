"""Processes in the admin: read only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integration_hub.processes.models import Process, Step


class StepInline(admin.TabularInline[Any, Any]):
    """The steps in order."""

    model = Step
    extra = 0
    can_delete = False
    fields = readonly_fields = ("number", "name", "state", "detail", "started_at", "finished_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Process)
class ProcessAdmin(admin.ModelAdmin[Any]):
    """Processes with their steps."""

    list_display = ("definition", "label", "legal_entity", "state", "attempt", "started_at", "finished_at")
    list_filter = ("state", "definition", "legal_entity")
    search_fields = ("business_key", "label")
    inlines = (StepInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
