"""Mappings and value maps in the admin: drafts are edited here, and published by a second person."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest

from integration_hub.canonical import ENTITIES, nouns
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.mapping import policies
from integration_hub.mapping.actions import mappings, values
from integration_hub.mapping.adminsite import ActionAdmin, person
from integration_hub.mapping.models import FieldRule, Mapping, ValueMap, ValueRow


class MappingForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """The header of a draft."""

    entity = forms.ChoiceField(choices=[(name, nouns.one(name)) for name in ENTITIES])

    class Meta:
        model = Mapping
        fields = ("connection", "entity", "row_filter", "encoding", "delimiter", "note")

    def clean(self) -> dict[str, Any]:
        """One draft at a time, told while it is typed."""
        given = super().clean() or {}
        if self.instance.pk is None and {"connection", "entity"} <= given.keys():
            open_draft = Mapping.objects.filter(
                connection=given["connection"], entity=given["entity"], status=Mapping.Status.DRAFT
            ).first()
            if open_draft is not None:
                raise forms.ValidationError(f"{open_draft} is already a draft. Edit, publish or discard it first.")
        return given


class FieldRuleInline(admin.TabularInline[Any, Any]):
    """The rules of a mapping."""

    model = FieldRule
    extra = 1

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        field = formset.form.base_fields.get("value_map")
        if isinstance(field, forms.ModelChoiceField) and obj is not None:
            field.queryset = ValueMap.objects.filter(connection=obj.connection)
        return formset

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or bool(policies.can_change_draft(obj, person(request)))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None or bool(policies.can_change_draft(obj, person(request)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("hub_mapping.view_mapping") or self.has_change_permission(request, obj)


@admin.register(Mapping)
class MappingAdmin(ActionAdmin):
    """Versions of mappings; only drafts can be changed."""

    form = MappingForm
    list_display = ("connection", "entity", "version", "status", "author", "published_by", "published_at")
    list_filter = ("status", "connection", "entity")
    list_select_related = ("author", "published_by")
    search_fields = ("connection", "entity", "note")
    readonly_fields = ("version", "status", "author", "published_by", "published_at", "created_at")
    inlines = (FieldRuleInline,)
    actions = ("publish", "make_draft")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.status == Mapping.Status.DRAFT)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "connection", "entity") if obj is not None else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is not None:  # connection and entity of a draft are what it is about: they are only shown
            kwargs["form"] = forms.ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Mapping, form: ModelForm[Any], change: bool) -> None:
        if change:
            mappings.edit_draft(draft=obj, by=person(request))
        else:
            mappings.start_draft(draft=obj, by=person(request))

    def save_formset(
        self, request: HttpRequest, form: ModelForm[Any], formset: BaseInlineFormSet[Any, Any, Any], change: bool
    ) -> None:
        saved = formset.save(commit=False)
        mappings.edit_rules(
            mapping_id=form.instance.pk, saved=saved, removed=formset.deleted_objects, by=person(request)
        )

    def delete_model(self, request: HttpRequest, obj: Mapping) -> None:
        mappings.discard(mapping_id=obj.pk, by=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> None:
        for mapping in queryset:
            self._try(request, lambda mapping=mapping: mappings.discard(mapping_id=mapping.pk, by=person(request)))

    @admin.action(description="Publish the selected drafts")
    def publish(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> None:
        for mapping in queryset.order_by("pk"):
            if self._try(request, lambda mapping=mapping: mappings.publish(mapping_id=mapping.pk, by=person(request))):
                messages.success(request, f"{mapping} is in force.")

    @admin.action(description="Make a draft from the selected versions")
    def make_draft(self, request: HttpRequest, queryset: QuerySet[Mapping]) -> None:
        for mapping in queryset.order_by("pk"):
            if self._try(
                request,
                lambda mapping=mapping: mappings.draft_from(mapping_id=mapping.pk, by=person(request)),
            ):
                messages.success(request, f"A draft was made from {mapping}.")

    @staticmethod
    def _try(request: HttpRequest, act: Any) -> bool:
        try:
            act()
        except ThroughlineError as error:
            messages.error(request, str(error))
            return False
        return True


class ValueRowInline(admin.TabularInline[Any, Any]):
    """Their values and ours."""

    model = ValueRow
    extra = 1

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(policies.can_edit_values(person(request)))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(policies.can_edit_values(person(request)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(policies.can_edit_values(person(request)))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("hub_mapping.view_valuemap") or self.has_change_permission(request, obj)


@admin.register(ValueMap)
class ValueMapAdmin(ActionAdmin):
    """Value maps; a change takes effect with the next record that is read."""

    list_display = ("connection", "name", "when_unknown", "revision")
    list_filter = ("connection",)
    search_fields = ("connection", "name", "rows__theirs", "rows__ours")
    readonly_fields = ("revision",)
    inlines = (ValueRowInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "connection", "name") if obj is not None else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ValueMap, form: ModelForm[Any], change: bool) -> None:
        if not change or form.has_changed():
            values.save_map(value_map=obj, by=person(request))

    def save_formset(
        self, request: HttpRequest, form: ModelForm[Any], formset: BaseInlineFormSet[Any, Any, Any], change: bool
    ) -> None:
        formset.save(commit=False)
        value_map, by = form.instance, person(request)
        renamed = [row for row, fields in formset.changed_objects if "theirs" in fields]
        for row in [*formset.deleted_objects, *renamed]:
            values.remove_value(row_id=row.pk, by=by)
        for row in [*(row for row, _ in formset.changed_objects), *formset.new_objects]:
            values.add_value(
                connection=value_map.connection, name=value_map.name, theirs=row.theirs, ours=row.ours, by=by
            )
