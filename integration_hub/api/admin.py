"""API tokens in Django admin: issued once shown, never edited, revoked."""

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from integration_hub.api.actions import tokens
from integration_hub.api.models import ApiToken
from integration_hub.api.scopes import SCOPES
from integration_hub.people.models import User


class IssueForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A token to issue; what the action refuses is shown on its field."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {text}") for scope, text in SCOPES.items()], widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "expires_at")

    def clean(self) -> dict[str, Any]:
        """Refuse on the right field what the action would refuse."""
        asked: dict[str, Any] = super().clean() or {}
        user, name = asked.get("user"), asked.get("name", "")
        if user is None:
            return asked
        wanted = {"scopes": asked.get("scopes", []), "expires_at": asked.get("expires_at")}
        for problem in tokens.problems(user=user, name=name, **wanted):
            if not self.has_error(problem.field):
                self.add_error(problem.field, f"{problem.message} {problem.remedy}".strip())
        if ApiToken.objects.filter(user=user, name=name.strip(), revoked_at__isnull=True).exists():
            self.add_error("name", "This person has an open token of this name. Revoke it, or choose a new name.")
        return asked


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin[ApiToken]):
    """Who may call the API, for what, until when. The secret is on the page after adding, and nowhere else."""

    form = IssueForm
    list_display = ("name", "prefix", "user", "state", "created_at", "created_by", "last_used_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    readonly_fields = ("prefix", "created_at", "created_by", "last_used_at", "revoked_at")
    actions = ("revoke",)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:
        """What is asked for when adding; everything afterwards."""
        return ("user", "name", "scopes", "expires_at", *(self.readonly_fields if obj else ()))

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Nothing of a token changes after it was issued."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """One's own tokens; everybody's for those who may revoke them."""
        rows = super().get_queryset(request)
        return rows if request.user.has_perm("hub_api.change_apitoken") else rows.filter(user=_person(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """People make tokens for themselves."""
        if db_field.name == "user" and not _person(request).is_superuser:
            kwargs["queryset"] = User.objects.filter(pk=_person(request).pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        """Tokens are revoked, not deleted: the trail points to them."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        """Issue it, as the command does."""
        asked = form.cleaned_data
        issued, secret = tokens.issue(
            user=asked["user"],
            name=asked["name"],
            scopes=asked["scopes"],
            expires_at=asked["expires_at"],
            by=_person(request),
        )
        obj.pk, obj.prefix = issued.pk, issued.prefix
        obj._secret = secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:
        """The one page that shows the secret."""
        context = {**self.admin_site.each_context(request), "title": "Token issued", "token": obj, "opts": self.opts}
        context["secret"] = obj._secret  # type: ignore[attr-defined]
        response = TemplateResponse(request, "admin/hub_api/apitoken/issued.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @admin.action(description="Revoke selected tokens", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """End them at once."""
        for token in queryset.filter(revoked_at__isnull=True):
            tokens.revoke(token_id=token.pk, by=_person(request))
            self.message_user(request, f"{token} is revoked.")


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
