"""A draft of the rules of chargeability run over what is decided and billed, against really publishing it."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.actions import crediting, work
from billing.engine import charging
from billing.models import Candidate, Decision, Piece
from billing.redecided import MOVED, NOT_CHARGED, OTHER_TERMS
from contracts.models import Cap, RateRow
from integration_hub.kernel.errors import NotReady
from integration_hub.people.models import Role
from integration_hub.rules import queries
from integration_hub.rules.actions import draft_runs, tables
from integration_hub.rules.history import Found
from integration_hub.rules.models import DecisionTable, DraftRun
from integration_hub.rules.tables import RuleSpec
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from integration_hub.work.registry import Superseded
from tests import factories, money
from tests.integration.billing.test_charging import publish

pytestmark = pytest.mark.django_db
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def drafted(*rules, legal_entity=""):
    own = [RuleSpec(condition, {"answer": answer}, "Own") for condition, answer in rules]
    writer = factories.user(Role.INTEGRATION_ADMIN, everything=True)
    return tables.draft(kind=charging.KIND.name, legal_entity=legal_entity, by=writer,
                        rules=[*own, *charging.KIND.delivered])  # fmt: skip


def run_of(draft: DecisionTable, *, first=MARCH[0], last=MARCH[1], legal_entity="US01") -> DraftRun:
    """The draft run over these days, worked by its lane."""
    run = draft_runs.start(table_id=draft.pk, legal_entity=legal_entity, first=first, last=last, by=draft.author)
    drain_once()
    run.refresh_from_db()
    return run


def put_in_force(draft: DecisionTable) -> None:
    draft.refresh_from_db()
    assert not tables.check(table_id=draft.pk, by=draft.author, seen_version=draft.version).problems
    draft.refresh_from_db()
    publisher = factories.user(Role.FINANCE, everything=True)
    tables.publish(table_id=draft.pk, by=publisher, seen_version=draft.version)
    drain_once()


def documents(run):
    return {(row.label, row.customer): (row.before, row.after) for row in run.documents.all()}


def charged_by_event():
    rows = Piece.objects.filter(is_current=True, amount__isnull=False).exclude(state__in=NOT_CHARGED)
    found: dict[int, Decimal] = defaultdict(Decimal)
    for event, amount in rows.values_list("event", "amount"):
        found[event] += amount
    return found


def test_what_is_on_an_invoice_on_a_candidate_and_on_nothing_yet(landscape):
    contract = money.contract_in(landscape, "C-1")
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract, hours="8"))
    factories.time_entry(contract, hours="4", on=date(2026, 3, 3))
    candidate = money.ready_in(landscape, contract, hours="2")
    factories.time_entry(contract, hours="1", on=date(2026, 3, 4))
    rows = list(Piece.objects.order_by("pk").values())
    run = run_of(drafted(('kind == "time" && service_date <= "2026-03-02"', "non_chargeable")))
    assert (run.state, run.examined, run.changed, run.unchanged, run.undecidable) == ("done", 4, 2, 2, {})
    customer = contract.customer.name
    assert documents(run) == {
        (f"Invoice {invoice.number}", customer): (1200, 0),
        (f"Candidate {candidate.number}", customer): (900, 600),
    }
    (said,) = {(row.was, row.would_be) for row in run.decisions.all()}
    assert said == (
        "chargeable (rule 7 of billing.chargeability, as delivered)",
        "non chargeable (rule 1 of billing.chargeability, version 1)",
    )
    assert list(Piece.objects.order_by("pk").values()) == rows, "nothing of it is stored"
    assert run.digest
    (summed,) = queries.by_customer(run)
    assert (summed["customer"], summed["currency"], summed["documents"]) == (customer, "USD", 2)
    assert (summed["was"], summed["would_be"], summed["difference"]) == (2100, 600, -1500)


def test_work_that_nobody_was_charged_for_would_be_billed_later(landscape):
    contract = money.contract_in(landscape, "C-1")
    factories.time_entry(contract, hours="3", chargeable=False)
    run = run_of(drafted(("kind == 'time'", "included")))
    assert (run.examined, run.changed) == (1, 1)
    assert documents(run) == {}
    assert "included" in run.decisions.get().would_be


@pytest.mark.parametrize(
    "rule",
    [
        ("task == 'GIFT'", "complimentary"),
        ("task == 'INT'", "included"),
        ('service_date >= "2026-03-05"', "non_chargeable"),
        ("!source_charges && task == ''", "chargeable"),
    ],
)
def test_a_draft_run_tells_what_publishing_brings(landscape, rule):
    """The same amounts, work by work, with a limit that the freed room goes through; and as documents after a run."""
    contract = money.contract_in(landscape, "C-1")
    Cap.objects.create(contract=contract, kind="hard", period="total", limit=Decimal(3000), currency="USD")
    for day, task in enumerate(("GIFT", "", "INT", "", "GIFT", "", "INT", "")):
        factories.time_entry(contract, hours="4", on=MARCH[0] + timedelta(days=day), task_code=task)
    money.run_in(landscape)
    drain_once()
    before = charged_by_event()
    draft = drafted(rule)
    run = run_of(draft)
    candidate = Candidate.objects.get(contract=contract, status="ready")
    told = {int(row.subject_id): (row.before, row.after) for row in run.decisions.all()}
    put_in_force(draft)
    money.run_in(landscape)
    after = charged_by_event()
    really = {event: (before[event], after[event]) for event in {*before, *after} if before[event] != after[event]}
    assert {event: pair for event, pair in told.items() if pair[0] != pair[1]} == really
    assert run.undecidable == {}
    net = Candidate.objects.filter(contract=contract, status="ready").get().net
    assert (
        documents(run).get((f"Candidate {candidate.number}", contract.customer.name), (net, net))[1]
        + sum(row.after - row.before for row in run.documents.filter(subject_type="contracts.contract"))
        == net
    )


def test_open_work_is_told_to_the_last_digit_as_publishing_decides_it(landscape):
    contract = money.contract_in(landscape, "C-1")
    for hours in ("1.3333", "0.1667", "7.77"):
        factories.time_entry(contract, hours=hours, task_code="X")
    draft = drafted(("task == 'X' && role == 'Consultant'", "included"))
    run = run_of(draft)
    put_in_force(draft)
    assert (run.changed, run.examined) == (3, 3)
    assert set(Piece.objects.filter(is_current=True).values_list("state", flat=True)) == {"included"}
    assert [(row.after, row.before > 0) for row in run.documents.all()] == [(0, True)]


def test_what_was_credited_or_is_priced_otherwise_now_is_said_to_be_undecidable(landscape):
    first = money.contract_in(landscape, "C-1")
    invoice = money.posted_in(landscape, money.ready_in(landscape, first, hours="8"))
    line = invoice.lines.get()
    crediting.ask(
        invoice_id=invoice.pk, by=factories.user(), seen_version=invoice.version, reason="GOODWILL", rebillable=False,
        note="agreed", wanted=crediting.Wanted(lines={line.number: Decimal(100)}),
    )  # fmt: skip
    second = money.contract_in(landscape, "C-2")
    money.posted_in(landscape, money.ready_in(landscape, second, hours="8"))
    RateRow.objects.filter(card__contract=second).update(rate=Decimal(200))
    run = run_of(drafted(("kind == 'time'", "included")))
    assert run.undecidable == {MOVED: 1, OTHER_TERMS: 1}
    assert (run.examined, run.changed, run.unchanged) == (2, 0, 0)


def test_an_edit_makes_the_run_out_of_date_and_a_note_does_not(landscape):
    money.contract_in(landscape, "C-1")
    draft = drafted(("kind == 'time'", "included"))
    run = run_of(draft)
    assert not queries.outdated(run)
    same = [RuleSpec(rule.condition, rule.outputs, "said otherwise") for rule in queries.specs(draft)]
    tables.edit(table_id=draft.pk, by=draft.author, rules=same)
    assert not queries.outdated(run)
    tables.edit(table_id=draft.pk, by=draft.author, rules=same[1:])
    assert queries.outdated(DraftRun.objects.get(pk=run.pk))


def test_rules_of_the_legal_entity_come_before_a_draft_for_all(landscape):
    money.contract_in(landscape, "C-1")
    publish(("kind == 'fee'", "included"), legal_entity="US01")
    with pytest.raises(NotReady, match="US01 has rules of its own in force"):
        run_of(drafted(("kind == 'time'", "included")))


def test_the_run_is_in_the_trail_and_decisions_are_not_touched(landscape):
    contract = money.contract_in(landscape, "C-1")
    factories.time_entry(contract)
    decided = list(Decision.objects.values())
    run = run_of(drafted(("kind == 'time'", "included")))
    told = Event.objects.filter(object_type=draft_runs.OBJECT, object_id=str(run.pk)).order_by("id")
    assert [row.action for row in told] == ["rules.draft_run.started", "rules.draft_run.done"]
    assert told.last().data["digest"] == run.digest
    assert list(Decision.objects.values()) == decided
    assert not work.BillableEvent.objects.filter(is_current=False).exists()


def test_of_two_workers_at_one_contract_one_counts(landscape):
    factories.time_entry(money.contract_in(landscape, "C-1"))
    draft = drafted(("kind == 'time'", "included"))
    run = draft_runs.start(table_id=draft.pk, legal_entity="US01", first=MARCH[0], last=MARCH[1], by=draft.author)
    late = DraftRun.objects.get(pk=run.pk)
    drain_once()
    with pytest.raises(Superseded, match="by another worker meanwhile"):
        draft_runs._keep(late, 1, Found(examined=1))
    run.refresh_from_db()
    assert (run.state, run.examined) == ("done", 1)
