"""Which rules are in force, compiled once per version and process."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.db.models import Count, ExpressionWrapper, F, QuerySet, Sum
from django.db.models.functions import Abs

from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.models import money_field
from integration_hub.people.models import User
from integration_hub.people.scope import scoped
from integration_hub.rules import checks, tables
from integration_hub.rules.models import DecisionTable, DraftRun
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


def rules_digest(version: DecisionTable) -> str:
    """SHA-256 of the rules of a version: what of them makes a difference, not their notes."""
    return content_hash([[rule.condition, dict(rule.outputs)] for rule in specs(version)])


def runs_for(user: User) -> "QuerySet[DraftRun]":
    """Draft runs of the person's legal entities: what they found is of one legal entity each."""
    return scoped(DraftRun.objects.select_related("table", "started_by"), user, "legal_entity")


def last_runs(version: DecisionTable, user: User) -> list[DraftRun]:
    """The run of a version that was started last for each legal entity that the person may see."""
    rows = runs_for(user).filter(table=version).order_by("legal_entity", "-pk")
    return list(rows.distinct("legal_entity"))


def outdated(run: DraftRun) -> bool:
    """Whether the rules of the draft are others now than those that were tried."""
    return rules_digest(run.table) != run.rules_digest


def by_customer(run: DraftRun) -> "QuerySet[Any]":
    """What the documents of each customer would be, by currency; the largest difference first."""
    rows: QuerySet[Any] = _summed(run, "customer", "currency").annotate(weight=Abs("difference"))
    return rows.order_by("-weight", "customer", "currency")


def by_currency(run: DraftRun) -> "QuerySet[Any]":
    """The same for all customers."""
    return _summed(run, "currency").order_by("currency")


def _summed(run: DraftRun, *by: str) -> "QuerySet[Any]":
    sums = {"was": Sum("before"), "would_be": Sum("after"), "difference": Sum("after") - Sum("before")}
    rows: QuerySet[Any] = run.documents.order_by().values(*by).annotate(**sums, documents=Count("pk"))
    return rows


def with_difference(rows: "QuerySet[Any]") -> "QuerySet[Any]":
    """Findings with `difference` and its `weight` without the sign, by which they can be put in order."""
    difference = ExpressionWrapper(F("after") - F("before"), output_field=money_field())
    found: QuerySet[Any] = rows.annotate(difference=difference, weight=Abs(difference, output_field=money_field()))
    return found
