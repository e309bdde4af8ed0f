"""The frame: menu, home, search, sign-in, preferences, error pages."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import ClassVar

import pytest
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.test import Client

from integration_hub.console import home, menu, search
from integration_hub.console.models import PER_NAME_AND_ADDRESS, WINDOW, SignInFailure
from integration_hub.console.templatetags.console import highlight
from integration_hub.kernel.clock import now
from integration_hub.kernel.registry import Registry
from integration_hub.people.models import User
from integration_hub.trail.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kitchen_addresses")]
PASSWORD = "correct horse battery"


class Watched(MemoryFileUploadHandler):
    """Notes that a form with files is being read."""

    read: ClassVar[list[int]] = []

    def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):
        self.read.append(content_length)
        super().handle_raw_input(input_data, META, content_length, boundary, encoding)


@pytest.fixture
def items(monkeypatch):
    """A menu of our own."""
    registry: Registry[menu.MenuItem] = Registry("menu item")
    monkeypatch.setattr(menu, "MENU", registry)
    menu.add(menu.MenuItem("Billing", "Holds", "kitchen:list", "hand-stop", permission="hub_trail.view_event", key="o"))
    menu.add(menu.MenuItem("Work", "Home", "console:home", "home", count=lambda user: 1204))
    menu.add(menu.MenuItem("Trace", "Nowhere", "kitchen:nowhere", "route"))
    return registry


def test_menu_shows_what_the_person_may_open(items, alice, charlie):
    assert [section.label for section in menu.menu_for(alice)] == ["Work", "Billing"]
    assert [section.label for section in menu.menu_for(charlie)] == ["Work"]


def test_menu_marks_the_current_screen(items, alice):
    sections = menu.menu_for(alice, "/kitchen/list/17/")
    assert [link.label for section in sections for link in section.links if link.current] == ["Holds"]


def test_menu_in_the_page(items, client, alice):
    client.force_login(alice)
    text = client.get("/").content.decode()
    assert 'data-go="o"' in text
    assert "1,204" in text
    assert 'aria-current="page"' in text


def test_menu_refuses_unknown_sections():
    with pytest.raises(ValueError, match="Sections: Work"):
        menu.add(menu.MenuItem("Stuff", "x", "console:home", "home"))


def panel(**more) -> home.Panel:
    values = {"title": "Holds", "load": lambda user: home.Waiting(2, now() - timedelta(days=3), {"USD": Decimal(10)})}
    return home.Panel(**{**values, **more})


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({}, True),
        ({"roles": frozenset({"auditor"})}, True),
        ({"roles": frozenset({"finance"})}, False),
        ({"permission": "hub_trail.view_event"}, False),
    ],
)
def test_panels_follow_role_and_permission(charlie, given, seen):
    assert home.concerns(panel(**given), charlie) is seen


def test_home_shows_count_age_and_money(client, charlie, monkeypatch):
    registry: Registry[home.Panel] = Registry("home panel")
    registry.register("a", panel(group="others"))
    registry.register("b", panel(load=lambda user: home.Waiting(0), empty="All signed."))
    monkeypatch.setattr(home, "PANELS", registry)
    client.force_login(charlie)
    text = client.get("/").content.decode()
    assert text.index("Mine to decide") < text.index("Waiting on others")
    assert "oldest 3 d" in text
    assert "10.00" in text
    assert "All signed." in text


def test_search_asks_every_provider(client, charlie, monkeypatch):
    registry: Registry = Registry("search provider")
    registry.register("a", lambda query, user: [search.Hit("invoice", f"INV-{query}", "<b>", "/x/", "NetSuite")])
    monkeypatch.setattr(search, "SEARCH", registry)
    client.force_login(charlie)
    text = client.get("/search/?q=77").content.decode()
    assert "INV-<mark>77</mark>" in text
    assert "&lt;b&gt;" in text
    assert "Paste a number" in client.get("/search/").content.decode()


def test_search_names_exact_matches_first_and_each_screen_once(charlie, monkeypatch):
    """A project whose name has a contract's number in it must not stand before the contract."""
    project, contract = search.Hit("project", "77 Roll-out", "", "/p/"), search.Hit("contract", "77", "", "/c/")
    registry: Registry = Registry("search provider")
    registry.register("names", lambda query, user: [project])
    registry.register("numbers", lambda query, user: [contract, search.Hit("project", "77 Roll-out", "again", "/p/")])
    monkeypatch.setattr(search, "SEARCH", registry)
    assert search.search("77", charlie) == {"contract": [contract], "project": [project]}
    assert search.search("roll", charlie) == {"project": [project], "contract": [contract]}


def sign_in(client, password: str = PASSWORD, name: str = "alice", **more):
    return client.post("/sign-in/", {"username": name, "password": password, **more})


def test_sign_in_leads_on_and_is_in_the_trail(client, alice):
    response = sign_in(client, next="/help/")
    assert (response.status_code, response["Location"]) == (302, "/help/")
    assert Event.objects.get(action="people.user.signed_in").actor == "alice"


def test_sign_in_does_not_lead_to_other_sites(client, alice):
    assert sign_in(client, next="https://example.com/")["Location"] == "/"


def test_too_many_guesses_lock_even_the_right_password(client, alice):
    for _ in range(PER_NAME_AND_ADDRESS):
        assert "do not match" in sign_in(client, "wrong").content.decode()
    assert "Too many failed attempts. Try again in 15 min" in sign_in(client, name="Alice").content.decode()
    assert "Too many failed attempts" in sign_in(client).content.decode()
    SignInFailure.objects.update(failed_at=now() - WINDOW)
    assert sign_in(client).status_code == 302


def test_lock_is_per_address(client, alice):
    for _ in range(PER_NAME_AND_ADDRESS):
        sign_in(client, "wrong")
    assert sign_in(Client(REMOTE_ADDR="10.0.0.9")).status_code == 302


def test_signing_in_forgives(client, alice):
    sign_in(client, "wrong")
    sign_in(client)
    assert not SignInFailure.objects.exists()


def test_sign_out_needs_post(client, alice):
    client.force_login(alice)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").status_code == 302


def test_theme_is_stored_and_set_by_the_server(client, charlie):
    client.force_login(charlie)
    assert client.post("/preferences/theme/", {"theme": "dark", "next": "/help/"})["Location"] == "/help/"
    assert 'data-bs-theme="dark"' in client.get("/").content.decode()
    client.post("/preferences/theme/", {"theme": "pink", "next": "https://example.com/"})
    charlie.refresh_from_db()
    assert charlie.theme == User.Theme.DARK


def test_shortcuts_can_be_switched_off(client, charlie):
    client.force_login(charlie)
    assert 'data-shortcuts="on"' in client.get("/").content.decode()
    client.post("/preferences/", {"theme": "system"})
    assert 'data-shortcuts="off"' in client.get("/").content.decode()


def test_password_change(client, charlie):
    client.force_login(charlie)
    new = "battery staple correct"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    response = client.post("/preferences/password/", data, follow=True)
    assert "Password changed." in response.content.decode()
    assert Event.objects.filter(action="people.user.password_changed").exists()


def test_not_found_and_form_expired(client, alice):
    assert "Sign in" in client.get("/nowhere/").content.decode()
    client.force_login(alice)
    assert "Nothing here" in client.get("/nowhere/").content.decode()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    response = strict.post("/preferences/", {"theme": "dark"})
    assert response.status_code == 403
    assert "expired" in response.content.decode()


@pytest.mark.parametrize("known", [True, False])
def test_what_is_too_large_is_not_read(client, alice, settings, known):
    settings.MAX_BODY_BYTES = 1000
    if known:
        client.force_login(alice)
    settings.FILE_UPLOAD_HANDLERS = [f"{__name__}.Watched"]
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    strict.cookies["csrftoken"] = "a" * 32
    for url in ("/sign-in/", "/preferences/"):
        small = strict.post(url, {"file": BytesIO(b"x")})
        assert (small.status_code, len(Watched.read)) == (403, 1), "the check of the form reads it"
        Watched.read.clear()
        large = strict.post(url, {"file": BytesIO(b"x" * 2000)})
        assert (large.status_code, Watched.read) == (413, [])
        assert "At most 1,000 bytes" in large.content.decode()


def test_failure_page_names_the_request(client, alice, monkeypatch):
    def broken(user):
        raise ZeroDivisionError

    monkeypatch.setattr("integration_hub.console.views.home_for", broken)
    client.force_login(alice)
    client.raise_request_exception = False
    response = client.get("/", headers={"X-Request-ID": "abcdef123456"})
    assert response.status_code == 500
    assert "abcdef123456" in response.content.decode()


@pytest.mark.parametrize(("given", "kept"), [("abcdef123456", True), ("a\nb", False), ("x" * 60, False)])
def test_request_id_is_taken_over_only_if_plain(client, charlie, given, kept):
    client.force_login(charlie)
    assert (client.get("/help/", headers={"X-Request-ID": given})["X-Request-ID"] == given) is kept


@pytest.mark.parametrize("path", ["/", "/search/", "/preferences/", "/preferences/password/", "/help/", "/sign-in/"])
def test_content_security_policy_is_strict(client, charlie, path):
    if path != "/sign-in/":
        client.force_login(charlie)
    policy = client.get(path)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("Smith & Co", "amp", "Smith &amp; Co"),
        ("a <b> LT", "lt", "a &lt;b&gt; <mark>LT</mark>"),
        ("<script>", "<script>", "<mark>&lt;script&gt;</mark>"),
    ],
)
def test_what_was_searched_for_is_marked_in_the_text_and_never_in_its_escapes(text, query, shown):
    assert highlight(text, query) == shown


def test_a_session_from_before_the_sign_in_is_not_the_one_that_is_signed_in(client, charlie):
    charlie.set_password("correct horse battery staple")
    charlie.save()
    planted = client.session
    planted["mark"] = "planted"
    planted.save()
    client.cookies["sessionid"] = planted.session_key
    answer = client.post("/sign-in/", {"username": charlie.username, "password": "correct horse battery staple"})
    assert answer.status_code == 302
    assert client.session.session_key != planted.session_key
    client.cookies["sessionid"] = planted.session_key
    assert client.get("/").status_code == 302, "the old key opens nothing"
