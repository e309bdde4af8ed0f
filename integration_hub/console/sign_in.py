"""Signing in, with a limit on guesses."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest

from integration_hub.console.models import SignInFailure
from integration_hub.kernel.clock import now


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
    """The sign-in page."""

    template_name = "registration/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


def address_of(request: HttpRequest | None) -> str:
    """The address of the client as the web server saw it."""
    return str(request.META.get("REMOTE_ADDR", ""))[:64] if request else ""
