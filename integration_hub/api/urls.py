"""The schema and whatever is asked below /api/ that does not exist."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path

from integration_hub.api import errors
from integration_hub.api.docs import DocsView, SchemaView
from integration_hub.api.trace import TraceView

app_name = "api"
urlpatterns = [
    path("v1/schema/", SchemaView.as_view(), name="schema"),
    path("v1/trace/", TraceView.as_view(), name="trace"),
    path("docs/", DocsView.as_view(), name="docs"),
    re_path(r"", login_not_required(errors.not_found)),
]
