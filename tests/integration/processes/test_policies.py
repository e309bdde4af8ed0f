"""Who may steer a process."""

import pytest
from django.contrib.auth.models import Permission

from integration_hub.people.models import User
from integration_hub.processes import policies, queries

pytestmark = pytest.mark.django_db


def test_steering_needs_the_permission_the_legal_entity_and_the_right_state(saga):
    process = saga.start()
    clerk = User.objects.create_user("clerk", legal_entities=["US"])
    stranger = User.objects.create_user("stranger", legal_entities=["GB"])
    admin = User.objects.create_user("admin", legal_entities=["US"])
    admin.user_permissions.add(Permission.objects.get(codename="change_process"))
    admin = User.objects.get(pk=admin.pk)
    assert "does not wait for anybody" in policies.can_resume(process, admin).reason
    assert "does not wait for a person" in policies.can_give_up(process, admin, "x").reason
    process.state = "waiting"
    assert policies.can_resume(process, admin)
    assert policies.can_give_up(process, admin, "x")
    assert "legal entity" in policies.can_resume(process, stranger).reason
    assert "role" in policies.can_give_up(process, clerk, "x").reason
    assert list(queries.open_processes(clerk)) == [process]
    assert list(queries.open_processes(stranger)) == []
    assert list(queries.of_key("test.saga", "K-1")) == [process]
