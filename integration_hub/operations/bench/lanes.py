"""How fast ordered work goes through its lanes, beside what PostgreSQL gives without order and the queue alone."""

import queue
from collections.abc import Callable
from multiprocessing import Value
from statistics import median
from time import monotonic

from django.db import connection, transaction
from django_q.brokers import get_broker
from django_q.monitor import monitor
from django_q.signing import SignedPackage
from django_q.tasks import async_task
from django_q.worker import worker

from integration_hub.operations.bench import BENCHES, Aim, Bench, Figure, judged, scratch
from integration_hub.work.actions import items
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Item
from integration_hub.work.registry import HANDLERS, Handler, Job

ROUNDS = 3
LANES, AT_ONCE = 1000, 5000
BATCH = 500
TASKS_SHARE = 20
"""One task of the queue alone for so many items: each takes many times as long."""
KIND = "bench.nothing"
RATE = Aim("items a second worked in order", floor=5_000, target=20_000)
SHARE = Aim("of the limit, claimed and settled", floor=0.25, target=0.7)
QUEUE = Aim("times the queue alone", floor=20, target=100)

_TAKE = """
WITH taken AS (SELECT id FROM bench_item WHERE state = 'ready' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
UPDATE bench_item SET state = 'done', finished_at = clock_timestamp() FROM taken WHERE bench_item.id = taken.id
"""


def run(size: int, tell: Callable[[Figure], None]) -> None:
    """`size` items that do nothing, of a thousand lanes, by one worker; medians of three rounds."""
    worked: list[Job] = []
    if HANDLERS.find(KIND) is None:
        HANDLERS.register(KIND, Handler(lambda job: worked.append(job), title="Nothing"))
    with scratch.database():
        rounds = [_round(size, worked) for _ in range(ROUNDS)]
    rates = []
    for place, figure in enumerate(rounds[0]):
        seconds = median(found[place].seconds for found in rounds)
        rates.append(figure.things / seconds)
        tell(Figure(figure.step, figure.things, seconds))
    limit, _, queue_alone, _, ours = rates
    judged(RATE, ours, tell)
    judged(SHARE, ours / limit, tell)
    judged(QUEUE, ours / queue_alone, tell)


def _round(size: int, worked: list[Job]) -> list[Figure]:
    found: list[Figure] = []

    def timed(step: str, things: int, act: Callable[[int], object]) -> None:
        started = monotonic()
        act(things)
        found.append(Figure(step, things, monotonic() - started))

    _make_table(size)
    tasks = max(size // TASKS_SHARE, 1)
    timed(f"limit: SKIP LOCKED in batches of {BATCH}, no order, nothing called", size, _take_all)
    timed("peer: django-q2, a task for each, put in", tasks, _queue)
    timed("peer: django-q2, those worked by one worker", tasks, _work_queue)
    worked.clear()
    timed(f"ours: put into {LANES:,} lanes", size, _put_in)
    timed("ours: worked in order by one worker", size, lambda _: drain_once(["bulk"]))
    if Item.objects.exclude(state="done").exists() or not _in_order(worked):
        raise RuntimeError("Items are left, or a lane was not worked in order.")
    return found


def _make_table(size: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE hub_work_item, hub_work_lane CASCADE")
        cursor.execute("DROP TABLE IF EXISTS bench_item")
        cursor.execute(
            "CREATE TABLE bench_item (id bigint PRIMARY KEY, lane int NOT NULL, payload jsonb NOT NULL,"
            " state text NOT NULL DEFAULT 'ready', finished_at timestamptz)"
        )
        cursor.execute("CREATE INDEX ON bench_item (id) WHERE state = 'ready'")
        cursor.execute(
            "INSERT INTO bench_item (id, lane, payload) SELECT n, n %% %s, jsonb_build_object('number', n)"
            " FROM generate_series(1, %s) AS n",
            [LANES, size],
        )
        cursor.execute("ANALYZE bench_item")


def _take_all(size: int) -> None:
    left = size
    while left > 0:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TAKE, [BATCH])
            left -= cursor.rowcount


def _queue(tasks: int) -> None:
    for _ in range(tasks):
        async_task("math.floor", 1.5, cluster="bench")


def _work_queue(tasks: int) -> None:
    """What pusher, worker and monitor of a cluster do with each task, in one process: no hop between them is paid."""
    broker = get_broker("bench")
    while tasks > 0:
        pulled, finished = queue.Queue[object](), queue.Queue[object]()
        for key, package in broker.dequeue() or ():
            tasks -= 1
            pulled.put(SignedPackage.loads(package) | {"cluster": "bench", "ack_id": key})
        pulled.put("STOP")
        worker(pulled, finished, Value("f", -1))
        finished.put("STOP")
        monitor(finished, broker)


def _put_in(size: int) -> None:
    requests = [
        items.ItemIn(KIND, lane=f"bench:{number % LANES}", stage="bulk", payload={"number": number})
        for number in range(size)
    ]
    for first in range(0, size, AT_ONCE):
        items.enqueue_many(requests[first : first + AT_ONCE])


def _in_order(jobs: list[Job]) -> bool:
    last: dict[str, int] = {}
    for job in jobs:
        if last.get(job.lane, -1) >= job.payload["number"]:
            return False
        last[job.lane] = job.payload["number"]
    return True


def register() -> None:
    """Offer the measurement; called once by the app."""
    BENCHES.register("lanes", Bench("Ordered items of a thousand lanes, one worker", 20_000, run))
