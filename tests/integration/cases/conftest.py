"""People and a kind of case for these tests."""

import pytest
from django.contrib.auth.models import Permission

from integration_hub.cases.registry import KINDS, CaseKind
from integration_hub.people.models import User


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    entries = dict(KINDS._entries)
    monkeypatch.setattr(KINDS, "_entries", entries)
    for code, severity in (("RATE_TEST", 2), ("CAP_TEST", 1)):
        entries[code] = CaseKind(code=code, title=code, owner_role="pmo", severity=severity, closes_when="it is mended")
    return entries


@pytest.fixture
def person(db):
    """`person(name, entities, may=True)` makes a user who may (or may not) handle cases of these legal entities."""

    def make(name, entities=("US",), may=True):
        user = User.objects.create_user(name, f"{name}@example.com", legal_entities=list(entities))
        if may:
            user.user_permissions.add(Permission.objects.get(codename="handle_case"))
        return User.objects.get(pk=user.pk)

    return make
