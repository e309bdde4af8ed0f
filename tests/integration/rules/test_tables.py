"""Versions of decision tables: written by one, checked, published by another, put back, explained for ever."""

import pytest
from django.db import IntegrityError, transaction

from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import Role
from integration_hub.rules import queries
from integration_hub.rules.actions import tables
from integration_hub.rules.models import DecisionTable
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import RuleSpec
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.rules.conftest import ALL_ONE, ALL_TWO, KIND, in_force

pytestmark = pytest.mark.django_db
LARGE = {"act": "invoice", "amount": 1e9, "first_invoice": True, "share": 0.0}


def people(legal_entity="US01"):
    return queries.table_for(KIND, legal_entity).decide(LARGE)["people"]


def draft(writer, rules=ALL_TWO, **more):
    return tables.draft(kind=KIND, legal_entity="", by=writer, rules=rules, **more)


def test_the_delivered_rules_decide_until_somebody_publishes_others(writer, publisher):
    assert people() == "3"
    made = draft(writer)
    assert people() == "3", "a draft decides nothing"
    tables.check(table_id=made.pk, by=writer, seen_version=made.version)
    assert people() == "3", "nor does a checked one"
    made.refresh_from_db()
    tables.publish(table_id=made.pk, by=publisher, seen_version=made.version)
    assert people() == "2"
    told = Event.objects.filter(action__startswith="rules.table.").order_by("id")
    assert [(row.action.rpartition(".")[2], row.actor) for row in told] == [
        ("drafted", "wendy"), ("checked", "wendy"), ("published", "peter"),
    ]  # fmt: skip


def test_a_legal_entity_may_have_rules_of_its_own(writer, publisher):
    in_force(writer, publisher, ALL_TWO)
    in_force(writer, publisher, ALL_ONE, legal_entity="GB01")
    assert (people("US01"), people("GB01")) == ("2", "1")
    assert queries.in_force(KIND, ["US01", "GB01"])["GB01"].name == "billing.approvals:GB01"


def test_nobody_publishes_what_they_wrote(writer):
    made = draft(writer)
    tables.check(table_id=made.pk, by=writer, seen_version=made.version)
    made.refresh_from_db()
    with pytest.raises(Denied, match="You wrote this version, so someone else must publish it"):
        tables.publish(table_id=made.pk, by=writer, seen_version=made.version)
    with pytest.raises(IntegrityError, match="table_published_by_another"), transaction.atomic():
        DecisionTable.objects.filter(pk=made.pk).update(
            status="published", published_by=writer, published_at="2026-01-01T00:00Z"
        )


def test_whoever_edited_last_is_the_author(writer, publisher):
    made = draft(writer)
    second = factories.user(Role.INTEGRATION_ADMIN, everything=True)
    tables.edit(table_id=made.pk, by=second, rules=ALL_ONE)
    made.refresh_from_db()
    tables.check(table_id=made.pk, by=second, seen_version=made.version)
    made.refresh_from_db()
    with pytest.raises(Denied, match="You wrote this version"):
        tables.publish(table_id=made.pk, by=second, seen_version=made.version)
    assert tables.publish(table_id=made.pk, by=writer, seen_version=made.version).status == "published"


def test_a_draft_with_a_mistake_stays_a_draft_and_an_edit_undoes_the_check(writer, publisher):
    made = draft(writer, rules=[RuleSpec("amount > 'x'", ALL_ONE[0].outputs), *ALL_ONE])
    assert tables.check(table_id=made.pk, by=writer, seen_version=made.version).problems
    made.refresh_from_db()
    assert made.status == "draft"
    with pytest.raises(Denied, match="It has to be checked first"):
        tables.publish(table_id=made.pk, by=publisher, seen_version=made.version)
    tables.edit(table_id=made.pk, by=writer, rules=ALL_ONE)
    made.refresh_from_db()
    tables.check(table_id=made.pk, by=publisher, seen_version=made.version)
    tables.edit(table_id=made.pk, by=writer, rules=ALL_TWO)
    made.refresh_from_db()
    assert made.status == "draft"


def test_test_rows_are_part_of_the_check(writer):
    made = draft(writer, tests=[{"name": "one", "inputs": {"amount": 5}, "expected": {"people": "1"}}])
    (problem,) = tables.check(table_id=made.pk, by=writer, seen_version=made.version).problems
    assert str(problem) == "one: people should be 1 and is 2, by rule 1."


def test_a_version_in_force_never_changes(writer, publisher):
    made = in_force(writer, publisher)
    for act in (
        lambda: tables.edit(table_id=made.pk, by=writer, rules=ALL_ONE),
        lambda: tables.discard(table_id=made.pk, by=writer),
    ):
        with pytest.raises(Denied, match="This version is in force. Make a new draft"):
            act()


def test_one_draft_at_a_time(writer):
    made = draft(writer)
    with pytest.raises(NotReady, match="Version 1 is a draft of this table"):
        draft(writer)
    tables.discard(table_id=made.pk, by=writer)
    assert draft(writer).number == 1


def test_a_new_draft_begins_with_what_decides_now(writer, publisher):
    first = tables.draft(kind=KIND, legal_entity="GB01", by=writer)
    assert queries.specs(first) == list(KINDS.get(KIND).delivered)
    in_force(writer, publisher)
    tables.discard(table_id=first.pk, by=writer)
    assert queries.specs(tables.draft(kind=KIND, legal_entity="GB01", by=writer)) == list(ALL_TWO)


def test_an_earlier_version_comes_back_as_a_new_one(writer, publisher):
    first = in_force(writer, publisher, ALL_TWO)
    in_force(writer, publisher, ALL_ONE)
    first.refresh_from_db()
    with pytest.raises(Denied, match="You wrote this version"):
        tables.roll_back(table_id=first.pk, by=writer, seen_version=first.version, reason="Too few")
    with pytest.raises(NotReady, match="Say why"):
        tables.roll_back(table_id=first.pk, by=publisher, seen_version=first.version, reason=" ")
    made = tables.roll_back(table_id=first.pk, by=publisher, seen_version=first.version, reason="Too few")
    assert (made.number, made.author, people()) == (3, writer, "2")
    with pytest.raises(Stale):
        tables.roll_back(table_id=first.pk, by=publisher, seen_version=first.version, reason="Too few")


def test_rights_and_legal_entities(writer, publisher):
    with pytest.raises(Denied, match="Only integration administrators"):
        tables.draft(kind=KIND, legal_entity="", by=publisher)
    local = factories.user(Role.INTEGRATION_ADMIN, entities=("GB01",))
    with pytest.raises(Denied, match="It decides for every legal entity"):
        tables.draft(kind=KIND, legal_entity="", by=local)
    with pytest.raises(Denied, match="US01 is outside your scope"):
        tables.draft(kind=KIND, legal_entity="US01", by=local)
    made = draft(writer)
    tables.check(table_id=made.pk, by=writer, seen_version=made.version)
    made.refresh_from_db()
    with pytest.raises(Denied, match="Only people who may publish"):
        tables.publish(table_id=made.pk, by=factories.user(Role.PMO, everything=True), seen_version=made.version)


def test_every_delivered_table_passes_its_own_checks():
    from integration_hub.rules import checks

    for name, kind in KINDS:
        report = checks.check(kind, kind.delivered)
        assert (name, report.problems, report.proven) == (name, (), True)
