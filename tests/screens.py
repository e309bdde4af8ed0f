"""What every screen must keep: page and partial, permission, scope, and a budget of queries."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration_hub.people import roles
from integration_hub.people.models import Role, User

LIST_BUDGET = 12
HTMX = {"HX-Request": "true"}
SCREENS = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
"""Marks of a module of screen tests: static files are not collected there, which is no news."""


def user(role: Role, name: str = "", *, entities: tuple[str, ...] = (), everything: bool = True) -> User:
    """A person with the rights of a role, for all legal entities unless told otherwise."""
    person = User.objects.create_user(
        name or str(role), legal_entities=list(entities), all_legal_entities=everything and not entities
    )
    roles.give(user=person, role=role)
    return User.objects.get(pk=person.pk)


def allow(person: User, right: str) -> User:
    """The same person with one more right."""
    from django.contrib.auth.models import Permission

    app, _, codename = right.partition(".")
    person.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return User.objects.get(pk=person.pk)


def nobody() -> User:
    """Signed in, without any right."""
    return User.objects.create_user("nobody", all_legal_entities=True)


def browser(person: User) -> Client:
    """A signed-in browser."""
    client = Client()
    client.force_login(person)
    return client


def text(response: Any) -> str:
    """The body as text, streamed or not."""
    streamed = getattr(response, "streaming_content", None)
    return (b"".join(streamed) if streamed is not None else response.content).decode()


def page(client: Client, url: str, status: int = 200) -> str:
    """The body of a whole page, which varies by htmx."""
    response = client.get(url)
    assert response.status_code == status, f"{url}: {response.status_code}"
    body = text(response)
    if status == 200:
        assert "<html" in body
        assert "HX-Request" in response["Vary"]
    return body


def assert_list(client: Client, url: str) -> str:
    """Page, partial and file of a list, within the budget of queries; the body of the page."""
    client.get(url)  # whatever is computed once per process
    with CaptureQueriesContext(connection) as queries:
        body = page(client, url)
    assert len(queries) <= LIST_BUDGET, "\n".join(query["sql"][:200] for query in queries)
    part = client.get(url, headers=HTMX)
    assert part.status_code == 200
    assert "<html" not in text(part)
    assert 'id="list"' in text(part)
    joint = "&" if "?" in url else "?"
    file = client.get(f"{url}{joint}format=csv")
    assert file["Content-Type"].startswith("text/csv")
    assert "End of export" in text(file)
    return body


def assert_needs_right(url: str) -> None:
    """403 with the name of the right for a person without any, and sign-in for nobody at all."""
    refused = browser(User.objects.filter(username="nobody").first() or nobody()).get(url)
    assert refused.status_code == 403, f"{url}: {refused.status_code}"
    assert "permission" in text(refused)
    assert Client().get(url).status_code == 302
