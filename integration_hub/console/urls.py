"""Addresses of the console's own screens."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView, PasswordChangeView
from django.urls import path, reverse_lazy

from integration_hub.console import views
from integration_hub.console.sign_in import SignIn

app_name = "console"

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", login_not_required(SignIn.as_view()), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("search/", views.search, name="search"),
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/theme/", views.theme, name="theme"),
    path(
        "preferences/password/",
        PasswordChangeView.as_view(
            template_name="registration/password_change.html", success_url=reverse_lazy("console:preferences")
        ),
        name="password",
    ),
    path("help/", views.help_page, name="help"),
]
