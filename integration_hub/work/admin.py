"""The work room in the admin: read only, because lanes and items are moved by actions."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integration_hub.work.models import Beat, Item, Lane, Overtaking


class ReadOnly(admin.ModelAdmin[Any]):
    """A table that is looked at, never edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Lane)
class LaneAdmin(ReadOnly):
    """Lanes with what waits in them."""

    list_display = ("key", "stage", "legal_entity", "ready", "next_at", "blocked", "leased_until")
    list_filter = ("stage", "blocked", "legal_entity")
    search_fields = ("key",)


@admin.register(Item)
class ItemAdmin(ReadOnly):
    """Items of work."""

    list_display = ("id", "kind", "lane", "state", "attempts", "error_class", "created_at", "finished_at")
    list_filter = ("state", "kind", "error_class")
    list_select_related = ("lane",)
    search_fields = ("lane__key", "correlation_id")
    show_full_result_count = False


@admin.register(Overtaking)
class OvertakingAdmin(ReadOnly):
    """What was let overtake, and who agreed."""

    list_display = ("lane", "way", "state", "count", "proposed_by", "decided_by", "created_at")
    list_filter = ("state", "way")
    list_select_related = ("lane", "proposed_by", "decided_by")


@admin.register(Beat)
class BeatAdmin(ReadOnly):
    """When each part last finished something."""

    list_display = ("part", "at", "detail")
