"""The console's own screens: home, search, preferences, help, and the error pages."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from integration_hub.console.decisions import refusal
from integration_hub.console.home import GROUPS, home_for
from integration_hub.console.http import Request
from integration_hub.console.screens import SIGNED_IN, screen
from integration_hub.console.search import search as find
from integration_hub.people.models import User


@screen(permission=SIGNED_IN)
def home(request: Request) -> HttpResponse:
    """What waits for the person who looks."""
    return render(request, "console/home.html", {"groups": home_for(request.user), "headings": GROUPS})


@screen(permission=SIGNED_IN)
def search(request: Request) -> HttpResponse:
    """Everything that carries this id, number or name."""
    query = request.GET.get("q", "").strip()
    found = find(query, request.user)
    return render(request, "console/search.html", {"query": query, "found": found})


class PreferencesForm(forms.ModelForm[User]):
    """How the console looks and listens for one person."""

    class Meta:
        model = User
        fields = ("theme", "keyboard_shortcuts")
        labels = {"keyboard_shortcuts": "Single-key shortcuts"}
        help_texts = {"keyboard_shortcuts": "Switch off if you dictate or use other software that types single keys."}
        widgets = {"theme": forms.RadioSelect}


@screen(permission=SIGNED_IN, methods=["GET", "POST"])
def preferences(request: Request) -> HttpResponse:
    """Theme and shortcuts."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Preferences saved.")
        return redirect("console:preferences")
    return render(request, "console/preferences.html", {"form": form}, status=422 if form.errors else 200)


@screen(permission=SIGNED_IN, methods=["POST"])
def theme(request: Request) -> HttpResponse:
    """The theme switch of the user menu."""
    wanted = request.POST.get("theme", "")
    if wanted in User.Theme.values:
        request.user.theme = wanted
        request.user.save(update_fields=["theme"])
    return HttpResponseRedirect(_back(request))


@screen(permission=SIGNED_IN)
def help_page(request: Request) -> HttpResponse:
    """Shortcuts and words."""
    return render(request, "_partials/shortcuts.html" if request.htmx else "console/help.html")


def _back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    hosts = {request.get_host()}
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts=hosts, require_https=request.is_secure())
    return target if safe else reverse("console:home")


# Error pages ------------------------------------------------------------------------------------------------------


@login_not_required
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return refusal(request, 400, "The request could not be understood.")


@login_not_required
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403, with the reason."""
    return refusal(request, 403, str(exception) or "Your role does not include this.")


@login_not_required
def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 of the CSRF check (the setting CSRF_FAILURE_VIEW)."""
    text = "The form has expired and nothing was changed. Reload the page and send it again."
    return refusal(request, 403, text)


@login_not_required
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: also for what lies outside the person's legal entities."""
    return refusal(request, 404, "There is nothing at this address, or it belongs to a legal entity you do not see.")


@login_not_required
def failed(request: HttpRequest) -> HttpResponse:
    """500, without touching anything that may have failed: no user, no menu, no database."""
    text = render_to_string("500.html", {"correlation_id": getattr(request, "correlation_id", "")})
    return HttpResponse(text, status=500)
