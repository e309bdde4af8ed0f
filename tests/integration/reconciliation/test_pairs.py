"""Reconciliation of a pair: every kind of break found and mended, evidence, decisions, rules, and what it refuses."""

from datetime import timedelta
from decimal import Decimal

import pytest

from contracts.actions import exchange
from contracts.actions.exchange import RateIn
from integration_hub.cases.models import Case
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import Role
from integration_hub.rules.actions import tables
from integration_hub.rules.tables import RuleSpec
from reconciliation.actions import pair_breaks, pair_runs, suggestions
from reconciliation.matching import staging
from reconciliation.matching.calibration import lower_bound
from reconciliation.matching.pairs import Unread
from reconciliation.matching.rules import DELIVERED
from reconciliation.models import InputBlock, PairBreak, PairRun, Suggestion
from tests import factories
from tests.integration.reconciliation.conftest import DAY, item

pytestmark = pytest.mark.django_db
NEXT_MONTH = DAY + timedelta(days=31)


@pytest.fixture
def fiona():
    return factories.user(Role.FINANCE, name="fiona", everything=True)


@pytest.fixture
def anna():
    return factories.user(Role.BILLING_ANALYST, name="anna", everything=True)


def seed(books):
    """One of every kind, beside what agrees."""
    same = [item("same-1"), item("same-2", "50")]
    books.left = [
        *same,
        item("timing", at=now()),
        item("missing-b"),
        item("twice", "70"),
        item("amount"),
        item("tax", "110", net="100", tax="10"),
        item("fx"),
        item("rounding"),
        item("period"),
        item("manual"),
        item("details", party="CUST-1"),
        *[item(f"part-{n}", "25", ref="sum") for n in range(4)],
    ]
    books.right = [
        *same,
        item("missing-a"),
        item("twice", "70"),
        item("twice-again", "70", ref="twice"),
        item("amount", "90"),
        item("tax", "112", net="100", tax="12"),
        item("fx", currency="EUR"),
        item("rounding", "100.03"),
        item("period", on_date=NEXT_MONTH),
        item("manual", "120", was="100"),
        item("details", party="CUST-2"),
        item("whole", "100", ref="sum"),
        item("orphan", "7", ref=""),
    ]


KINDS = {
    "timing": "timing",
    "missing-b": "missing_in_b",
    "missing-a": "missing_in_a",
    "twice": "duplicate",
    "amount": "amount",
    "tax": "tax",
    "fx": "fx",
    "rounding": "rounding",
    "period": "wrong_period",
    "manual": "manual_change",
    "details": "details",
    "b:orphan": "orphan",
}


def test_every_kind_of_break_is_found_told_apart_and_mended(books):
    seed(books)
    run = books.reconcile()
    assert books.kinds() == KINDS
    assert set(KINDS.values()) == set(PairBreak.Kind.values)
    assert (run.state, run.verdict, run.counts["standing"]) == ("done", "breaks", len(KINDS) - 1)
    assert run.counts["agreed"]["key"] == {"references": "2", "left": "2", "right": "2", "gap": "0"}
    assert run.counts["agreed"]["sum"] == {"references": "1", "left": "4", "right": "1", "gap": "0"}
    open_cases = Case.objects.filter(code="RECONCILIATION_BREAK", status__in=Case.OPEN_STATES)
    assert {case.root_cause.rsplit(":", 1)[1] for case in open_cases} == set(KINDS.values()) - {"timing"}
    assert open_cases.get(root_cause__endswith=":amount").members.get().amount == Decimal(10)
    books.right = [*books.left]
    run = books.reconcile()
    assert (run.verdict, books.kinds()) == ("agrees", {})
    assert not open_cases.all().exists()
    assert set(PairBreak.objects.values_list("state", flat=True)) == {"closed"}


def test_what_is_under_way_becomes_a_break_when_it_is_late(books, monkeypatch):
    books.left = [item("slow", at=now())]
    assert books.reconcile().verdict == "agrees"
    assert books.kinds() == {"slow": "timing"}
    books.left = [item("slow", at=now() - timedelta(days=1, minutes=1))]
    assert books.reconcile().verdict == "breaks"
    assert books.kinds() == {"slow": "missing_in_b"}


def test_a_run_of_one_period_closes_nothing_of_another(books):
    books.left = [item("march"), item("april", on_date=NEXT_MONTH)]
    books.reconcile()
    books.right = [*books.left]
    books.reconcile(period_from=DAY.replace(day=1), period_to=NEXT_MONTH.replace(day=1))
    assert books.kinds() == {"april": "missing_in_b"}


def test_a_break_that_comes_back_counts_from_then(books):
    books.left = [item("one")]
    first = books.reconcile()
    books.right = [item("one")]
    books.reconcile()
    books.right = []
    again = books.reconcile()
    row = PairBreak.objects.get()
    assert (row.state, row.first_run_id, row.closed_at) == ("open", again.pk, None)
    assert again.pk != first.pk


# Evidence -----------------------------------------------------------------------------------------------------------


def test_a_run_can_be_performed_again_from_what_it_kept(books, anna):
    seed(books)
    run = books.reconcile()
    books.left = books.right = []
    assert pair_runs.again(run) == run.result_digest
    assert pair_runs.verify(run=run, by=anna)
    other = books.reconcile()
    assert other.result_digest != run.result_digest
    assert pair_runs.again(PairRun.objects.get(pk=run.pk)) == run.result_digest


def test_equal_inputs_are_kept_once_and_give_the_same_digest(books):
    seed(books)
    first = books.reconcile()
    blocks = InputBlock.objects.count()
    second = books.reconcile()
    assert InputBlock.objects.count() == blocks
    assert first.manifest["inputs"] == second.manifest["inputs"]


def test_a_forged_input_is_told(books, anna):
    seed(books)
    run = books.reconcile()
    block = InputBlock.objects.first()
    block.content = staging.packed(b'{"key":"forged"}')
    block.save()
    with pytest.raises(NotReady, match="says something else"):
        pair_runs.verify(run=run, by=anna)


def test_another_release_does_not_pretend_to_perform_it_again(books, monkeypatch):
    seed(books)
    run = books.reconcile()
    run.manifest["code"] = "0" * 64
    with pytest.raises(LookupError, match="another one now"):
        pair_runs.again(run)


def test_what_could_not_be_understood_certifies_nothing(books):
    books.left = books.right = [item("one")]
    books.unread = [Unread("erp:7", "gross is empty")]
    run = books.reconcile()
    assert run.verdict == "uncertified"
    assert "erp:7: gross is empty" in run.refusals[0]


# Decisions ----------------------------------------------------------------------------------------------------------


def test_an_explanation_holds_for_exactly_what_it_was_given_for(books, anna):
    books.left = [item("one")]
    books.right = [item("one", "90")]
    books.reconcile()
    row = PairBreak.objects.get()
    with pytest.raises(NotReady):
        pair_breaks.explain(break_id=row.pk, by=anna, seen_version=row.version, reason=" ")
    row = pair_breaks.explain(break_id=row.pk, by=anna, seen_version=row.version, reason="Agreed discount")
    assert row.state == "explained"
    assert not Case.objects.filter(code="RECONCILIATION_BREAK", status__in=Case.OPEN_STATES).exists()
    assert books.reconcile().verdict == "agrees"
    books.right = [item("one", "80")]
    assert books.reconcile().verdict == "breaks"
    row.refresh_from_db()
    assert (row.state, row.explanation) == ("open", "")


def test_much_money_takes_two_people(books, anna, fiona):
    books.left = [item("one", "50000")]
    books.right = [item("one", "10000")]
    books.reconcile()
    row = PairBreak.objects.get()
    row = pair_breaks.explain(break_id=row.pk, by=anna, seen_version=row.version, reason="Instalments")
    assert row.state == "proposed"
    assert books.reconcile().verdict == "breaks"
    row.refresh_from_db()
    with pytest.raises(Denied, match="second person"):
        pair_breaks.confirm(break_id=row.pk, by=anna, seen_version=row.version)
    with pytest.raises(Stale):
        pair_breaks.confirm(break_id=row.pk, by=fiona, seen_version=row.version - 1)
    assert pair_breaks.confirm(break_id=row.pk, by=fiona, seen_version=row.version).state == "explained"


def alike(books, number=3):
    """Items that fit one another without a shared reference."""
    books.left = [item(f"l{n}", f"{100 + n}", ref="", label=f"Left {n}") for n in range(number)]
    books.right = [item(f"r{n}", f"{100 + n}", ref="", label=f"Right {n}") for n in range(number)]


def test_what_fits_without_a_reference_is_suggested_and_counts_once_accepted(books, anna):
    alike(books, 1)
    assert books.reconcile().counts["suggested"] == 1
    row = Suggestion.objects.get()
    assert (row.way, row.left_keys, row.right_keys, row.confidence) == ("keyless", ["l0"], ["r0"], Decimal(0))
    assert books.kinds() == {"a:l0": "missing_in_b", "b:r0": "orphan"}
    suggestions.accept(suggestion_id=row.pk, by=anna, seen_version=row.version)
    run = books.reconcile()
    assert (run.verdict, books.kinds()) == ("agrees", {})
    assert pair_runs.again(run) == run.result_digest
    books.right = [books.right[0]._replace(amount=Decimal(80))]
    assert list(books.kinds()) == []
    books.reconcile()
    assert list(books.kinds().values()) == ["amount"]


def test_what_was_rejected_is_not_suggested_again(books, anna):
    alike(books, 1)
    books.reconcile()
    row = Suggestion.objects.get()
    suggestions.reject(suggestion_id=row.pk, by=anna, seen_version=row.version)
    assert books.reconcile().counts["suggested"] == 0


def test_of_two_that_fit_equally_well_neither_is_taken_for_sure(books):
    books.left = [item("l0", ref="")]
    books.right = [item("r0", ref=""), item("r1", ref="")]
    books.reconcile()
    row = Suggestion.objects.get()
    assert (row.state, row.rivals) == ("open", 1)


def test_a_similar_reference_is_found(books):
    books.left = [item("l0", ref="US01-0042")]
    books.right = [item("r0", ref="us01 / 0042", amount="100.01")]
    books.reconcile()
    assert Suggestion.objects.get().way == "reference"


def test_sums_of_a_party_and_month_are_suggested(books):
    books.left = [item("l0", "30", ref="", party="C"), item("l1", "70", ref="", party="C")]
    books.right = [item("r0", "60", ref="", party="C"), item("r1", "40", ref="", party="C")]
    books.reconcile()
    row = Suggestion.objects.get()
    assert (row.way, row.left_keys, row.right_keys) == ("group", ["l0", "l1"], ["r0", "r1"])


def decisions_made(right, wrong):
    """So many decisions on the keyless way of the pair."""
    run = PairRun.objects.latest("pk")
    for number in range(right + wrong):
        state = "accepted" if number < right else "rejected"
        Suggestion.objects.create(
            pair="test", way="keyless", identity=f"past-{number}", left_keys=[f"x{number}"], right_keys=[f"y{number}"],
            amount=1, gap=0, confidence=0, run=run, state=state, decided_by="anna", decided_at=now(),
        )  # fmt: skip


def confirms_from(bound):
    """The delivered rules, but the keyless way confirms from this precision."""
    return [
        RuleSpec(r.condition, {**r.outputs, "confirms_from": bound} if "keyless" in r.condition else r.outputs, r.note)
        for r in DELIVERED
    ]


def published(rules, writer, publisher):
    made = tables.draft(kind="match.test", legal_entity="", by=writer, rules=rules)
    report = tables.check(table_id=made.pk, by=writer, seen_version=made.version)
    assert report.problems == ()
    made.refresh_from_db()
    return tables.publish(table_id=made.pk, by=publisher, seen_version=made.version)


@pytest.fixture
def wendy():
    return factories.user(Role.INTEGRATION_ADMIN, name="wendy", everything=True)


def test_a_way_confirms_by_itself_while_people_found_it_right_and_loses_that_right(books, wendy, fiona):
    alike(books)
    books.reconcile()
    published(confirms_from("0.8"), wendy, fiona)
    decisions_made(20, 0)
    assert lower_bound(20, 0) > Decimal("0.8") > lower_bound(20, 3)
    run = books.reconcile()
    assert (run.counts["confirmed"], run.verdict, books.kinds()) == (3, "agrees", {})
    assert set(Suggestion.objects.exclude(identity__startswith="past").values_list("state", flat=True)) == {"confirmed"}
    for row in Suggestion.objects.filter(state="confirmed"):
        suggestions.reject(suggestion_id=row.pk, by=fiona, seen_version=row.version)
    alike(books, 5)
    run = books.reconcile()
    assert run.counts["confirmed"] == 0
    assert run.counts["suggested"] > 0


def test_an_item_belongs_to_one_match_only(books, anna):
    alike(books, 2)
    books.reconcile()
    first, second = Suggestion.objects.order_by("pk")
    suggestions.accept(suggestion_id=first.pk, by=anna, seen_version=first.version)
    Suggestion.objects.filter(pk=second.pk).update(right_keys=first.right_keys)
    with pytest.raises(NotReady, match="another match already"):
        suggestions.accept(suggestion_id=second.pk, by=anna, seen_version=second.version)


def test_much_money_of_a_match_takes_two_people(books, anna, fiona):
    books.left, books.right = [item("l", "20000", ref="")], [item("r", "20000", ref="")]
    books.reconcile()
    row = Suggestion.objects.get()
    row = suggestions.accept(suggestion_id=row.pk, by=anna, seen_version=row.version)
    assert row.state == "proposed"
    with pytest.raises(Denied):
        suggestions.accept(suggestion_id=row.pk, by=anna, seen_version=row.version)
    assert suggestions.accept(suggestion_id=row.pk, by=fiona, seen_version=row.version).state == "accepted"


# Rules --------------------------------------------------------------------------------------------------------------


def with_amount(way, amount):
    return [
        RuleSpec(r.condition, {**r.outputs, "amount": amount} if way in r.condition else r.outputs, r.note)
        for r in DELIVERED
    ]


@pytest.fixture
def known(books):
    """A pair whose last run knows twenty pairs, which differ by 0.01 each."""
    books.left = [item(f"k{n}", f"{100 + 7 * n}") for n in range(20)]
    books.right = [item(f"k{n}", f"{100 + 7 * n}.01") for n in range(20)]
    books.reconcile()
    return books


@pytest.mark.parametrize(
    ("way", "amount", "said"),
    [
        ("keyless", "1000", "that do not belong together"),
        ("keyless", "0", "none of 20 pairs"),
        ("reference", "500", "that do not belong together"),
    ],
)
def test_a_rule_that_matches_everything_or_nothing_is_refused(known, wendy, way, amount, said):
    made = tables.draft(kind="match.test", legal_entity="", by=wendy, rules=with_amount(way, amount))
    report = tables.check(table_id=made.pk, by=wendy, seen_version=made.version)
    assert any(said in problem.message for problem in report.problems)
    made.refresh_from_db()
    assert made.status == "draft"


def test_a_rule_that_keeps_pairs_apart_passes_and_decides_from_then_on(known, wendy, fiona):
    assert set(known.kinds().values()) == {"rounding"}
    version = published(with_amount("key", "0.02"), wendy, fiona)
    run = known.reconcile()
    assert (run.verdict, known.kinds()) == ("agrees", {})
    assert run.counts["agreed"]["key"]["gap"] == "0.20"
    assert run.manifest["rules"]["US01"]["version"] == version.number


def in_euro(books, differs="0"):
    """Twenty pairs that the right side has in euro, at the rate of the day and so many per cent more."""
    exchange.record(rates=[RateIn("EUR", "USD", DAY - timedelta(days=2), Decimal("1.25"), "test")], by="system:test")
    more = 1 + Decimal(differs) / 100
    books.left = [item(f"k{n}", f"{100 + 50 * n}") for n in range(20)]
    books.right = [item(f"k{n}", f"{(100 + 50 * n) / Decimal('1.25') * more}", currency="EUR") for n in range(20)]


def with_fx(percent):
    return [
        RuleSpec(r.condition, {**r.outputs, "fx_percent": percent} if "key" in r.condition else r.outputs, r.note)
        for r in DELIVERED
    ]


def test_another_currency_agrees_by_the_rate_of_its_day_where_a_rule_says_so(books, wendy, fiona):
    in_euro(books, "0.4")
    books.reconcile()
    assert set(books.kinds().values()) == {"fx"}
    published(with_fx("0.5"), wendy, fiona)
    run = books.reconcile()
    assert (run.verdict, books.kinds()) == ("agrees", {})
    exchange.record(rates=[RateIn("EUR", "USD", DAY - timedelta(days=2), Decimal("1.5"), "test")], by="system:test")
    assert pair_runs.again(run) == run.result_digest, "a run keeps the rates it was made with"
    assert books.reconcile().verdict == "breaks"
    books.right[0] = books.right[0]._replace(on_date=NEXT_MONTH, amount=Decimal(100) / Decimal("1.5"))
    books.reconcile()
    assert books.kinds()["k0"] == "wrong_period", "all but the currency is still compared"


@pytest.mark.parametrize(
    ("percent", "said"), [("0.1", "none of 20 pairs in other currencies"), ("95", "that do not belong together")]
)
def test_a_tolerance_of_currencies_that_takes_everything_or_nothing_is_refused(books, wendy, percent, said):
    in_euro(books, "0.4")
    same = [item(f"s{n}", f"{100 + 7 * n}") for n in range(20)]
    books.left, books.right = [*books.left, *same], [*books.right, *same]
    books.reconcile()
    made = tables.draft(kind="match.test", legal_entity="", by=wendy, rules=with_fx(percent))
    report = tables.check(table_id=made.pk, by=wendy, seen_version=made.version)
    assert any(said in problem.message for problem in report.problems)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "much"),
        ("amount", "-1"),
        ("days", "1.5"),
        ("confirms_from", "2"),
        ("percent", "100"),
        ("fx_percent", "-1"),
    ],
)
def test_numbers_of_rules_are_checked(books, wendy, name, value):
    rules = [RuleSpec(r.condition, {**r.outputs, name: value}, r.note) for r in DELIVERED]
    made = tables.draft(kind="match.test", legal_entity="", by=wendy, rules=rules)
    report = tables.check(table_id=made.pk, by=wendy, seen_version=made.version)
    assert any(name in problem.message for problem in report.problems)
