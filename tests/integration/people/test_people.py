"""People are added by command, with a role and a scope, once."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from integration_hub.kernel.errors import BadInput
from integration_hub.people.actions import people
from integration_hub.people.models import User

pytestmark = pytest.mark.django_db


def add(*arguments: str) -> str:
    out = io.StringIO()
    call_command("person_add", *arguments, stdout=out)
    return out.getvalue()


def test_a_person_has_the_rights_of_the_role_and_no_password_yet() -> None:
    assert add("ines", "--role", "integration_admin", "--all-legal-entities") == "ines: Integration admin\n"

    ines = User.objects.get(username="ines")
    assert ines.has_perm("hub_mapping.publish_mapping")
    assert not ines.has_perm("billing.approve_candidate")
    assert (ines.is_staff, ines.all_legal_entities, ines.has_usable_password()) == (True, True, False)


def test_somebody_who_is_there_stays_as_they_are() -> None:
    add("ann", "--role", "finance", "--legal-entity", "US01", "--legal-entity", "UK01", "--email", "ann@example.com")

    assert add("ann", "--role", "auditor", "--all-legal-entities") == "ann is there already: Finance\n"
    ann = User.objects.get(username="ann")
    assert (ann.role, ann.legal_entities, ann.email) == ("finance", ["US01", "UK01"], "ann@example.com")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"username": " "}, "username: is empty"),
        ({"role": "boss"}, "role: 'boss' is not a role. Use one of: finance"),
        ({"legal_entities": ()}, "legal_entities: is empty"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        people.add(**{"username": "x", "role": "finance", "legal_entities": ("US01",), **given})


def test_the_command_tells_it_too() -> None:
    with pytest.raises(CommandError, match="username: is empty"):
        add("", "--role", "finance", "--all-legal-entities")
