"""Connections in the admin: settings are shown, credentials only ever go in."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from integration_hub.connectors import policies
from integration_hub.connectors.actions import connections
from integration_hub.connectors.models import Call, Connection
from integration_hub.connectors.registry import CONNECTORS, Setting
from integration_hub.kernel.errors import ThroughlineError
from integration_hub.kernel.failures import Failed
from integration_hub.mapping.adminsite import ActionAdmin, person

_PREFIX = "secret_"


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A connection with one write-only field for each of its vendor's credentials."""

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    webhook_secret = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Of signed hints. Never shown; leave empty to keep what is set.",
    )

    class Meta:
        model = Connection
        fields = ("name", "settings")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen_version"].initial = self.instance.version
        self.fields["settings"].help_text = _settings_help(self.instance.vendor)

    def clean(self) -> dict[str, Any]:
        """Refuse a form that was opened before somebody else changed the connection."""
        given = super().clean() or {}
        if self.instance.pk and given.get("seen_version") != Connection.objects.get(pk=self.instance.pk).version:
            raise forms.ValidationError("Someone else changed this connection. Open it again and decide again.")
        return given

    def entered(self) -> dict[str, str]:
        """The credentials typed in."""
        names = [name for name in self.fields if name.startswith(_PREFIX)]
        return {name.removeprefix(_PREFIX): self.cleaned_data[name] for name in names if self.cleaned_data.get(name)}


class NewConnectionForm(ConnectionForm):
    """A new connection; its credentials are asked for once the vendor is known."""

    vendor = forms.ChoiceField(choices=lambda: [(name, item.manifest.title) for name, item in CONNECTORS])

    class Meta(ConnectionForm.Meta):
        fields = ("code", "vendor", "name", "settings")  # type: ignore[assignment]


def _secrets(vendor: str) -> list[Setting]:
    connector = CONNECTORS.find(vendor)
    return [setting for setting in connector.manifest.settings if setting.secret] if connector else []


def _settings_help(vendor: str) -> str:
    connector = CONNECTORS.find(vendor)
    if connector is None:
        return "A JSON object; `manage.py connectors` lists the settings of each vendor."
    shown = [f"{item.name}: {item.title}" for item in connector.manifest.settings if not item.secret]
    return "A JSON object. " + "; ".join(shown)


def _secret_field(setting: Setting) -> forms.CharField:
    widget: type[forms.Widget] = forms.Textarea if "key" in setting.name else forms.PasswordInput
    return forms.CharField(
        label=setting.title,
        required=False,
        widget=widget(attrs={"autocomplete": "off", **({"rows": 3} if widget is forms.Textarea else {})}),
        help_text="Never shown; leave all credentials empty to keep what is set.",
        strip=True,
    )


@admin.register(Connection)
class ConnectionAdmin(ActionAdmin):
    """Accounts in external systems."""

    list_display = ("code", "vendor", "name", "health", "health_detail", "is_paused", "failures_in_row")
    list_filter = ("vendor", "health", "is_paused")
    search_fields = ("code", "name", "base_url")
    readonly_fields = (
        "code",
        "vendor",
        "health",
        "health_detail",
        "health_at",
        "open_until",
        "is_paused",
        "paused_reason",
        "version",
    )
    actions = ("test_connection", "pause", "resume")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj is not None else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return ("code", "vendor", "name", "base_url", "settings", "webhook_secret", "seen_version")
        secrets = [f"{_PREFIX}{item.name}" for item in _secrets(obj.vendor)] if self._may_enter(request) else []
        entry = [*secrets, "webhook_secret"] if self._may_enter(request) else []
        return (*self.readonly_fields, "name", "base_url", "settings", *entry, "seen_version")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewConnectionForm
        else:
            secrets = {f"{_PREFIX}{item.name}": _secret_field(item) for item in _secrets(obj.vendor)}
            kwargs["form"] = type("ConnectionSecretsForm", (ConnectionForm,), secrets)
        return super().get_form(request, obj, change=change, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "base_url":
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @staticmethod
    def _may_enter(request: HttpRequest) -> bool:
        return bool(policies.can_set_credentials(person(request)))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Connection, form: ModelForm[Any], change: bool) -> None:
        by, given = person(request), form.cleaned_data
        if not change:
            made = connections.create(
                code=given["code"],
                vendor=given["vendor"],
                name=given["name"],
                base_url=given["base_url"],
                settings=given["settings"] or {},
                credentials={},
                webhook_secret=given.get("webhook_secret") or "",
                by=by,
            )
            obj.pk = made.pk
            return
        assert isinstance(form, ConnectionForm)  # noqa: S101 - narrows the type
        changed = connections.change(
            connection_id=obj.pk,
            name=given["name"],
            base_url=given["base_url"],
            settings=given["settings"] or {},
            by=by,
            seen_version=given["seen_version"],
        )
        credentials, hint = form.entered() or None, given.get("webhook_secret") or None
        if credentials or hint:
            connections.set_credentials(
                connection_id=obj.pk, credentials=credentials, webhook_secret=hint, by=by, seen_version=changed.version
            )

    @admin.action(description="Test the selected connections")
    def test_connection(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        for connection in queryset:
            try:
                sentence = connections.test(connection_id=connection.pk, by=person(request))
                messages.success(request, f"{connection}: {sentence}")
            except Failed as failure:
                messages.error(request, f"{connection}: {failure.message}. {failure.remedy}")
            except ThroughlineError as error:
                messages.error(request, f"{connection}: {error}")

    @admin.action(description="Pause the selected connections")
    def pause(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        by = person(request)
        for connection in queryset:
            reason = f"Paused in the admin by {by.label}"
            self._try(request, connections.pause, connection, by=by, reason=reason)

    @admin.action(description="Resume the selected connections")
    def resume(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        for connection in queryset:
            self._try(request, connections.resume, connection, by=person(request))

    @staticmethod
    def _try(request: HttpRequest, act: Any, connection: Connection, **arguments: Any) -> None:
        try:
            act(connection_id=connection.pk, seen_version=connection.version, **arguments)
        except ThroughlineError as error:
            messages.error(request, f"{connection}: {error}")


@admin.register(Call)
class CallAdmin(admin.ModelAdmin[Any]):
    """The log of calls: read only."""

    list_display = ("at", "connection", "method", "path", "status", "outcome", "milliseconds", "error")
    list_filter = ("connection", "outcome", "method")
    list_select_related = ("connection",)
    search_fields = ("path", "correlation_id", "error")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
