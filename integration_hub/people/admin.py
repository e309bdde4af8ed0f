"""People in Django admin: roles and legal-entity scope."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from integration_hub.people.models import User


@admin.register(User)
class PersonAdmin(UserAdmin[User]):
    """Users with role and scope; rights come from the role's group."""

    list_display = ("username", "email", "role", "all_legal_entities", "is_active", "last_login")
    list_filter = ("role", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Role and scope",
            {"fields": ("role", "groups", "legal_entities", "all_legal_entities", "is_active", "is_staff")},
        ),
        ("Look", {"fields": ("theme", "keyboard_shortcuts")}),
    )
