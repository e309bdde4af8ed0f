"""Addresses of the console's own screens."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from integration_hub.console import auditing, tracing, views
from integration_hub.console.sign_in import PasswordChange, SignIn

app_name = "console"

urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in/", login_not_required(SignIn.as_view()), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("search/", views.search, name="search"),
    path("trace/", tracing.trace, name="trace"),
    path("trace/<slug:kind>/<path:key>/", tracing.record, name="trace-record"),
    path("audit/", auditing.EventList.as_view(), name="event-list"),
    path("audit/seals/", auditing.seals, name="seals"),
    path("audit/<int:pk>/", auditing.event_detail, name="event-detail"),
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/theme/", views.theme, name="theme"),
    path("preferences/password/", PasswordChange.as_view(), name="password"),
    path("help/", views.help_page, name="help"),
]
