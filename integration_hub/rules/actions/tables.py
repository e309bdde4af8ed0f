"""Decision tables: drafted by one person, checked, published by another, put back by another."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import BadInput, NotReady, Stale
from integration_hub.people.models import User
from integration_hub.rules import policies, queries
from integration_hub.rules.checks import Report
from integration_hub.rules.models import TABLE_MOVES, DecisionTable, TableRule, TableTest
from integration_hub.rules.registry import KINDS
from integration_hub.rules.tables import RuleSpec
from integration_hub.trail.record import event

OBJECT = "hub_rules.decisiontable"
Status = DecisionTable.Status


@transaction.atomic
def draft(
    *,
    kind: str,
    legal_entity: str,
    by: User,
    note: str = "",
    rules: Sequence[RuleSpec] | None = None,
    tests: Sequence[Mapping[str, Any]] = (),
) -> DecisionTable:
    """A draft of these rules; of none stated, those that decide for the legal entity now, with their test rows.

    A test row is {name, inputs, expected}. Raises Denied, LookupError, or NotReady where there is a draft already.
    """
    policies.can_draft(by, legal_entity).or_raise()
    KINDS.get(kind)
    _one_at_a_time(kind, legal_entity)
    source = DecisionTable.objects.filter(
        kind=kind, legal_entity__in=["", legal_entity], status=Status.PUBLISHED
    ).order_by("-legal_entity").first()  # fmt: skip
    if rules is None:
        rules = queries.table_for(kind, legal_entity).rules
        tests = list(source.tests.values("name", "inputs", "expected")) if source and not tests else tests
    made = _new(kind, legal_entity, by, note, rules, tests)
    _told("drafted", made, by, reason=note)
    return made


@transaction.atomic
def draft_from(*, table_id: int, by: User, note: str = "") -> DecisionTable:
    """A draft with the rules and test rows of a version. Raises Denied, or NotReady where there is a draft already."""
    source = DecisionTable.objects.get(pk=table_id)
    policies.can_draft(by, source.legal_entity).or_raise()
    _one_at_a_time(source.kind, source.legal_entity)
    tests = list(source.tests.values("name", "inputs", "expected"))
    made = _new(source.kind, source.legal_entity, by, note, queries.specs(source), tests)
    _told("drafted", made, by, reason=note, copied_from=source.number)
    return made


@transaction.atomic
def edit(
    *,
    table_id: int,
    by: User,
    rules: Sequence[RuleSpec],
    tests: Sequence[Mapping[str, Any]] | None = None,
    note: str | None = None,
) -> DecisionTable:
    """Give a draft these rules (and test rows); it has to be checked again. Raises Denied once it is in force."""
    row = _locked(table_id)
    policies.can_edit(row, by).or_raise()
    before = queries.specs(row)
    row.rules.all().delete()
    _add_rules(row, rules)
    if tests is not None:
        row.tests.all().delete()
        TableTest.objects.bulk_create(TableTest(table=row, **test) for test in tests)
    # Whoever edited last is the author: otherwise they could publish their own change.
    row.status, row.author = Status.DRAFT, by
    row.note = row.note if note is None else note
    _save(row)
    _told("edited", row, by, before=[_plain(rule) for rule in before], after=[_plain(rule) for rule in rules])
    return row


@transaction.atomic
def check(*, table_id: int, by: User, seen_version: int) -> Report:
    """Run every check; where nothing is wrong the draft can be published. Raises Denied, Stale."""
    row = _locked(table_id)
    policies.can_check(row, by).or_raise()
    _seen(row, seen_version)
    report = queries.tried(row)
    if not report.problems:
        TABLE_MOVES.check(row.status, Status.CHECKED)
        row.status = Status.CHECKED
        _save(row)
    _told("checked", row, by, problems=[str(problem) for problem in report.problems], tried=report.tried,
          proven=report.proven)  # fmt: skip
    return report


@transaction.atomic
def publish(*, table_id: int, by: User, seen_version: int) -> DecisionTable:
    """Put a checked version in force for what is decided from now on. Raises Denied, Stale, BadInput."""
    row = _locked(table_id)
    policies.can_publish(row, by).or_raise()
    _seen(row, seen_version)
    # What was checked may have been checked by an earlier release, which knew other inputs, or on other data.
    if problems := queries.tried(row).problems:
        raise BadInput(str(row), list(problems))
    return _put_in_force(row, by)


@transaction.atomic
def roll_back(*, table_id: int, by: User, seen_version: int, reason: str) -> DecisionTable:
    """Put the rules of an earlier version in force again, as a new version. Raises Denied, Stale, NotReady."""
    row = _locked(table_id)
    policies.can_roll_back(row, by).or_raise()
    _seen(row, seen_version)
    if not reason.strip():
        raise NotReady("Say why the earlier rules have to come back.")
    _one_at_a_time(row.kind, row.legal_entity)
    tests = list(row.tests.values("name", "inputs", "expected"))
    note = f"Back to version {row.number}: {reason.strip()}"
    made = _new(row.kind, row.legal_entity, row.author, note, queries.specs(row), tests)
    made.status = Status.CHECKED
    _save(row)  # of two who put it back at once, the second is told
    return _put_in_force(made, by, reason=reason, back_to=row.number)


@transaction.atomic
def discard(*, table_id: int, by: User) -> None:
    """Throw a draft away; its number is free again. Raises Denied for a version that is or was in force."""
    row = _locked(table_id)
    policies.can_edit(row, by).or_raise()
    _told("discarded", row, by)
    row.delete()


def _put_in_force(row: DecisionTable, by: User, **told: Any) -> DecisionTable:
    TABLE_MOVES.check(row.status, Status.PUBLISHED)
    for old in DecisionTable.objects.select_for_update(no_key=True).filter(
        kind=row.kind, legal_entity=row.legal_entity, status=Status.PUBLISHED
    ):
        TABLE_MOVES.check(old.status, Status.SUPERSEDED)
        old.status = Status.SUPERSEDED
        _save(old)
    row.status, row.published_by, row.published_at = Status.PUBLISHED, by, now()
    _save(row)
    _told("published", row, by, **told)
    kind = KINDS.get(row.kind)
    if kind.published is not None:
        kind.published(row.legal_entity)
    return row


def _new(
    kind: str, legal_entity: str, author: User, note: str, rules: Sequence[RuleSpec], tests: Sequence[Mapping[str, Any]]
) -> DecisionTable:
    newest = DecisionTable.objects.filter(kind=kind, legal_entity=legal_entity).aggregate(n=Max("number"))["n"]
    made = DecisionTable.objects.create(
        kind=kind, legal_entity=legal_entity, number=(newest or 0) + 1, note=note, author=author
    )
    _add_rules(made, rules)
    TableTest.objects.bulk_create(TableTest(table=made, **test) for test in tests)
    return made


def _add_rules(row: DecisionTable, rules: Sequence[RuleSpec]) -> None:
    TableRule.objects.bulk_create(
        TableRule(table=row, position=place, condition=rule.condition.strip(), outputs=dict(rule.outputs),
                  note=rule.note)
        for place, rule in enumerate(rules, 1)
    )  # fmt: skip


def _one_at_a_time(kind: str, legal_entity: str) -> None:
    """One draft of a table: of two people who make one at once the second is told, by this or by the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"rules:{kind}:{legal_entity}"])
    found = DecisionTable.objects.filter(kind=kind, legal_entity=legal_entity, status__in=DecisionTable.OPEN).first()
    if found is not None:
        raise NotReady(f"Version {found.number} is a draft of this table. Edit, publish or discard it first.")


def _locked(table_id: int) -> DecisionTable:
    return DecisionTable.objects.select_for_update(no_key=True).get(pk=table_id)


def _seen(row: DecisionTable, seen_version: int) -> None:
    if row.version != seen_version:
        raise Stale


def _save(row: DecisionTable) -> None:
    row.version += 1
    row.save()


def _plain(rule: RuleSpec) -> dict[str, Any]:
    return {"condition": rule.condition, "outputs": dict(rule.outputs), "note": rule.note}


def _told(verb: str, row: DecisionTable, by: User, reason: str = "", **data: Any) -> None:
    event(
        f"rules.table.{verb}",
        by=by,
        object_type=OBJECT,
        object_id=row.pk,
        label=str(row),
        legal_entity=row.legal_entity,
        reason=reason,
        number=row.number,
        **data,
    )
