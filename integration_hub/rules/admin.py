"""Decision tables in the admin: drafts are edited here; they are checked and published on their own page."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from integration_hub.mapping.adminsite import ActionAdmin, person
from integration_hub.rules import language, policies, queries
from integration_hub.rules.actions import tables
from integration_hub.rules.checks import output_problem
from integration_hub.rules.models import DecisionTable, TableRule, TableTest
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import Kind, Output, RuleSpec, chosen

OUT = "says_"


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What a new draft is about. Its rules begin as those in force."""

    kind = forms.ChoiceField(label="Decides")

    class Meta:
        model = DecisionTable
        fields = ("kind", "legal_entity", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(name, kind.title) for name, kind in KINDS]  # type: ignore[attr-defined]


class RuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """A rule: its condition, and a field for everything the kind says."""

    kind: Kind

    class Meta:
        model = TableRule
        fields = ("position", "condition", "note")
        widgets = {"condition": forms.Textarea(attrs={"rows": 2, "cols": 60, "spellcheck": "false"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for output in self.kind.outputs:
            value = self.instance.outputs.get(output.name, "") if self.instance.pk else ""
            initial = list(chosen({output.name: value}, output.name)) if output.many else value
            self.fields[OUT + output.name].initial = initial

    def clean_condition(self) -> str:
        """Refuse what cannot be read, while it is typed."""
        condition = str(self.cleaned_data["condition"])
        try:
            language.read(condition, self.kind.names, self.kind.days)
        except language.BadCondition as error:
            raise forms.ValidationError(str(error)) from error
        return condition

    def clean(self) -> dict[str, Any]:
        """The outputs together."""
        given = super().clean() or {}
        outputs = {}
        for output in self.kind.outputs:
            value = given.get(OUT + output.name) or ""
            outputs[output.name] = ",".join(value) if isinstance(value, list) else str(value)
            if told := output_problem(output, outputs[output.name]):
                self.add_error(OUT + output.name, told)
        given["outputs"] = outputs
        return given


def rule_form(kind: Kind) -> type[RuleForm]:
    """The form of a rule of this kind."""
    return type("KindRuleForm", (RuleForm,), {"kind": kind} | {OUT + o.name: _field(o) for o in kind.outputs})


def _field(output: Output) -> forms.Field:
    choices = [(value, value.replace("_", " ")) for value in output.values]
    if output.many:
        return forms.MultipleChoiceField(choices=choices, required=False, label=output.label)
    if choices:
        return forms.ChoiceField(choices=[("", "–"), *choices], required=False, label=output.label)
    return forms.CharField(max_length=120, required=False, label=output.label)


class _DraftInline(admin.TabularInline[Any, Any]):
    """Rows of a draft; only drafts have rows that can be changed."""

    extra = 1

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and bool(policies.can_edit(obj, person(request)))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("hub_rules.view_decisiontable")


class RuleInline(_DraftInline):
    """The rules in their order: the first whose condition holds decides."""

    model = TableRule
    fields = ("position", "condition", "note")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if obj is not None and self.has_change_permission(request, obj):
            kind = KINDS.get(obj.kind)
            kwargs["form"] = rule_form(kind)
            kwargs["fields"] = ("position", "condition", *(OUT + o.name for o in kind.outputs), "note")
        return super().get_formset(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or not self.has_change_permission(request, obj):
            return ("position", "condition", "outputs", "note")
        return ("position", "condition", *(OUT + output.name for output in KINDS.get(obj.kind).outputs), "note")


class TestInline(_DraftInline):
    """Test rows: inputs with what is expected of them, as JSON."""

    model = TableTest
    fields = ("name", "inputs", "expected")


@admin.register(DecisionTable)
class DecisionTableAdmin(ActionAdmin):
    """Versions of decision tables; only drafts can be changed."""

    list_display = ("title", "legal_entity", "number", "status", "author", "published_by", "published_at")
    list_filter = ("status", "kind", "legal_entity")
    list_select_related = ("author", "published_by")
    readonly_fields = ("about", "inputs", "status", "author", "page")

    @admin.display(description="Decides", ordering="kind")
    def title(self, obj: DecisionTable) -> str:
        """The kind in words."""
        return KINDS.get(obj.kind).title

    @admin.display(description="What it decides")
    def about(self, obj: DecisionTable) -> str:
        """The kind's own words."""
        return KINDS.get(obj.kind).about

    @admin.display(description="Inputs")
    def inputs(self, obj: DecisionTable) -> str:
        """What conditions may look at."""
        told = [f"{item.name} ({item.type}{': ' + ', '.join(map(repr, item.values)) if item.values else ''})"
                for item in KINDS.get(obj.kind).inputs]  # fmt: skip
        return " · ".join(told)

    @admin.display(description="Check, compare, publish")
    def page(self, obj: DecisionTable) -> str:
        """The version's own page."""
        return format_html('<a href="{}">Open its page</a>', reverse("rules:table-detail", args=[obj.pk]))

    def get_queryset(self, request: HttpRequest) -> QuerySet[DecisionTable]:
        return queries.visible_to(person(request))

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else (RuleInline, TestInline)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("kind", "legal_entity", "note") if obj is None else (*self.readonly_fields, "note")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.readonly_fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = DraftForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.status in DecisionTable.OPEN)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: DecisionTable, form: Any, change: bool) -> None:
        """A new draft by its action; an edited one is saved whole, with its rows."""
        if not change:
            made = tables.draft(kind=obj.kind, legal_entity=obj.legal_entity, by=person(request), note=obj.note)
            obj.pk, obj.number = made.pk, made.number
            obj._state.adding = False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Header and rows of a draft together, by one action."""
        for formset in formsets:
            formset.save(commit=False)  # notes what changed, for the admin's own log
        if not change or not (form.has_changed() or any(formset.has_changed() for formset in formsets)):
            return
        rows = {formset.model: [f.cleaned_data for f in formset.forms if _kept(f)] for formset in formsets}
        rules = sorted(rows[TableRule], key=lambda row: row["position"])
        tables.edit(
            table_id=form.instance.pk,
            by=person(request),
            rules=[RuleSpec(row["condition"], row["outputs"], row["note"]) for row in rules],
            tests=[{name: row[name] for name in ("name", "inputs", "expected")} for row in rows[TableTest]],
            note=form.cleaned_data["note"],
        )

    def delete_model(self, request: HttpRequest, obj: DecisionTable) -> None:
        """By the action."""
        tables.discard(table_id=obj.pk, by=person(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[DecisionTable]) -> None:
        """One by one, so that each is told."""
        for row in queryset:
            tables.discard(table_id=row.pk, by=person(request))


def _kept(form: Any) -> bool:
    """Whether a row stays: filled in and not ticked to go."""
    given = form.cleaned_data
    return bool(given) and not given.get("DELETE") and (form.instance.pk is not None or form.has_changed())
