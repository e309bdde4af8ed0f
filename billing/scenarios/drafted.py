"""Rules of a draft in force while a scenario is played: put there as people would, and taken back with the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from integration_hub.kernel.errors import NotReady
from integration_hub.people import roles
from integration_hub.people.models import Role, User
from integration_hub.rules import queries
from integration_hub.rules.actions import tables
from integration_hub.rules.models import DecisionTable
from integration_hub.rules.tables import RuleSpec


@dataclass(frozen=True, slots=True)
class Draft:
    """The rules of a draft, for every legal entity of a scenario."""

    kind: str
    rules: Sequence[RuleSpec]


def read(table_id: int) -> Draft:
    """The draft with an id. Raises NotReady where there is none."""
    row = DecisionTable.objects.filter(pk=table_id, status__in=DecisionTable.OPEN).first()
    if row is None:
        raise NotReady(f"There is no draft {table_id} of a decision table.")
    return Draft(row.kind, queries.specs(row))


def put_in_force(draft: Draft) -> None:
    """Publish the rules, in place of whatever is written or in force. Raises NotReady where a check finds a mistake.

    Only inside a transaction that is rolled back: nobody has agreed to them.
    """
    writer, publisher = (_person(name, role) for name, role in _PEOPLE)
    for row in DecisionTable.objects.filter(kind=draft.kind, status__in=DecisionTable.OPEN):
        tables.discard(table_id=row.pk, by=writer)
    made = tables.draft(kind=draft.kind, legal_entity="", by=writer, rules=draft.rules)
    report = tables.check(table_id=made.pk, by=writer, seen_version=made.version)
    if report.problems:
        raise NotReady(f"The draft has a mistake: {report.problems[0]}")
    made.refresh_from_db()
    tables.publish(table_id=made.pk, by=publisher, seen_version=made.version)


_PEOPLE = (("scenario-writer", Role.INTEGRATION_ADMIN), ("scenario-publisher", Role.FINANCE))


def _person(name: str, role: Role) -> User:
    person = User.objects.create(username=name, all_legal_entities=True)
    roles.sync()
    roles.give(user=person, role=role)
    return User.objects.get(pk=person.pk)
