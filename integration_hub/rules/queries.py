"""Which rules are in force, compiled once per version and process."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache

from django.db.models import QuerySet

from integration_hub.people.models import User
from integration_hub.rules import checks, tables
from integration_hub.rules.models import DecisionTable
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import RuleSpec, Table

Status = DecisionTable.Status


def in_force(kind: str, legal_entities: Collection[str]) -> Mapping[str, Table]:
    """The table that decides for each legal entity: its own, else that of all, else the delivered rules. One query.

    Whoever decides asks once in its transaction, so that all of it is decided by the same version.
    """
    rows = DecisionTable.objects.filter(kind=kind, status=Status.PUBLISHED, legal_entity__in={"", *legal_entities})
    found = dict(rows.values_list("legal_entity", "pk"))
    return {code: _table(kind, found.get(code, found.get(""))) for code in legal_entities}


def table_for(kind: str, legal_entity: str) -> Table:
    """The table that decides for one legal entity."""
    return in_force(kind, [legal_entity])[legal_entity]


def _table(kind: str, pk: int | None) -> Table:
    return _delivered(kind) if pk is None else _published(pk)


@lru_cache(maxsize=64)
def _delivered(kind: str) -> Table:
    return tables.delivered(KINDS.get(kind))


@lru_cache(maxsize=256)
def _published(pk: int) -> Table:  # a version in force never changes, so that its id is all of the key
    return compiled(DecisionTable.objects.get(pk=pk))


def compiled(version: DecisionTable) -> Table:
    """Any version as it stands, e.g. a draft that is tried. Raises language.BadCondition."""
    kind = KINDS.get(version.kind)
    return tables.compiled(kind, specs(version), legal_entity=version.legal_entity, version=version.number)


def specs(version: DecisionTable) -> list[RuleSpec]:
    """The rules of a version in their order."""
    return [rule.spec() for rule in version.rules.order_by("position")]


def report(version: DecisionTable) -> checks.Report:
    """What the checks say of a version as it stands."""
    cases = [checks.Case(row.inputs, row.expected, row.name) for row in version.tests.all()]
    return checks.check(KINDS.get(version.kind), specs(version), cases)


def tried(version: DecisionTable) -> checks.Report:
    """The same, and where nothing is wrong so far, what its room says when it tries the version on its data."""
    said = report(version)
    kind = KINDS.get(version.kind)
    if said.problems or kind.tried is None:
        return said
    return replace(said, problems=tuple(kind.tried(compiled(version))))


def before(version: DecisionTable) -> tuple[str, list[RuleSpec]]:
    """What a version takes the place of: the version in force, or for one in force or past the one before it; or the
    delivered rules. Its name and its rules.
    """
    rows = DecisionTable.objects.filter(kind=version.kind, legal_entity=version.legal_entity).exclude(pk=version.pk)
    if version.status in DecisionTable.OPEN:
        found = rows.filter(status=Status.PUBLISHED).first()
    else:
        found = rows.filter(number__lt=version.number, published_at__isnull=False).order_by("-number").first()
    if found is not None:
        return f"version {found.number}", specs(found)
    return "the rules as delivered", list(KINDS.get(version.kind).delivered)


def visible_to(user: User) -> "QuerySet[DecisionTable]":
    """Versions of the person's legal entities, and those that decide for all."""
    rows = DecisionTable.objects.select_related("author", "published_by")
    if user.all_legal_entities:
        return rows
    return rows.filter(legal_entity__in=["", *user.legal_entities])
