"""Every address of the API says which scope and right it needs, for every method it takes."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from rest_framework.test import APIRequestFactory, force_authenticate

from integration_hub.api.permissions import ScopedPermission
from integration_hub.api.scopes import SCOPES
from integration_hub.api.views import HubView
from integration_hub.people.models import User

OPEN = {"SchemaView", "DocsView"}
"""Addresses that describe the API and need no token."""


def endpoints() -> list[tuple[str, Any, set[str]]]:
    """(path, view class, methods) of everything below /api/v1/ that is a view of the framework."""
    found = []
    for path, callback in walk(get_resolver().url_patterns):
        view = getattr(callback, "cls", None)
        if path.startswith("api/") and view is not None and view.__name__ not in OPEN:
            actions = getattr(callback, "actions", None)
            methods = actions or {name: name for name in view.http_method_names if hasattr(view, name)}
            found.append((path, view, {name.upper() for name in methods} - {"OPTIONS", "HEAD"}))
    return found


def walk(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, path)
        else:
            yield path, pattern.callback


def test_there_are_addresses_to_look_at():
    assert len(endpoints()) > 40


def test_every_view_declares_a_known_scope_for_every_method():
    for path, view, methods in endpoints():
        for method in methods:
            assert view.required_scopes.get(method) in SCOPES, f"{path} {method}: declare a scope of api/scopes.py"
            wanted = ":read" if method == "GET" else ":write"
            assert view.required_scopes[method].endswith(wanted), f"{path} {method}"


@pytest.mark.django_db
def test_every_view_declares_an_existing_right():
    known = {
        f"{app}.{codename}" for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    for path, view, _methods in endpoints():
        assert view.required_permission in known, f"{path}: {view.required_permission!r}"


def test_every_view_stands_on_the_shared_base_and_its_permission():
    for path, view, _methods in endpoints():
        assert issubclass(view, HubView), path
        assert view.permission_classes == [ScopedPermission], path


@pytest.mark.django_db
@pytest.mark.parametrize("declared", [{}, {"required_scopes": {"GET": "billing:read"}}, {"required_permission": "x.y"}])
def test_a_view_that_declares_nothing_is_refused_even_to_a_superuser(declared):
    boss = User.objects.create_superuser("boss", "boss@example.com", "correct horse battery staple")
    silent: Any = type("Silent", (HubView,), {"get": lambda self, request: None, **declared})
    request = APIRequestFactory().get("/api/v1/silent/")
    force_authenticate(request, boss)
    answer = silent.as_view()(request)
    assert answer.status_code == 403
    assert "does not say which scope" in answer.data["detail"]


@pytest.mark.django_db
def test_nothing_is_open_without_a_token(client):
    for path, view, methods in endpoints():
        concrete = "/" + path.replace("^", "").replace("$", "").replace(r"(?P<pk>\d{1,18})", "1").replace("\\Z", "")
        concrete = concrete.replace("<slug:slug>", "wip")
        assert getattr(resolve(concrete).func, "cls", None) is view, concrete
        for method in methods:
            assert client.generic(method, concrete).status_code == 401, (method, concrete)
