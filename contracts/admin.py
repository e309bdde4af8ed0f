"""Contracts in Django admin: settings that an administrator makes, by actions; the rest to look at."""

from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from contracts.actions import capacity, configuration
from contracts.models import (
    Absence,
    Capacity,
    Customer,
    EligibilityRule,
    Holiday,
    LegalEntity,
    RateCard,
    RateRow,
    Resource,
    Route,
)
from integration_hub.kernel.clock import now
from integration_hub.mapping.adminsite import ActionAdmin, person
from integration_hub.people.scope import scoped


class ScopedAdmin(admin.ModelAdmin[Any]):
    """Rows of the person's legal entities only. `scope` is the path to the entity's code; empty: everybody's."""

    scope: ClassVar[str] = "legal_entity__code"
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Within scope."""
        rows = super().get_queryset(request)
        return scoped(rows, person(request), self.scope) if self.scope else rows


class LookAdmin(ScopedAdmin):
    """Rows that are looked at, never edited: they change by actions only."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LookInline(admin.TabularInline[Any, Any]):
    """Rows shown with their parent, by the parent's permission."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class OneByOneAdmin(ActionAdmin):
    """Rows that go by an action, one by one, so that each is told."""

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """One by one."""
        for row in queryset:
            self.delete_model(request, row)


@admin.register(LegalEntity)
class LegalEntityAdmin(ScopedAdmin, ActionAdmin):
    """Companies of the firm: what the ERP says stays as it is; zone, rounding, tax company and what their invoices say
    of them are set here.
    """

    scope = "code"
    list_display = ("code", "name", "currency", "country", "zone", "rounding", "tax_company", "is_active")
    fieldsets = (
        (
            None,
            {
                "fields": ("code", "name", "currency", "country", "zone", "rounding", "fx_max_age_days", "costs_from",
                           "tax_company", "is_active"),
            },
        ),
        ("What people spent", {"fields": ("reimburse_from", "receipt_above", "expenses_within_days")}),
        ("When it works", {"fields": ("workdays", "work_starts", "work_ends", "holidays")}),
        ("How its contracts are billed", {"fields": ("policy",)}),
        (
            "On its invoices",
            {"fields": ("street", "postal_code", "city", "region", "tax_id", "registration", "remittance")},
        ),
    )  # fmt: skip
    readonly_fields = ("code", "currency", "country")
    search_fields = ("code", "name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        configuration.save_legal_entity(row=obj, by=person(request))


@admin.register(Route)
class RouteAdmin(OneByOneAdmin):
    """Which connection plays which role for a legal entity."""

    list_display = ("role", "legal_entity", "connection")
    list_filter = ("role",)
    list_select_related = ("legal_entity", "connection")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        configuration.save_route(row=obj, by=person(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the action."""
        configuration.remove_route(row=obj, by=person(request))


@admin.register(EligibilityRule)
class EligibilityRuleAdmin(ScopedAdmin, OneByOneAdmin):
    """Which work falls under which line; empty fields match everything, the most specific rule wins."""

    scope = "contract__legal_entity__code"
    list_display = ("contract", "kind", "project", "task_code", "role", "category", "chargeability", "line")
    list_filter = ("kind", "chargeability")
    list_select_related = ("contract", "project", "line")
    search_fields = ("contract__number", "task_code", "role", "category")
    raw_id_fields = ("contract", "project", "line")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        configuration.save_rule(row=obj, by=person(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the action."""
        configuration.remove_rule(row=obj, by=person(request))


@admin.register(Resource)
class ResourceAdmin(LookAdmin):
    """People, as the PSA has them; here they are looked up."""

    scope = ""
    list_display = ("code", "name", "role", "cost_centre", "vendor", "is_active")
    search_fields = ("code", "name")


@admin.register(Capacity)
class CapacityAdmin(ScopedAdmin, OneByOneAdmin):
    """The hours people work, by weekday. A later capacity of a person ends the one before it."""

    list_display = ("resource", "legal_entity", "hours", "calendar", "validity", "source")
    list_select_related = ("resource", "legal_entity")
    search_fields = ("resource__code", "resource__name")
    autocomplete_fields = ("resource",)
    exclude = ("source",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        by = person(request)
        source = obj.source or f"{by.username} {now():%Y-%m-%d %H:%M:%S.%f}"
        last = obj.validity.upper - timedelta(days=1) if obj.validity.upper else None
        given = capacity.CapacityIn(
            legal_entity=obj.legal_entity, resource=obj.resource, hours=tuple(obj.hours), calendar=obj.calendar,
            valid_from=obj.validity.lower, valid_to=last, source=source,
        )  # fmt: skip
        obj.pk = capacity.record(given=given, by=by).pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the action."""
        capacity.forget(source=obj.source, by=person(request))


@admin.register(Holiday)
class HolidayAdmin(OneByOneAdmin):
    """Days on which the people of a calendar do not work."""

    list_display = ("calendar", "day", "name", "hours")
    list_filter = ("calendar",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action; a holiday that moved to another day leaves the old one."""
        by = person(request)
        before = Holiday.objects.filter(pk=obj.pk).first()
        if before is not None and (before.calendar, before.day) != (obj.calendar, obj.day):
            capacity.remove_holiday(row=before, by=by)
        saved = capacity.save_holiday(calendar=obj.calendar, day=obj.day, name=obj.name, hours=obj.hours, by=by)
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the action."""
        capacity.remove_holiday(row=obj, by=person(request))


@admin.register(Absence)
class AbsenceAdmin(OneByOneAdmin):
    """Who is away and when."""

    list_display = ("resource", "days", "hours", "kind", "source")
    list_filter = ("kind",)
    list_select_related = ("resource",)
    search_fields = ("resource__code", "resource__name")
    autocomplete_fields = ("resource",)
    exclude = ("source",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the action."""
        by = person(request)
        obj.source = obj.source or f"{by.username} {now():%Y-%m-%d %H:%M:%S.%f}"
        capacity.save_absence(row=obj, by=by)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """By the action."""
        capacity.remove_absence(row=obj, by=person(request))


class RateRowInline(LookInline):
    """Prices: an amendment withdraws one and brings another."""

    model = RateRow
    fields = readonly_fields = (
        "role",
        "resource",
        "item",
        "rate",
        "unit",
        "currency",
        "validity",
        "introduced_in",
        "withdrawn_in",
    )


@admin.register(RateCard)
class RateCardAdmin(LookAdmin):
    """Rate cards with their prices."""

    scope = ""
    list_display = ("name", "scope_name", "contract", "customer", "legal_entity")
    list_filter = ("scope",)
    list_select_related = ("contract", "customer", "legal_entity")
    search_fields = ("name", "contract__number", "customer__name")
    inlines = (RateRowInline,)

    @admin.display(description="Scope", ordering="scope")
    def scope_name(self, row: RateCard) -> str:
        """Contract, customer or legal entity."""
        return str(row.get_scope_display())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Cards of contracts and entities within scope; customers' cards for all."""
        rows, user = super().get_queryset(request), person(request)
        if user.all_legal_entities:
            return rows
        mine = list(user.legal_entities)
        return rows.filter(
            Q(contract__legal_entity__code__in=mine) | Q(legal_entity__code__in=mine) | Q(scope="customer")
        )


@admin.register(Customer)
class CustomerAdmin(LookAdmin):
    """Customers as CRM and ERP have them."""

    scope = ""
    list_display = ("code", "name", "parent", "status", "country", "city", "currency")
    list_filter = ("status", "country")
    list_select_related = ("parent",)
    search_fields = ("code", "name")


__all__ = ["LookAdmin", "LookInline", "ScopedAdmin"]
