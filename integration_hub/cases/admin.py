"""Cases in the admin: read only, because they are handled by actions."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from integration_hub.cases.models import Case, Comment, Member


class LookInline(admin.TabularInline[Any, Any]):
    """Rows that are looked at, never edited."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MemberInline(LookInline):
    """What the case holds up."""

    model = Member
    fields = readonly_fields = ("target_type", "target_id", "label", "amount", "currency", "is_open")


class CommentInline(LookInline):
    """What was written on it."""

    model = Comment
    fields = readonly_fields = ("author", "text", "written_at")


@admin.register(Case)
class CaseAdmin(admin.ModelAdmin[Any]):
    """Cases with their members and comments."""

    list_display = ("code", "title", "severity", "owner_role", "legal_entity", "status", "assigned_to", "due_at")
    list_filter = ("status", "code", "severity", "owner_role", "legal_entity")
    list_select_related = ("assigned_to",)
    search_fields = ("title", "root_cause", "subject_label")
    inlines = (MemberInline, CommentInline)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
