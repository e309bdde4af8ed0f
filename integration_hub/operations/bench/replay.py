"""How fast a replay plan is frozen and forecast. Everything happens in one transaction that is rolled back."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import connection, transaction
from django.db.models import QuerySet

from integration_hub.connectors.models import Connection
from integration_hub.effects.ledger import STAGE
from integration_hub.effects.models import Effect
from integration_hub.kernel.clock import now
from integration_hub.kernel.ids import content_hash, effect_key
from integration_hub.operations.bench import BENCHES, Bench, Figure, timed
from integration_hub.people import roles
from integration_hub.people.models import Role, User
from integration_hub.replay import engine, queries
from integration_hub.replay.actions import plans
from integration_hub.replay.models import Plan
from integration_hub.work.models import Lane
from integration_hub.work.registry import Job

BATCH = 5_000
ENTITIES = (("US01", "USD"), ("DE01", "EUR"), ("GB01", "GBP"))
STATES = ("rejected",) * 7 + ("waiting", "confirmed", "conflict")
EFFECT_TYPE = "netsuite.invoice.post"


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """Put `size` effects of a month-end into the ledger, freeze them, forecast them, sum them up."""
    with transaction.atomic():
        target = Connection.objects.create(code="bench-erp", vendor="netsuite", name="Bench ERP")
        for batch in _batches(target, size):
            Effect.objects.bulk_create(batch)
            Lane.objects.bulk_create(Lane(key=effect.lane, stage=STAGE) for effect in batch)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE hub_effects_effect, hub_work_lane")  # as autovacuum does in life
        roles.sync()
        person = User.objects.create_user("bench", all_legal_entities=True)
        roles.give(user=person, role=Role.FINANCE)
        rows = Effect.objects.filter(connection=target)
        timed("Freeze", size, partial(_freeze, rows, person), tell)
        plan = Plan.objects.get(planned_by=person)
        timed("Forecast", size, partial(_forecast, plan), tell)
        plan.refresh_from_db()
        timed("Totals of the page", size, partial(queries.totals, plan, "prospect"), tell)
        transaction.set_rollback(True)


def _freeze(rows: "QuerySet[Effect]", person: User) -> None:
    plans.freeze(kind="effect", rows=rows, title="Bench", reason="Measured", told="all", by=person)


def _forecast(plan: Plan) -> None:
    job = Job(item_id=0, lane=plans.lane(plan), kind=plans.FORECAST, payload={"plan": plan.pk}, attempt=1, token=0)
    while plan.state == Plan.State.FORECASTING:
        engine.forecast(job)
        plan.refresh_from_db(fields=["state"])


def _batches(target: Connection, size: int) -> Iterator[list[Effect]]:
    first, moment = date(2026, 1, 1), now()
    for start in range(0, size, BATCH):
        yield [_effect(target, number, first, moment) for number in range(start, min(start + BATCH, size))]


def _effect(target: Connection, number: int, first: date, moment: datetime) -> Effect:
    entity, currency = ENTITIES[number % len(ENTITIES)]
    state, reference = STATES[number % len(STATES)], f"BENCH-{number:07d}"
    payload = {"reference": reference, "net": "1000", "gross": "1190"}
    confirmed = {"remote_id": str(number), "confirmed_at": moment} if state == "confirmed" else {}
    return Effect(
        key=effect_key(legal_entity=entity, system=target.code, effect=EFFECT_TYPE, business_key=reference, revision=1),
        legal_entity=entity,
        connection=target,
        effect_type=EFFECT_TYPE,
        business_key=reference,
        payload=payload,
        payload_hash=content_hash(payload),
        safety="U",
        state=state,
        posting_date=first + timedelta(days=number % 30),
        amount=Decimal(1190),
        currency=currency,
        failure="Customer is inactive." if state == "rejected" else "",
        lane=f"post:{target.code}:{reference}",
        subject_type="billing.candidate",
        subject_id=str(number),
        planned_by="bench",
        **confirmed,
    )


def register() -> None:
    """Offer the measurement; called once by the app."""
    BENCHES.register("replay", Bench("A replay plan is frozen and forecast", 100_000, run))
