"""Past decisions come out again, byte for byte, by what was known when each was made; what does not is found."""

import json
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from billing import replayed
from billing.actions import decisions, holds, work
from billing.models import AgreedTerms, Candidate, Decision, Piece
from contracts.actions import amendments, exchange
from contracts.models import Contract, ContractVersion
from integration_hub import canonical
from integration_hub.kernel.clock import now
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.factories import LOCAL
from tests.worlds import shared

pytestmark = pytest.mark.django_db
MARCH = date(2026, 3, 31)


def quoted(rate, on=date(2026, 3, 1)):
    exchange.record(rates=[exchange.RateIn("GBP", "USD", on, Decimal(rate), "test")], by=factories.BY)


def amended(contract, rate, *, since=date(2026, 3, 1)):
    record = canonical.Amendment(
        source_id=f"A{rate}", version="1", contract_id=contract.number, number=f"A{rate}", kind="rate", status="signed",
        signed_on=date(2026, 3, 20), effective_on=since, new_rate=Decimal(rate),
    )  # fmt: skip
    amendments.save(record=record, contract=contract, line=None, by=factories.BY)
    decisions.decide_contract(contract_id=contract.pk, caused_by="amendment")


@shared
def history() -> Contract:
    """Limits, a rate that was corrected, a hold that came and went, posted work that is credited and charged anew."""
    contract = factories.contract_signed(cap="4000", rate="150")
    factories.line(contract, number=2, method="expense", expense_rule="at_cost")
    drain_once(LOCAL)
    quoted("1.25")
    factories.expense(contract, amount="100", currency="GBP", on=date(2026, 3, 2), has_evidence=True)
    for number, hours in enumerate(("8", "7.3333", "6"), start=2):
        factories.time_entry(contract, hours=hours, on=date(2026, 3, number))
    held = factories.hold(contract)
    drain_once(LOCAL)
    holds.release(hold_id=held.pk, by=factories.user(), seen_version=held.version, note="settled")
    drain_once(LOCAL)
    factories.invoice_posted(factories.candidate_ready(contract, hours="8"))
    factories.time_entry(contract, hours="5", on=date(2026, 3, 20))
    amended(contract, "140", since=date(2026, 3, 3))
    quoted("1.30", on=date(2026, 3, 2))
    decisions.decide_contract(contract_id=contract.pk, caused_by="rates")
    return contract


def verdicts(which=None):
    return list(replayed.replay(Decision.objects.all() if which is None else which))


def the_one_that_differs():
    (found,) = [verdict for verdict in verdicts() if verdict.outcome != "identical"]
    return found


def test_a_history_comes_out_again(history):
    found = verdicts()
    assert {verdict.outcome for verdict in found} == {"identical"}
    kinds = {name for decision in Decision.objects.all() for name in decision.trace}
    assert {"caps", "holds", "correction", "steps"} <= kinds
    assert AgreedTerms.objects.count() < len(found)


def test_nothing_of_today_is_read(history):
    """Prices, limits and lines that are other now move nothing."""
    history.lines.update(status="ended", ends_on=date(2026, 1, 2))
    history.caps.update(limit=Decimal("99999"))
    factories.price(history, "1", role="Consultant")
    assert {verdict.outcome for verdict in verdicts()} == {"identical"}


def test_retainers_and_months_that_carry_come_out_again():
    terms = {"included_hours": Decimal(10), "unused": "rollover", "overage_rate": Decimal(180)}
    contract = factories.contract_active(method="retainer_hours", amount="1000", line_terms=terms)
    for month, hours in ((1, "4"), (2, "9"), (2, "8"), (3, "30")):
        factories.time_entry(contract, hours=hours, on=date(2026, month, 10))
    found = verdicts()
    assert len(found) >= 4
    assert {verdict.outcome for verdict in found} == {"identical"}


def test_work_without_a_contract_comes_out_again(history):
    draft = work.Draft(
        work_key="test:time_entry:loose", kind="time", service_date=MARCH, approval="approved", minutes=Decimal(60),
        project_id=factories.project_of(history).pk,
    )  # fmt: skip
    work.record(drafts=[draft], by=factories.BY, caused_by="test")
    drain_once(LOCAL)
    (found,) = verdicts(Decision.objects.filter(event__work_key=draft.work_key))
    assert (found.outcome, Decision.objects.get(pk=found.decision).agreed) == ("identical", None)


def touch(decision, **changes):
    Decision.objects.filter(pk=decision.pk).update(**changes)


def test_a_changed_trace_is_found_with_its_path(history):
    decision = Decision.objects.filter(trace__has_key="caps").earliest("pk")
    decision.trace["caps"][0]["taken"] = "1"
    touch(decision, trace=decision.trace)
    found = the_one_that_differs()
    assert found.outcome == "unexplained"
    assert (found.difference.path, found.difference.stored) == ("trace.caps[0].taken", "1")


def test_a_changed_amount_is_found(history):
    piece = Piece.objects.filter(state="billable").earliest("pk")
    Piece.objects.filter(pk=piece.pk).update(amount=piece.amount + Decimal("0.01"))
    paths = {verdict.difference.path for verdict in verdicts() if verdict.outcome == "unexplained"}
    assert "pieces[0].amount" in paths


def test_a_forged_hash_is_found(history):
    touch(Decision.objects.earliest("pk"), content_hash="0" * 64)
    assert the_one_that_differs().difference.path == "content_hash"


def test_the_database_keeps_terms_as_they_are(history):
    kept = AgreedTerms.objects.earliest("pk")
    rows = AgreedTerms.objects.filter(pk=kept.pk)
    for change in (lambda: rows.update(content_hash="x"), lambda: rows._raw_delete("default")):
        with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
            change()


def test_terms_that_were_changed_all_the_same_are_found(history):
    kept = Decision.objects.earliest("pk").agreed
    kept.terms["currency"] = "EUR"
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE billing_agreedterms DISABLE TRIGGER agreed_terms_fixed")
    AgreedTerms.objects.filter(pk=kept.pk).update(terms=kept.terms)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE billing_agreedterms ENABLE TRIGGER agreed_terms_fixed")
    found = [verdict for verdict in verdicts() if verdict.outcome == "unexplained"]
    assert found
    assert {verdict.difference.path for verdict in found} == {"agreed.terms"}


def test_other_rules_explain_a_difference(history):
    decision = Decision.objects.filter(trace__has_key="caps").earliest("pk")
    decision.trace["caps"][0]["taken"] = "1"
    touch(decision, trace=decision.trace, rules="2026.1")
    found = the_one_that_differs()
    assert (found.outcome, found.difference.path) == ("explained", "trace.caps[0].taken")
    assert "rules 2026.1 then" in found.because


def test_what_was_decided_before_terms_were_kept_is_counted_apart(history):
    touch(Decision.objects.earliest("pk"), agreed=None)
    found = the_one_that_differs()
    assert (found.outcome, found.because) == ("explained", replayed.NOT_KEPT)


def test_terms_that_were_taken_away_later_are_not_explained_by_that(history):
    touch(Decision.objects.latest("pk"), agreed=None)
    assert (the_one_that_differs().outcome, the_one_that_differs().difference.path) == ("unexplained", "agreed")


def test_a_version_recorded_by_then_must_be_the_one_named(history):
    later = ContractVersion.objects.filter(contract=history).latest("number")
    ContractVersion.objects.filter(pk=later.pk).update(recorded_at=now() - timedelta(days=300))
    paths = {verdict.difference.path for verdict in verdicts() if verdict.difference}
    assert paths == {"contract_version"}


def test_a_rate_known_by_then_must_be_the_one_used(history):
    """An exchange rate cannot be recorded into the past; one that is there all the same is found."""
    decision = Decision.objects.filter(event__kind="expense").earliest("pk")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO contracts_exchangerate (rate_type, base, quote, day, rate, source, recorded_at)"
            " VALUES ('corporate', 'GBP', 'USD', '2026-03-01', 1.9, 'forged', %s)",
            [decision.decided_at - timedelta(minutes=1)],
        )
    found = verdicts(Decision.objects.filter(pk=decision.pk))[0]
    assert (found.outcome, found.difference.path) == ("unexplained", "trace.facts.fx.rate")


def test_pages_do_not_change_the_answer(history, monkeypatch):
    whole = verdicts()
    monkeypatch.setattr(replayed, "PAGE", 2)
    assert verdicts() == whole


def test_statements_do_not_grow_with_the_decisions(history, django_assert_max_num_queries):
    kept = AgreedTerms.objects.count()
    with django_assert_max_num_queries(10 + kept):
        verdicts()


def told(*args):
    out = StringIO()
    call_command("replay_decisions", *args, stdout=out)
    return out.getvalue()


def test_the_command_counts(history):
    count = Decision.objects.count()
    assert told() == f"{count} decisions: {count} identical, 0 explained, 0 unexplained\n"
    assert told("--contract", history.number) == told()
    assert told("--contract", "other").startswith("0 decisions")


def test_as_of_a_moment(history):
    moment = Decision.objects.earliest("pk").decided_at
    count = Decision.objects.filter(decided_at__lte=moment).count()
    assert told("--as-of", moment.isoformat()).startswith(f"{count} decisions: {count} identical")
    with pytest.raises(CommandError, match="as-of"):
        told("--as-of", "yesterday")


def test_of_a_run(history):
    run = Candidate.objects.earliest("pk").run
    billed = Piece.objects.filter(candidate_line__candidate__run=run).values("decision").distinct().count()
    answer = json.loads(told("--run", str(run.pk), "--json"))
    assert answer["decisions"] >= billed > 0
    assert answer["unexplained"] == 0


def test_the_command_fails_and_names_the_place(history):
    decision = Decision.objects.filter(trace__has_key="caps").earliest("pk")
    decision.trace["caps"][0]["taken"] = "1"
    touch(decision, trace=decision.trace)
    out = StringIO()
    with pytest.raises(CommandError, match="1 decisions do not come out"):
        call_command("replay_decisions", stdout=out)
    assert f"decision {decision.pk} trace.caps[0].taken: stored '1', now " in out.getvalue()
