"""What tests of a module share stays as it was built, whatever each of them does to it, and a leak is told."""

from collections import Counter

import pytest
from django.db import transaction

from contracts.models import Customer, LegalEntity
from tests import factories
from tests.worlds import Stack, World, shared

pytestmark = pytest.mark.django_db

built: Counter[str] = Counter()


@shared
def entity() -> LegalEntity:
    built["entity"] += 1
    transaction.on_commit(lambda: built.update(["committed"]))
    return factories.legal_entity()


@shared
def parties(entity: LegalEntity) -> tuple[LegalEntity, Customer, str]:
    built["parties"] += 1
    entity.name = "Renamed by the world above"
    entity.save(update_fields=["name"])
    return entity, factories.customer("CUST-1"), "CUST-1"


@shared
def twins() -> tuple[LegalEntity, LegalEntity]:
    return factories.legal_entity("US01"), factories.legal_entity("US02")


@pytest.mark.parametrize("_turn", [1, 2])
def test_a_test_changes_its_own_copy(entity: LegalEntity, _turn: int) -> None:
    assert (entity.name, LegalEntity.objects.count()) == ("US01 Inc.", 1)
    entity.name = "Changed"
    entity.save(update_fields=["name"])
    factories.legal_entity("DE01")


def test_and_may_delete_it(entity: LegalEntity) -> None:
    entity.delete()
    assert not LegalEntity.objects.exists()


@pytest.mark.parametrize("_turn", [1, 2])
def test_a_world_stands_on_another(parties: tuple[LegalEntity, Customer, str], _turn: int) -> None:
    there, client, code = parties
    assert (there.name, client.code, code) == ("Renamed by the world above", "CUST-1", "CUST-1")
    there.delete()
    client.delete()


def test_what_was_not_asked_for_is_not_there() -> None:
    assert not LegalEntity.objects.exists()


def test_nor_is_what_other_tests_asked_for(twins: tuple[LegalEntity, LegalEntity]) -> None:
    assert [one.code for one in twins] == ["US01", "US02"]
    assert not Customer.objects.exists()


class TestInAClass:
    def test_a_world_is_given_too(self, parties: tuple[LegalEntity, Customer, str]) -> None:
        assert parties[1].name == "Brightwater"


def test_each_was_built_once(parties: tuple[LegalEntity, Customer, str]) -> None:
    assert built == {"entity": 1, "parties": 1}


def made() -> Customer:
    return factories.customer("CUST-2")


@pytest.mark.parametrize("leak", ["change", "add", "delete"])
def test_a_leak_is_told(leak: str) -> None:
    stack, world = Stack(), World(made)
    stack.change_to([world])
    if leak == "add":
        factories.legal_entity()
    elif leak == "change":
        Customer.objects.update(name="Leaked")
    else:
        Customer.objects.all().delete()
    with pytest.raises(AssertionError, match="A test changed contracts_"):
        stack.change_to([])
    assert not Customer.objects.exists(), "the next module begins clean all the same"
    stack.change_to([world])
    assert stack.read(world).name == "Brightwater"
    stack.change_to([])


def test_a_world_that_cannot_be_built_leaves_nothing() -> None:
    def broken() -> Customer:
        made()
        raise RuntimeError("no such customer")

    stack = Stack()
    with pytest.raises(RuntimeError, match="no such customer"):
        stack.change_to([World(broken)])
    assert not Customer.objects.exists()
    stack.change_to([World(made)])
    stack.change_to([])


def test_only_what_can_be_read_anew_is_kept() -> None:
    def loose() -> list[Customer]:
        return [made()]

    with pytest.raises(TypeError, match="not of list"):
        Stack().change_to([World(loose)])
