"""Forms of connections; their fields come from the vendor's manifest. What is secret is written and never shown."""

import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from django import forms
from django.core.validators import URLValidator

from integration_hub.connectors.actions.accounts import LimitsIn
from integration_hub.connectors.models import Account
from integration_hub.connectors.registry import COMMON_SETTINGS, CONNECTORS, Manifest, Setting
from integration_hub.console.forms import DecisionForm

_OUTSIDE = re.compile(r"(.+?)[\s:]+(\d{1,2}) ?%?")


class WriteOnly(forms.Textarea):
    """A text that is typed in and never sent back to the browser, not even after an error."""

    def format_value(self, value: Any) -> str:
        """Always empty."""
        return ""


def secret_field(setting: Setting, *, required: bool) -> forms.CharField:
    """A credential: a password box, or a text box where it has several lines (keys in PEM)."""
    long = "key" in setting.name and "api" not in setting.name
    attrs = {"autocomplete": "off", "spellcheck": "false"}
    widget = WriteOnly(attrs={"rows": 4, **attrs}) if long else forms.PasswordInput(attrs=attrs, render_value=False)
    return forms.CharField(
        label=setting.title,
        required=required and setting.required,
        strip=True,
        widget=widget,
        help_text=setting.help,
        error_messages={"required": f"Enter: {setting.title}."},
    )


class TableField(forms.JSONField):
    """A JSON object of names and values."""

    default_error_messages = {"invalid": 'Enter a JSON object, such as {"name": "value"}.'}

    def to_python(self, value: Any) -> Any:
        """The object; nothing stays nothing."""
        found = super().to_python(value)
        if found is not None and not isinstance(found, dict):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found


def plain_field(setting: Setting) -> forms.Field:
    """A setting that is no secret."""
    if setting.table:
        widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})
        return TableField(label=setting.title, required=False, widget=widget, help_text=setting.help)
    return forms.CharField(
        label=setting.title,
        required=setting.required and not setting.default,
        initial=setting.default,
        help_text=setting.help,
        error_messages={"required": setting.help or f"Enter: {setting.title}."},
    )


def address_field(manifest: Manifest) -> forms.CharField:
    """Where the account is. Django's own field knows web addresses alone."""
    if manifest.schemes == ("http", "https"):
        return forms.URLField(label="Address", assume_scheme="https")
    plain, encrypted = manifest.schemes
    return forms.CharField(
        label="Address",
        max_length=200,
        validators=[URLValidator(schemes=manifest.schemes)],
        help_text=f"{encrypted}://host:port, or {plain}:// where the line is not encrypted.",
    )


class CredentialsForm(DecisionForm):
    """New credentials of a connection: all of them, for they are replaced together; the webhook secret on its own."""

    def __init__(self, *args: Any, manifest: Manifest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = [setting.name for setting in manifest.settings if setting.secret]
        for setting in manifest.settings:
            if setting.secret:
                self.fields[setting.name] = secret_field(setting, required=False)
        self.fields["webhook_secret"] = secret_field(
            Setting("webhook_secret", "Webhook signing secret", help="Leave empty to keep the one that is set."),
            required=False,
        )

    def clean(self) -> dict[str, Any]:
        """Something must be entered."""
        data = super().clean() or {}
        if not any(data.get(name) for name in (*self.names, "webhook_secret")):
            raise forms.ValidationError("Enter new credentials or a new webhook secret.")
        return data

    def credentials(self) -> dict[str, str] | None:
        """What was entered, or None when the credentials stay as they are."""
        entered = {name: self.cleaned_data[name] for name in self.names if self.cleaned_data.get(name)}
        return entered or None

    def webhook_secret(self) -> str | None:
        """The new webhook secret, or None."""
        return self.cleaned_data.get("webhook_secret") or None


class VendorForm(forms.Form):
    """Which system a new connection is for."""

    vendor = forms.ChoiceField(label="System", widget=forms.RadioSelect)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["vendor"].choices = [  # type: ignore[attr-defined]
            (name, connector.manifest.title) for name, connector in CONNECTORS
        ]


class ConnectionForm(forms.Form):
    """A new connection: name, address, the vendor's settings, and its credentials if they are at hand."""

    name = forms.CharField(max_length=120, label="Name", help_text="As people call the account, e.g. NetSuite EMEA.")
    code = forms.SlugField(max_length=60, label="Code", help_text="Small letters, digits and hyphens. Never changes.")

    def __init__(self, *args: Any, manifest: Manifest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manifest = manifest
        if manifest.role != "file":
            self.fields["base_url"] = address_field(manifest)
        for setting in manifest.settings:
            field = secret_field(setting, required=False) if setting.secret else plain_field(setting)
            self.fields[setting.name] = field

    def settings(self) -> dict[str, Any]:
        """What is not secret."""
        return {s.name: self.cleaned_data[s.name] for s in self.manifest.settings
                if not s.secret and self.cleaned_data.get(s.name)}  # fmt: skip

    def credentials(self) -> dict[str, str]:
        """What is secret, as far as it was entered."""
        return {s.name: self.cleaned_data[s.name] for s in self.manifest.settings
                if s.secret and self.cleaned_data.get(s.name)}  # fmt: skip


class SettingsForm(DecisionForm):
    """Name, address and settings of a connection there is."""

    name = forms.CharField(max_length=120, label="Name")

    def __init__(self, *args: Any, manifest: Manifest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.manifest = manifest
        if manifest.role != "file":
            self.fields["base_url"] = address_field(manifest)
        for setting in self._plain():
            self.fields[setting.name] = plain_field(setting)

    def _plain(self) -> list[Setting]:
        own = {setting.name for setting in self.manifest.settings}
        common = [setting for setting in COMMON_SETTINGS if setting.name not in own]
        return [setting for setting in (*self.manifest.settings, *common) if not setting.secret]

    def settings(self, known: dict[str, Any]) -> dict[str, Any]:
        """The settings as entered; those this form does not show stay as they are."""
        shown = {setting.name for setting in self._plain()}
        kept = {name: value for name, value in known.items() if name not in shown}
        return kept | {name: self.cleaned_data[name] for name in shown if self.cleaned_data.get(name)}


class LimitsForm(DecisionForm):
    """What the vendor allows an account; an empty field means what the connector declares."""

    account_version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    account = forms.ChoiceField(
        required=False, label="Account", help_text="Connections of one account share its limits."
    )
    calls = forms.IntegerField(min_value=1, required=False, label="Calls in a window")
    seconds = forms.IntegerField(min_value=1, required=False, label="Length of the window in seconds")
    daily = forms.IntegerField(min_value=1, required=False, label="Calls a day")
    concurrency = forms.IntegerField(min_value=1, max_value=64, required=False, label="Calls under way at once")
    outside = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        label="Others who use the account",
        help_text="One a line, name and percentage of all limits: Celigo 20",
    )

    def __init__(self, *args: Any, accounts: Iterable[Account], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "One of its own"), *((str(one.pk), f"That of {one}") for one in accounts)]
        self.fields["account"].choices = choices  # type: ignore[attr-defined]  # of a ChoiceField

    def clean_outside(self) -> tuple[tuple[str, int], ...]:
        """Lines as (name, percent)."""
        lines = [line.strip() for line in self.cleaned_data["outside"].splitlines() if line.strip()]
        found = [_OUTSIDE.fullmatch(line) for line in lines]
        if not all(found):
            raise forms.ValidationError("Write each line as name and percentage: Celigo 20")
        return tuple((match[1], int(match[2])) for match in found if match)

    def limits(self) -> LimitsIn:
        """What was entered."""
        return LimitsIn(**{spec.name: self.cleaned_data[spec.name] for spec in fields(LimitsIn)})
