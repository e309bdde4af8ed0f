"""Every address refuses who is not signed in, and every screen says which right it needs."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from integration_hub.console.screens import SIGNED_IN
from tests.architecture.test_api import walk

OPEN = {
    "health": "a load balancer asks without signing in; it says nothing but well or unwell",
    "hooks/<slug:code>/": "signed by the connection's secret, not by a person",
    "sign-in/": "the way in",
    "sign-out/": "Django's own: it ends a session and shows nothing",
    "preferences/password/": "Django's own view for whoever is signed in",
    "api/docs/": "describes the API; holds no data",
    "api/": "the answer for addresses that do not exist",
    "api/v1/schema/": "describes the API; holds no data",
}
"""Addresses without a declared right, and why."""
ANSWERS_ALL = {"health", "hooks/<slug:code>/", "sign-in/", "api/docs/", "api/", "api/v1/schema/"}
"""Those of them that answer somebody who is not signed in with something else than the way in."""

SAMPLE = {"pk": "1", "slug": "wip", "code": "x", "verb": "claim", "token": "x", "kind": "invoice", "key": "1"}


def screens() -> list[tuple[str, Any]]:
    """(path, what declares the permission) of every address outside the API and Django admin."""
    found = []
    for path, callback in walk(get_resolver().url_patterns):
        if path.startswith("admin/") or (path.startswith("api/v1/") and path not in OPEN):
            continue
        found.append((path, getattr(callback, "view_class", callback)))
    return found


def test_every_screen_declares_its_right():
    silent = {path for path, view in screens() if not getattr(view, "permission", None)}
    assert silent == OPEN.keys() & {path for path, _ in screens()}


@pytest.mark.django_db
def test_every_declared_right_exists():
    known = {
        f"{app}.{codename}" for app, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }
    for path, view in screens():
        right = getattr(view, "permission", SIGNED_IN)
        assert right == SIGNED_IN or right in known, f"{path}: {right!r}"


def names() -> list[tuple[str, str]]:
    """(full name, path) of every named address of ours."""
    return list(_names(get_resolver().url_patterns))


def _names(patterns: list[URLPattern | URLResolver], spaces: str = "", prefix: str = ""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{spaces}{pattern.namespace}:" if pattern.namespace else spaces
            yield from _names(pattern.url_patterns, inner, path)
        elif pattern.name and not path.startswith("admin/"):
            yield spaces + pattern.name, path


def address(name: str, path: str) -> str:
    wanted = [regex or plain for regex, plain in re.findall(r"\(\?P<(\w+)>|<(?:\w+:)?(\w+)>", path)]
    return reverse(name, kwargs={part: SAMPLE.get(part, "1") for part in wanted})


@pytest.mark.django_db
def test_every_named_address_resolves_and_refuses_who_is_not_signed_in():
    found = names()
    assert len(found) > 80
    for name, path in found:
        url = address(name, path)
        if path in ANSWERS_ALL:
            continue
        answer = Client().get(url)
        expected = {401, 403} if path.startswith("api/v1/") else {302, 405}
        assert answer.status_code in expected, f"{name} {url}: {answer.status_code}"
        if answer.status_code == 302:
            assert answer["Location"].startswith("/sign-in/"), f"{name} {url} → {answer['Location']}"


@pytest.mark.django_db
def test_django_admin_asks_for_a_sign_in():
    answer = Client().get("/admin/")
    assert answer.status_code == 302
    assert "login" in answer["Location"]


def test_an_unknown_name_does_not_resolve():
    with pytest.raises(NoReverseMatch):
        reverse("billing:no-such-screen")
