"""How fast work is decided, billed and corrected, beside the database's own limit and a query for each entry.

Judged by processor time, of this process and its database session: on a machine others work on a clock says little.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from time import monotonic, process_time

from django.db import connection
from django.db.models import F

from billing.actions import decisions, posting, runs
from billing.engine.decide import decide
from billing.engine.values import RULES_VERSION, Line, RateRow, Terms, Work
from billing.models import BillableEvent, BillingRun, Candidate, Decision, Piece
from billing.replayed import replay
from contracts.models import BillTo, Contract, Resource
from contracts.models import RateRow as Price
from integration_hub.kernel.bulk import copy_values
from integration_hub.kernel.clock import now
from integration_hub.operations.bench import BENCHES, Aim, Bench, Figure, judged, scratch, spent
from integration_hub.people.models import User

CONTRACTS = 20
SLOW = 500
"""Entries for a way that takes statements for each."""
ROLE = "Architect"
SINCE, MOVED, THROUGH = date(2026, 1, 1), date(2026, 6, 28), date(2026, 6, 29)
DAYS = 180

_RATED = (
    "DROP TABLE IF EXISTS bench_rated",
    "CREATE TABLE bench_rated (event bigint PRIMARY KEY, row bigint, rate numeric, amount numeric, trace jsonb)",
    """
INSERT INTO bench_rated SELECT event.id, rate.id, rate.rate, round(event.minutes * rate.rate / 60, 6),
       jsonb_build_object('rate', rate.rate, 'row', rate.id, 'level', 'default', 'rounding', 'half up', 'minutes',
                          event.minutes, 'day', event.service_date)
  FROM billing_billableevent AS event
  JOIN contracts_ratecard AS card ON card.contract_id = event.contract_id
  JOIN contracts_raterow AS rate ON rate.card_id = card.id AND rate.validity @> event.service_date
       AND rate.withdrawn_in_id IS NULL
""",
)
RULES = Aim("entries a second and core, the rules alone", floor=150_000, target=150_000)
STORED = Aim("of the limit", floor=0.35, target=0.45)
BOTH = Aim("entries a second of two cores' time, decided and stored", floor=50_000, target=50_000)
BESIDE = Aim("times a query for each entry", floor=40, target=40)
AGAIN = Aim("of a full decision", floor=0.10, target=0.04, most=True)
BUILT = Aim("pieces a second of two cores' time into candidates", floor=16_667, target=16_667)
"""A million pieces within a minute."""
GROUPED = Aim("of the sums alone", floor=0.25, target=0.35)

_SUMS = """
CREATE TEMP TABLE bench_sums AS
SELECT contract_id, line_id, rate, sum(amount) AS net, sum(minutes) AS minutes
  FROM billing_piece WHERE is_current AND state = 'billable' GROUP BY contract_id, line_id, rate
"""


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """Measure `size` entries in a database of its own."""
    _engine_alone(size, tell)
    with scratch.database():
        contracts = _world(size)
        limit = _timed("limit: rates joined and written by one statement", size, _rate_by_statement, tell)
        slow = min(SLOW, size)
        by_row = _timed("peer: a query and a write for each entry", slow, partial(_rate_by_row, slow), tell)
        ids = [row.pk for row in contracts]
        full = _timed("ours: decided, rate and reason stored", size, partial(_decide, ids), tell)
        judged(STORED, limit / full, tell)
        judged(BOTH, 2 * size / full, tell)
        judged(BESIDE, by_row / slow * size / full, tell)
        _timed("ours: decided again, nothing moved", size, partial(_decide, ids), tell)
        _replayed(tell)
        sums = _timed("limit: sums alone by one statement", size, partial(_statement, _SUMS), tell)
        built = _timed("ours: candidates of one run, a row for each entry", size, partial(_bill, contracts[0]), tell)
        judged(GROUPED, sums / built, tell)
        judged(BUILT, 2 * size / built, tell)
        _post()
        _move_price(contracts)
        moved = BillableEvent.objects.filter(service_date__gte=MOVED).count()
        corrected = _timed(f"ours: posted work again, {moved:,} at another price", size, partial(_decide, ids), tell)
        judged(AGAIN, corrected / full, tell)


def _replayed(tell: Callable[[Figure], None]) -> None:
    """Every decision made again from what was known when it was made."""
    began = monotonic()
    outcomes = Counter(verdict.outcome for verdict in replay(Decision.objects.filter(rules=RULES_VERSION)))
    step = f"ours: decisions made again and compared, {outcomes['identical']:,} identical"
    tell(Figure(step, outcomes.total(), monotonic() - began))


def _timed(step: str, things: int, act: Callable[[], object], tell: Callable[[Figure], None]) -> float:
    """Seconds of processor time, of this process and its database session; by the clock where that is not told."""
    with spent.measured() as used:
        act()
    tell(Figure(step, things, used.seconds, cpu_micros=used.micros(things)))
    return used.here + used.server if used.server else used.seconds


def _engine_alone(size: int, tell: Callable[[Figure], None]) -> None:
    """Processor time of the rules without any database, under a card of fifty prices."""
    roles = [f"role {number}" for number in range(50)]
    rates = tuple(
        RateRow(id=number, scope="contract", role=role, currency="USD", rate=Decimal(100 + number), valid_from=SINCE)
        for number, role in enumerate(roles, start=1)
    )
    terms = Terms(
        contract_id=1,
        version=1,
        currency="USD",
        signed_on=SINCE,
        lines=(Line(id=1, number=1, method="tm"),),
        rates=rates,
    )
    works = [
        Work(
            event_id=number, work_key=f"T{number}", kind="time", service_date=SINCE + timedelta(days=number % DAYS),
            role=roles[number % 50], minutes=Decimal(30 + 15 * (number % 30)),
        )
        for number in range(size)
    ]  # fmt: skip
    began = process_time()
    decide(terms, works)
    used = process_time() - began
    tell(Figure("ours: the rules alone, processor time", size, used))
    judged(RULES, size / used, tell)


def _world(size: int) -> list[Contract]:
    """Contracts with one price and a bill-to, and their entries, not decided yet."""
    there = scratch.psa("bench-billing", "http://127.0.0.1:9", "none")
    scratch.contracts(there, [f"P{number}" for number in range(CONTRACTS)], ["1"])
    contracts = list(Contract.objects.select_related("customer", "legal_entity").order_by("pk"))
    first = contracts[0]
    bill_to = BillTo.objects.get(customer=first.customer, legal_entity=first.legal_entity)
    Contract.objects.update(bill_to=bill_to)
    person = Resource.objects.earliest("pk").pk
    project = {row.pk: row.projects.values_list("pk", flat=True)[0] for row in contracts}
    columns = (
        "work_key", "version", "is_current", "is_deleted", "kind", "legal_entity_id", "contract_id", "project_id",
        "resource_id", "role", "task_code", "category", "service_date", "minutes", "currency", "approval",
        "chargeable", "has_evidence", "includes_tax", "description", "recorded_at",
    )  # fmt: skip
    moment = now()

    def rows() -> Sequence[Sequence[object]]:
        return [
            (
                f"bench:{number}", 1, True, False, "time", first.legal_entity_id, contracts[number % CONTRACTS].pk,
                project[contracts[number % CONTRACTS].pk], person, ROLE, "", "",
                SINCE + timedelta(days=number * DAYS // size), Decimal(30 + 15 * (number % 30)), "", "approved",
                True, True, False, "", moment,
            )
            for number in range(size)
        ]  # fmt: skip

    copy_values(BillableEvent, columns, rows())
    _statement("ANALYZE")
    return contracts


def _statement(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)


def _rate_by_statement() -> None:
    for statement in _RATED:
        _statement(statement)


def _rate_by_row(count: int) -> None:
    """The rate asked and the decision written one by one, as a loop over rows would."""
    for event in BillableEvent.objects.order_by("pk")[:count]:
        row = Price.objects.filter(
            card__contract=event.contract_id, validity__contains=event.service_date, withdrawn_in=None
        ).get()
        made = Decision.objects.create(
            event=event, rules="peer", content_hash=str(event.pk), caused_by="bench", is_current=False,
            trace={"rate": str(row.rate), "row": row.pk, "minutes": str(event.minutes)},
        )  # fmt: skip
        Piece.objects.create(
            decision=made, event=event, number=1, is_current=False, state="billable", contract_id=event.contract_id,
            minutes=event.minutes, rate=row.rate, amount=(event.minutes or 0) * row.rate / 60, currency="USD",
        )  # fmt: skip


def _decide(ids: Sequence[int]) -> None:
    decisions.decide_contracts(causes={pk: decisions.Cause("bench", "bench") for pk in ids})


def _bill(contract: Contract) -> None:
    person, _ = User.objects.get_or_create(username="bench", defaults={"all_legal_entities": True})
    made = BillingRun.objects.create(
        legal_entity=contract.legal_entity, through=THROUGH, invoice_date=THROUGH, started_by=person
    )
    runs.build(run_id=made.pk)


def _post() -> None:
    """Every candidate is posted as it stands, without the ERP."""
    for candidate in Candidate.objects.exclude(status="dissolved").order_by("pk"):
        Candidate.objects.filter(pk=candidate.pk).update(content_hash="bench", version=F("version") + 1)
        posting.fix(candidate)


def _move_price(contracts: Sequence[Contract]) -> None:
    """Every contract has another price from a day on, learned afterwards."""
    for row in Price.objects.filter(card__contract__in=contracts):
        Price.objects.filter(pk=row.pk).update(validity=(SINCE, MOVED))
        Price.objects.create(
            card_id=row.card_id, currency=row.currency, rate=row.rate + 10, validity=(MOVED, None), source="bench"
        )


def register() -> None:
    """Offer the measurement; called once by the app."""
    BENCHES.register("billing", Bench("Work is decided, billed and corrected", 20_000, run))
