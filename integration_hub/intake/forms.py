"""Forms of intake: a file with its companion and control totals, the meaning of a value."""

from typing import Any, get_args, get_origin

from django import forms

from integration_hub.canonical import ENTITIES, nouns
from integration_hub.console.forms import DecisionForm
from integration_hub.intake.actions.feeds import FILE_DROP
from integration_hub.intake.models import Feed
from integration_hub.mapping.models import FieldRule, Mapping, ValueRow

KNOWN_SHOWN = 30


class FeedField(forms.ModelChoiceField[Feed]):
    """A feed by the name of its connection and what it holds: `Studio export: time entry`."""

    def label_from_instance(self, obj: Feed) -> str:
        """The words of a choice."""
        return f"{obj.connection.name}: {nouns.many(obj.entity)}"


class FileForm(forms.Form):
    """A file to look at and apply, with what its sender says about it."""

    feed = FeedField(queryset=Feed.objects.none(), label="What it holds", empty_label="Choose connection and records")
    file = forms.FileField(label="File", help_text="CSV or XLSX with a header row, or a bank's camt.053 or BAI2.")
    companion = forms.FileField(
        label="Companion file (optional)",
        required=False,
        help_text="A second file whose columns are appended to the rows of the first.",
    )
    key = forms.CharField(
        label="Key column (optional)", required=False, help_text="A column both files have; needed with a companion."
    )
    records = forms.IntegerField(
        label="Records (optional)", required=False, min_value=0, help_text="How many rows the sender says there are."
    )
    sums = forms.CharField(
        label="Control totals (optional)",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "Hours: 1234.50\nAmount: 98765.00"}),
        help_text="One line per column: its name, a colon, the sum the sender gives.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        feeds = (
            Feed.objects.filter(connection__vendor=FILE_DROP)
            .select_related("connection")
            .defer("connection__sealed_credentials", "connection__sealed_webhook_secret")
        )
        self.fields["feed"].queryset = feeds.order_by("connection__code", "weight")  # type: ignore[attr-defined]

    def clean_sums(self) -> dict[str, str]:
        """`column: sum` lines as a dict."""
        found: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["sums"].splitlines(), start=1):
            if not line.strip():
                continue
            column, colon, value = line.rpartition(":")
            if not colon or not column.strip() or not value.strip():
                raise forms.ValidationError(f"Line {number} is not “column: sum”.")
            found[column.strip()] = value.strip()
        return found

    def clean(self) -> dict[str, Any]:
        """A companion needs the key column."""
        data = super().clean() or {}
        if data.get("companion") and not data.get("key"):
            self.add_error("key", "Name the column by which the two files are joined.")
        return data

    def totals(self) -> dict[str, Any]:
        """The manifest of control totals."""
        data = self.cleaned_data
        told: dict[str, Any] = {}
        if data.get("records") is not None:
            told["records"] = data["records"]
        if data.get("sums"):
            told["sums"] = data["sums"]
        return told


class ValueForm(DecisionForm):
    """What a value of theirs means here."""

    ours = forms.CharField(
        max_length=200, label="Means here", error_messages={"required": "Say what the value means here."}
    )

    def __init__(self, *args: Any, connection: str, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = allowed_values(connection, name)
        if choices:
            self.fields["ours"] = forms.ChoiceField(
                label="Means here", choices=[("", "Choose"), *((value, value) for value in choices)],
                error_messages={"required": "Say what the value means here."},
            )  # fmt: skip
            return
        known = known_values(connection, name)
        if known:
            self.fields["ours"].help_text = f"In use so far: {', '.join(known)}."


def known_values(connection: str, name: str) -> list[str]:
    """What other values of this map mean."""
    rows = ValueRow.objects.filter(value_map__connection=connection, value_map__name=name)
    return list(rows.order_by("ours").values_list("ours", flat=True).distinct()[:KNOWN_SHOWN])


def allowed_values(connection: str, name: str) -> list[str]:
    """The values the canonical field knows, when it knows only some (a status, a method); else empty."""
    rules = FieldRule.objects.filter(
        value_map__connection=connection, value_map__name=name, mapping__status=Mapping.Status.PUBLISHED
    )
    found: list[set[str]] = []
    for entity, target in rules.values_list("mapping__entity", "target").distinct():
        field = ENTITIES[entity].model_fields.get(target) if entity in ENTITIES else None
        literal = _literal(field.annotation) if field is not None else ()
        if not literal:
            return []
        found.append(set(literal))
    return sorted(set.intersection(*found)) if found else []


def _literal(annotation: Any) -> tuple[str, ...]:
    """The texts of a Literal, also inside `Literal | None`."""
    if get_origin(annotation) is not None and str(get_origin(annotation)) == "typing.Literal":
        return tuple(str(value) for value in get_args(annotation))
    inner = [texts for part in get_args(annotation) if (texts := _literal(part))]
    return inner[0] if len(inner) == 1 else ()
