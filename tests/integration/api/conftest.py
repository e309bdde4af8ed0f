"""Callers of the API."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from integration_hub.people.models import User
from tests import factories

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """The API is tested without collected static files; the server's warning about that is no news."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:No directory at"))


class Caller:
    """A program with a token: `caller.get("contracts/", number=…)`, `caller.post("holds/", {…})`."""

    def __init__(self, person: User, *scopes: str) -> None:
        self.person = person
        self.client = APIClient(raise_request_exception=False)
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {factories.token(person, *scopes)}")

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(f"/api/v1/{path}", body, format="json", headers=headers)

    def rows(self, path: str, **query: Any) -> list[Any]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.content
        found: list[Any] = answer.json()["results"]
        return found

    def ids(self, path: str, **query: Any) -> list[int]:
        return [row["id"] for row in self.rows(path, **query)]


@pytest.fixture
def call(db):
    """`call(role, *scopes, entities=…)` makes a caller; finance of US01 with every scope by default."""

    def make(
        role: str = "finance", *scopes: str, entities: tuple[str, ...] = ("US01",), everything: bool = False
    ) -> Caller:
        return Caller(factories.user(role, entities=entities, everything=everything), *scopes)

    return make


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem document of an answer with this status."""
    assert answer.status_code == status, (answer.status_code, answer.content)
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["instance"].startswith("/api/v1/")
    return body


def fields(answer: Any, status: int) -> dict[str, str]:
    """Messages by field of a refused request."""
    return {error["field"]: error["message"] for error in problem(answer, status)["errors"]}
