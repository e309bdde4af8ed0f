"""Whatever happens in whatever order: nothing leaks, no limit is passed, no credit is too large.

Random lives of a small firm go through the real actions and the database: work arrives, changes and vanishes, prices
and limits are amended backwards, holds come and go, invoices are credited by hand, and runs post what is ready. At the
end every decision of a life is made again.
`THROUGHLINE_LIVES=200` plays so many lives instead of a few, each with another seed; a life that fails is printed with
what reproduces it.
"""

import os
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import replayed
from billing.actions import decisions, runs
from billing.credited import is_conceded
from billing.engine.pricing import time_value
from billing.models import BillableEvent, BillingRun, Candidate, CandidateLine, Decision, InvoiceLine, Piece
from billing.scenarios.crediting import REASON, give
from billing.scenarios.happening import decide
from billing.scenarios.limits import agree
from billing.scenarios.reading import Words
from billing.scenarios.registry import VERBS
from billing.scenarios.world import build
from contracts.models import Cap, CapMonth
from integration_hub.kernel.errors import NotReady

pytestmark = pytest.mark.django_db

LIVES = int(os.environ.get("THROUGHLINE_LIVES", "0"))
lives = settings(
    max_examples=LIVES or 8,
    derandomize=not LIVES,
    print_blob=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
NOTHING = Decimal(0)
BASE = Decimal("117.35")
MARCH = date(2026, 3, 31)
GIVEN = {
    "contracts": [{"id": "K1", "customer": "C1", "currency": "USD",
                   "lines": [{"id": "L1", "method": "tm"}, {"id": "L2", "method": "tm"}]}],
    "rates": [{"scope": "contract", "ref": "K1", "currency": "USD", "from": "2026-01-01", "rate": str(BASE)}],
    "caps": [
        {"id": "ALL", "kind": "hard", "contract": "K1", "limit": "2900"},
        {"id": "MONTH", "kind": "hard", "contract": "K1", "line": "L1", "period": "month", "limit": "700"},
    ],
}  # fmt: skip
DAYS = st.integers(0, 89).map(lambda n: (date(2026, 1, 1) + timedelta(days=n)).isoformat())
NAMES = st.sampled_from(["T1", "T2", "T3", "T4", "T5"])
ENTRY = st.fixed_dictionaries(
    {"id": NAMES, "line": st.sampled_from(["L1", "L2"]), "date": DAYS, "minutes": st.integers(1, 900).map(str)}
)
ENTRIES = st.lists(ENTRY, min_size=1, max_size=3, unique_by=lambda one: one["id"]).map(
    lambda items: {"do": "entries", "items": items}
)
STEPS = st.one_of(
    ENTRIES,
    ENTRIES,
    st.just({"do": "run", "through": MARCH.isoformat()}),
    st.just({"do": "run", "through": MARCH.isoformat()}),
    NAMES.map(lambda name: {"do": "vanish", "id": name}),
    st.builds(
        lambda rate, day: {"do": "amend", "signed": day, "effective": day, "changes": [
            {"target": "rate", "scope": "contract", "ref": "K1", "currency": "USD", "from": day, "rate": rate}]},
        st.integers(50, 200).map(str), DAYS,
    ),
    st.builds(
        lambda cap, limit, day: {"do": "amend", "signed": day, "effective": day,
                                 "changes": [{"target": "cap", "id": cap, "limit": limit}]},
        st.sampled_from(["ALL", "MONTH"]), st.integers(100, 4000).map(str), DAYS,
    ),
    st.sampled_from([("contract", "K1"), ("line", "L1"), ("line", "L2")]).map(
        lambda on: {"do": "hold", "scope": on[0], "target": on[1], "code": "PM_HOLD"}
    ),
    st.just({"do": "release"}),
    st.fixed_dictionaries({"do": st.just("credit"), "of": st.integers(0, 20), "part": st.sampled_from([None, 3, 1])}),
)  # fmt: skip


class Life:
    """A world, what its prices are meant to be, and how a step is done."""

    def __init__(self):
        terms = Words("given", GIVEN)
        self.world = build(terms, Words("policy", {}))
        agree(self.world, terms)
        self.contract = self.world.contracts["K1"]
        self.amended = []
        self.runs = 0

    def price(self, day):
        """The amendment signed last of those in force that day."""
        return next((rate for since, rate in reversed(self.amended) if since <= day.isoformat()), BASE)

    def live(self, step):
        do = {"vanish": self._vanish, "release": self._release, "credit": self._credit, "hold": self._hold}
        do.get(step["do"], self._play)(step)
        decide(self.world)

    def _play(self, step):
        if step["do"] == "run":
            self.runs += 1
            step = {**step, "id": f"R{self.runs}"}
        VERBS.get(step["do"])(self.world, Words("step", step))
        for change in step.get("changes", ()):
            if change["target"] == "rate":
                self.amended.append((change["from"], Decimal(change["rate"])))

    def _vanish(self, step):
        if BillableEvent.objects.filter(work_key=step["id"], is_current=True, is_deleted=False).exists():
            message = {"source": "psa", "key": step["id"], "version": "9", "kind": "delete"}
            VERBS.get("ingest")(self.world, Words("step", {"messages": [message]}))

    def _hold(self, step):
        try:
            with transaction.atomic():
                VERBS.get("hold")(self.world, Words("step", {**step, "id": f"H{step['target']}"}))
        except NotReady:
            pass  # it is held already

    def _release(self, _step):
        for name in ("HK1", "HL1", "HL2"):
            if self.contract.holds.filter(target_label=name, status="open").exists():
                VERBS.get("release")(self.world, Words("step", {"id": name}))

    def _credit(self, step):
        """Some line of some invoice: all of its work to be billed again, or a concession of a part of it."""
        lines = list(InvoiceLine.objects.order_by("pk").select_related("invoice"))
        if lines:
            line = lines[step["of"] % len(lines)]
            amount = None if step["part"] is None else (line.net / step["part"]).quantize(Decimal("0.01"))
            again = amount is None
            give(self.world, line.invoice, {line.number: amount}, reason=REASON[again], rebillable=again)


def nothing_leaks(life):
    """The pieces of each work, over all its versions, add up to its value to the last digit; what is conceded stays."""
    current = Piece.objects.filter(is_current=True).order_by()
    conceded = set(current.filter(is_conceded()).values_list("event__work_key", flat=True))
    sums = {
        key: (minutes or NOTHING, amount or NOTHING)
        for key, minutes, amount in current.values_list("event__work_key").annotate(Sum("minutes"), Sum("amount"))
    }
    for work in BillableEvent.objects.order_by("work_key", "-version").distinct("work_key"):
        if work.work_key in conceded:
            continue
        minutes = NOTHING if work.is_deleted else work.minutes
        value = time_value(minutes, life.price(work.service_date))
        assert sums.get(work.work_key, (NOTHING, NOTHING)) == (minutes, value), work.work_key


def shares_add_up():
    for line in CandidateLine.objects.exclude(candidate__status="dissolved").filter(pieces__isnull=False).distinct():
        assert line.pieces.filter(is_current=True).aggregate(t=Sum("net"))["t"] == line.net, line
    for candidate in Candidate.objects.exclude(status="dissolved"):
        assert candidate.lines.aggregate(t=Sum("net"))["t"] == candidate.net, candidate


def credits_stay_within_their_line():
    for line in InvoiceLine.objects.all():
        taking = CandidateLine.objects.filter(corrects=line).exclude(candidate__status="dissolved")
        taken = taking.aggregate(net=Sum("net"), tax=Sum("tax"))
        assert -(taken["net"] or 0) <= line.net, line
        assert -(taken["tax"] or 0) <= line.tax, line


def used():
    caps = [(f"cap {cap.pk}", cap) for cap in Cap.objects.filter(period="total")]
    months = [(f"month {row.pk}", row) for row in CapMonth.objects.all()]
    return {name: (row.reserved + row.committed, row.limit) for name, row in [*caps, *months]}


def limits_hold(before):
    """None is passed, unless it was lowered below what is billed: then it only falls."""
    for name, (taken, limit) in used().items():
        assert taken <= limit or taken <= before.get(name, (NOTHING, NOTHING))[0], name


def run_again(life):
    run = BillingRun.objects.create(
        legal_entity=life.contract.legal_entity, through=MARCH, invoice_date=MARCH, started_by=life.world.person
    )
    runs.build(run_id=run.pk)
    decide(life.world)


def pieces():
    names = ("event", "number", "state", "minutes", "amount", "line", "corrects")
    return list(Piece.objects.filter(is_current=True).order_by("event", "number").values_list(*names))


def a_second_time_changes_nothing(life):
    """The first run may take what became ready since the last one; the second finds nothing, nor does deciding."""
    run_again(life)
    before = pieces()
    run_again(life)
    assert pieces() == before
    assert decisions.decide_contract(contract_id=life.contract.pk, caused_by="again") == 0


@lives
@given(st.lists(STEPS, min_size=5, max_size=9))
def test_a_life_in_any_order(steps):
    mark = transaction.savepoint()
    try:
        life = Life()
        before = used()
        for step in steps:
            life.live(step)
            nothing_leaks(life)
            shares_add_up()
            credits_stay_within_their_line()
            limits_hold(before)
            before = used()
        a_second_time_changes_nothing(life)
        nothing_leaks(life)
        verdicts = list(replayed.replay(Decision.objects.all()))
        assert [verdict for verdict in verdicts if verdict.outcome != "identical"] == []
    finally:
        transaction.savepoint_rollback(mark)


def test_a_missing_cent_would_be_seen():
    """Negative control."""
    life = Life()
    life.live({"do": "entries", "items": [{"id": "T1", "line": "L1", "date": "2026-01-05", "minutes": "100"}]})
    nothing_leaks(life)
    Piece.objects.update(amount=Decimal("195.57"))
    with pytest.raises(AssertionError, match="T1"):
        nothing_leaks(life)
