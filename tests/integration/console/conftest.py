"""People and rows for the console's tests."""

from pathlib import Path

import pytest
from django.conf import settings

from integration_hub.people.models import User

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """Screens are tested without collected static files; the server's warning about that is no news."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:No directory at"))


@pytest.fixture
def alice(db) -> User:
    """Sees everything and may do everything."""
    return User.objects.create_superuser(
        "alice", "alice@example.com", "correct horse battery", first_name="Alice", all_legal_entities=True
    )


@pytest.fixture
def charlie(db) -> User:
    """Signed in, with no permission and no legal entity."""
    return User.objects.create_user("charlie", "charlie@example.com", "correct horse battery", role="auditor")


@pytest.fixture
def kitchen_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages of `kitchen`. By pytest's mark, or its `settings`, all addresses would be read anew for each test."""
    monkeypatch.setattr(settings, "ROOT_URLCONF", "tests.integration.console.kitchen")
