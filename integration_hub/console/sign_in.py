"""Signing in, with a limit on guesses, and changing the password."""

from typing import Any, cast

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse_lazy

from integration_hub.console.models import SignInFailure
from integration_hub.kernel.clock import now
from integration_hub.people.models import User
from integration_hub.trail import record


class SignInForm(AuthenticationForm):
    """User name and password. After too many wrong guesses it waits, right password or not."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "User name and password do not match. Both are case-sensitive.",
    }

    def clean(self) -> dict[str, Any]:
        name, address = self.cleaned_data.get("username", ""), address_of(self.request)
        if until := SignInFailure.objects.locked_until(name, address):
            minutes = max(1, round((until - now()).total_seconds() / 60))
            text = f"Too many failed attempts. Try again in {minutes} min, or ask an administrator."
            raise forms.ValidationError(text, code="locked")
        try:
            cleaned = super().clean()
        except forms.ValidationError:
            SignInFailure.objects.note(name, address)
            raise
        SignInFailure.objects.forgive(name, address)
        return cleaned


class SignIn(LoginView):
    """The sign-in page. Each sign-in is in the trail."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        user = form.get_user()
        record.event("people.user.signed_in", by=user, object_type="user", object_id=user.pk, label=user.label)
        return response


class PasswordChange(SuccessMessageMixin, PasswordChangeView):  # type: ignore[type-arg]
    """A new password for the person signed in; the change is in the trail, the password is not."""

    template_name = "registration/password_change.html"
    success_url = reverse_lazy("console:preferences")
    success_message = "Password changed."

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        user = cast(User, self.request.user)
        record.event("people.user.password_changed", by=user, object_type="user", object_id=user.pk, label=user.label)
        return response


def address_of(request: HttpRequest | None) -> str:
    """The address of the client as the web server saw it."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64] if request else ""
