"""Contracts decided together come out as if each were decided alone; one that cannot be decided stops no other."""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction

from billing.actions import decisions, holds, work
from billing.actions.work import Draft
from billing.models import BillableEvent, ComparedTerms, Decision, Piece
from contracts.actions import delivery
from contracts.models import AccountingPeriod, Contract, EligibilityRule, Project, Task
from integration_hub import canonical
from integration_hub.cases.models import Case, Member
from integration_hub.trail.models import Event
from integration_hub.work import engine, pace
from integration_hub.work.models import Item
from integration_hub.work.registry import HANDLERS, Job
from tests import factories

pytestmark = pytest.mark.django_db

MARCH = date(2026, 3, 2)
KIND = "billing.decide"


# -- the mix -------------------------------------------------------------------------------------------------------


def undecided() -> AbstractContextManager[Any]:
    """What is done inside has nobody decided again."""
    return patch.object(work, "decide_soon")


def entry(contract: Contract, hours: str, **more: Any) -> None:
    factories.time_entry(contract, hours=hours, decide=False, **more)


def capped() -> Contract:
    """The second day passes the cap in its middle."""
    contract = factories.contract_active(rate="150", cap="2000")
    for day in (2, 3, 4):
        entry(contract, "8", on=date(2026, 3, day))
    return contract


def milestones() -> Contract:
    """One accepted with proof, one without."""
    contract = factories.contract_active(method="milestone", milestones=("300", "700"))
    for row, proof in zip(contract.lines.get().milestones.all(), ("Protocol 7", ""), strict=True):
        accepted = canonical.Milestone(
            source_id=f"{contract.number}-{row.sequence}", version="1", project_id="any", name=row.name,
            status="accepted", accepted_on=MARCH, evidence=proof,
        )  # fmt: skip
        delivery.move_milestone(record=accepted, milestone=row, by=factories.BY)
    return contract


def retainer() -> Contract:
    """Ten hours are in the fee, two cost extra; one task has a line of its own, which is not chargeable."""
    terms = {"included_hours": Decimal(10), "overage_rate": Decimal(90)}
    contract = factories.contract_active(method="retainer_hours", amount="1000", line_terms=terms)
    extra = factories.line(contract, number=2, method="included")
    Task.objects.create(project=factories.project_of(contract), code="REVIEW", name="Review", line=extra)
    for day in (2, 3):
        entry(contract, "6", on=date(2026, 3, day))
    entry(contract, "1", task_code="REVIEW")
    return contract


def held() -> Contract:
    """Everything of the customer is held, and was decided before that."""
    contract = factories.contract_active(client=factories.customer("HELD"))
    entry(contract, "4")
    decisions.decide_contract(contract_id=contract.pk, caused_by="test")
    holds.place(scope="customer", target=str(contract.customer_id), code="CLIENT_QUERY", by=factories.BY)
    return contract


def unpriced() -> Contract:
    """A rate for another role only, work before and after the contract's days, a minus without a plus."""
    contract = factories.contract_active(rate_role="Architect")
    entry(contract, "4")
    entry(contract, "3", role="Architect")
    entry(contract, "-2", role="Architect")
    for day in (date(2025, 12, 31), date(2027, 1, 4)):
        entry(contract, "1", on=day, role="Architect")
    return contract


def unsigned() -> Contract:
    contract = factories.contract_active()
    entry(contract, "5")
    Contract.objects.filter(pk=contract.pk).update(status="in_review")
    return contract


def costs() -> Contract:
    """Expenses without a receipt, in another currency, and plain; hours nobody approved, and rejected ones."""
    contract = factories.contract_active()
    row = factories.line(contract, number=2, method="expense", expense_rule="markup", markup_percent=Decimal(10))
    EligibilityRule.objects.create(contract=contract, kind="expense", chargeability="chargeable", line=row)
    factories.expense(contract, amount="100", decide=False)
    factories.expense(contract, amount="200", decide=False, has_evidence=False)
    factories.expense(contract, amount="300", decide=False, currency="EUR")
    entry(contract, "2", approval="submitted")
    entry(contract, "2", approval="rejected")
    entry(contract, "2", chargeable=False)
    return contract


def posted() -> Contract:
    """Two days posted; one is shorter now, one is gone."""
    contract = factories.contract_active(cap="9000")
    for day in (2, 3):
        entry(contract, "8", on=date(2026, 3, day), key=f"posted:{day}")
    factories.invoice_posted(factories.candidate_ready(contract, hours="1"))
    changed = ((2, {"minutes": Decimal(300)}), (3, {"is_deleted": True}))
    for day, changes in changed:
        row = BillableEvent.objects.get(work_key=f"posted:{day}", is_current=True)
        known = {name: getattr(row, name) for name in work.DRAFTED}
        draft = Draft(**{**known, **changes})
        with undecided():
            work.record(drafts=[draft], by=factories.BY, caused_by="test", correct_posted=True)
    return contract


def reserved() -> Contract:
    """A candidate in a period that closed since, and work that came after it."""
    contract = factories.contract_active(cap="2000")
    candidate = factories.candidate_ready(contract, hours="8")
    AccountingPeriod.objects.create(
        legal_entity=contract.legal_entity, name="March", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31),
        status="closed",
    )  # fmt: skip
    with undecided():
        entry(contract, "8", on=candidate.run.through)
    return contract


def loose(code: str) -> Project:
    project = Project.objects.create(code=code, name=code)
    draft = Draft(
        work_key=f"loose:{code}", kind="time", service_date=MARCH, approval="approved", project_id=project.pk,
        resource_id=factories.resource().pk, minutes=Decimal(60),
    )  # fmt: skip
    work.record(drafts=[draft], by=factories.BY, caused_by="test")
    return project


@pytest.fixture
def jobs() -> list[Job]:
    """To decide: contracts of every sort and two projects without one, each for a cause of its own."""
    contracts = [posted(), reserved()]
    with undecided():
        contracts += [build() for build in (capped, milestones, retainer, held, unpriced, unsigned, costs)]
        projects = [loose("L-1"), loose("L-2")]
    targets = [("contract", row.pk) for row in contracts] + [("project", row.pk) for row in projects]
    return [
        Job(0, f"{kind}:{pk}", KIND, {kind: pk, "caused_by": f"{kind} {pk}"}, 1, 1, f"act {pk % 3}")
        for kind, pk in targets
    ]


# -- what came of it -----------------------------------------------------------------------------------------------


def outcome(batches: Iterable[Sequence[Job]]) -> dict[str, Any]:
    """All that deciding left behind, without the ids and times of new rows; taken back afterwards."""
    handler = HANDLERS.get(KIND)
    assert handler.together is not None
    with transaction.atomic():
        seen = Event.objects.count()
        for batch in batches:
            handler.together(batch)
        found = {
            "decisions": _rows(Decision, "event", "-id", leave={"id", "decided_at", "agreed_id"}),
            "terms": list(Decision.objects.order_by("event", "-id").values_list("event", "agreed__content_hash")),
            "pieces": _pieces(),
            "compared": _rows(ComparedTerms, "contract", leave={"id", "at"}),
            "cases": _rows(Case, "code", "root_cause", leave=_TIMES),
            "members": _members(),
            "events": _events(seen),
            "items": sorted(
                Item.objects.values_list("lane__key", "kind", "dedupe", "correlation_id", "payload__candidate")
            ),
        }
        transaction.set_rollback(True)
    return found


_TIMES = {"id", "created_at", "updated_at", "first_seen_at", "due_at", "resolved_at"}


def _rows(model: Any, *order: str, leave: set[str]) -> list[dict[str, Any]]:
    names = [field.attname for field in model._meta.concrete_fields if field.attname not in leave]
    return list(model.objects.order_by(*order).values(*names))


def _pieces() -> list[dict[str, Any]]:
    """Which decision a piece came from is told by its hash."""
    names = [field.attname for field in Piece._meta.concrete_fields if field.attname not in {"id", "decision_id"}]
    order = ("event", "number", "decision__content_hash", "is_current")
    return list(Piece.objects.order_by(*order).values(*names, "decision__content_hash"))


def _members() -> list[tuple[Any, ...]]:
    named = {str(pk): f"{event} {number}" for pk, event, number in Piece.objects.values_list("id", "event", "number")}
    rows = Member.objects.values_list(
        "case__code", "case__root_cause", "target_id", "label", "amount", "currency", "scope", "is_open"
    )
    return sorted(((*row[:2], named.get(row[2], row[2]), *row[3:]) for row in rows), key=str)


def _events(seen: int) -> list[str]:
    names = ("action", "actor", "object_type", "object_label", "legal_entity", "correlation_id", "data")
    return sorted(json.dumps(row, default=str) for row in Event.objects.order_by("id").values_list(*names)[seen:])


def alone(jobs: Sequence[Job]) -> list[list[Job]]:
    return [[job] for job in jobs]


def test_contracts_decided_together_come_out_as_if_each_were_decided_alone(jobs: list[Job]) -> None:
    each = outcome(alone(jobs))
    assert outcome([jobs]) == each
    assert outcome([jobs[::-1]]) == each
    assert outcome([jobs[::2], jobs[1::2]]) == each
    assert outcome(alone(jobs[::-1])) == each


def test_the_mix_holds_what_can_come_of_work(jobs: list[Job]) -> None:
    """Else the equality above would say little."""
    found = outcome([jobs])
    current = [row for row in found["pieces"] if row["is_current"]]
    assert {row["state"] for row in current} == {
        "billable", "blocked", "held", "included", "non_billable", "over_cap", "posted", "reserved",
    }  # fmt: skip
    assert {code for row in current for code in row["codes"]} >= {
        "CAP_REACHED", "CLIENT_QUERY", "CONTRACT_EXPIRED", "CONTRACT_MISSING", "CONTRACT_NOT_SIGNED",
        "MILESTONE_EVIDENCE", "NEGATIVE_UNMATCHED", "NOT_APPROVED", "RATE_MISSING", "RECEIPT_MISSING",
    }  # fmt: skip
    assert sum(row["corrects_id"] is not None for row in current) == 2
    assert {row["status"] for row in found["cases"]} == {"open"}
    assert {act for _, kind, _, act, _ in found["items"] if kind == "billing.check"} <= {"act 0", "act 1", "act 2"}
    assert any(kind == "billing.check" for _, kind, *_ in found["items"])


def test_each_belongs_to_the_act_that_had_it_decided(jobs: list[Job]) -> None:
    acts = {job.payload["caused_by"]: job.correlation_id for job in jobs}
    events = [json.loads(row) for row in outcome([jobs])["events"]]
    told = {data["because"]: act for action, *_, act, data in events if action == "billing.work.decided"}
    assert len(set(told.values())) > 1
    assert told == {cause: act for cause, act in acts.items() if cause in told}


# -- statements ----------------------------------------------------------------------------------------------------


def waiting(count: int) -> list[Contract]:
    """Active contracts with three days of work that nobody decided yet."""
    contracts = [factories.contract_active() for _ in range(count)]
    for contract in contracts:
        for day in (2, 3, 4):
            entry(contract, "8", on=date(2026, 3, day))
    return contracts


def causes(contracts: Iterable[Contract]) -> dict[int, decisions.Cause]:
    return {contract.pk: decisions.Cause("test", "") for contract in contracts}


def test_many_contracts_are_decided_by_as_many_statements_as_one(django_assert_max_num_queries: Any) -> None:
    contracts = waiting(12)
    with django_assert_max_num_queries(24):  # two the savepoint that stands for a transaction here, one who borrows
        assert decisions.decide_contracts(causes=causes(contracts[:11])) == {row.pk: 3 for row in contracts[:11]}
    with django_assert_max_num_queries(24):
        assert decisions.decide_contract(contract_id=contracts[11].pk, caused_by="test") == 3
    with django_assert_max_num_queries(16):
        assert not any(decisions.decide_contracts(causes=causes(contracts)).values())
    said = Event.objects.filter(action="billing.work.decided")
    assert {row.object_label: row.data["changed"] for row in said} == {row.number: 3 for row in contracts}


def test_projects_without_a_contract_are_decided_by_the_statements_of_one(django_assert_max_num_queries: Any) -> None:
    projects = [loose(f"L-{number}") for number in range(8)]
    wanted = {project.pk: decisions.Cause("test", "") for project in projects}
    assert decisions.decide_projects(causes=wanted) == dict.fromkeys(wanted, 1)
    assert Case.objects.filter(code="CONTRACT_MISSING").count() == 8
    with django_assert_max_num_queries(16):
        assert not any(decisions.decide_projects(causes=wanted).values())


# -- one that cannot be decided ------------------------------------------------------------------------------------


@pytest.fixture
def five(monkeypatch: pytest.MonkeyPatch) -> list[Contract]:
    """Contracts to decide, which is known to be fast and to go well: their lanes share a transaction."""
    contracts = waiting(5)
    monkeypatch.setattr(pace, "_seconds", {KIND: 0.0001})
    monkeypatch.setattr(pace, "_on_probation", {})
    return contracts


@pytest.fixture
def sizes(five: list[Contract], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many contracts were decided at once, call by call."""
    seen: list[int] = []
    original = decisions.decide_contracts

    def watch(*, causes: dict[int, decisions.Cause]) -> dict[int, int]:
        seen.append(len(causes))
        return original(causes=causes)

    monkeypatch.setattr(decisions, "decide_contracts", watch)
    return seen


def test_the_lanes_of_contracts_are_decided_at_once(five: list[Contract], sizes: list[int]) -> None:
    engine.drain("ingest")
    assert sizes == [5], "one call for all of them"
    assert Piece.objects.filter(contract__in=five, state="billable").count() == 15


def test_one_contract_that_cannot_be_decided_stops_no_other(
    five: list[Contract], sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, original = five[2], decisions.decide

    def decide(terms: Any, works: Any) -> Any:
        if terms.contract_id == bad.pk:
            raise ValueError("a rule nobody thought of")
        return original(terms, works)

    monkeypatch.setattr(decisions, "decide", decide)
    engine.drain("ingest")
    assert sizes[0] == 5
    assert sorted(sizes[1:]) == [1] * 5, "all at once first, then each alone"
    found = {contract.number: contract.pieces.count() for contract in five}
    assert found == {contract.number: 0 if contract == bad else 3 for contract in five}
    left = Item.objects.exclude(state="done").select_related("lane").get()
    assert left.lane.key == f"contract:{bad.pk}"
    assert "a rule nobody thought of" in left.error
