"""What the tests of screens share: signing people in, whole pages and partials, and how many queries a page takes."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integration_hub.people.models import User
from tests import factories

HTMX = {"HX-Request": "true"}
DRAWER = {**HTMX, "HX-Target": "drawer-body"}


def signed_in(role: str = "finance", *, entities: tuple[str, ...] = ("US01",), everything: bool = False) -> Client:
    """A browser of a person with this role; `client.person` is who."""
    return of(factories.user(role, entities=entities, everything=everything))


def of(person: User) -> Client:
    """A browser of this person."""
    client = Client()
    client.force_login(person)
    client.person = person  # type: ignore[attr-defined]  # for the tests to compare with
    return client


def outsider() -> Client:
    """Somebody who works for another legal entity."""
    return signed_in(entities=("DE01",))


def nobody() -> Client:
    """Somebody signed in whose role is nothing."""
    return of(User.objects.create_user(f"nobody-{factories.next_number()}", legal_entities=["US01"]))


def text(answer: Any, status: int = 200) -> str:
    """The page of an answer with this status."""
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[:2000])
    return str(answer.content.decode())


def queries(client: Client, url: str) -> int:
    """How many queries a page takes."""
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def both(client: Client, url: str) -> tuple[str, str]:
    """The whole page and the part that htmx asks for."""
    page, part = client.get(url), client.get(url, headers=HTMX)
    assert "HX-Request" in page["Vary"]
    assert "<html" in text(page)
    assert "<html" not in text(part)
    return text(page), text(part)
