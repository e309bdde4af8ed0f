"""What is simulated is what is done, to the cent; and a simulation leaves nothing behind."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import OperationalError, connection, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import simulated, simulation
from billing.actions import holds, quotes, runs
from billing.models import BillingRun, Candidate, Hold
from billing.scenarios.happening import decide
from billing.scenarios.limits import agree
from billing.scenarios.reading import Words
from billing.scenarios.registry import VERBS
from billing.scenarios.running import tax_of
from billing.scenarios.world import build
from contracts.actions import amendments
from contracts.models import Amendment, Contract
from integration_hub.kernel.clock import today
from integration_hub.kernel.errors import NotReady
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.factories import LOCAL
from tests.integration.billing.screens import signed_in, text
from tests.worlds import _stored, shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


@shared
def billed() -> tuple[Contract, Hold]:
    """A contract with a limit, an invoice of January, and work of March under a hold."""
    contract = factories.contract_active(cap="3000", rate="150")
    factories.time_entry(contract, hours="2", on=date(2026, 1, 12))
    factories.invoice_posted(factories.candidate_ready(contract, hours="1"))
    hold = factories.hold(contract)
    factories.time_entry(contract, hours="7.3333", on=date(2026, 3, 3))
    return contract, hold


def plain(outlook):
    """Without what tells an estimate from a quote, which alone may differ."""
    return replace(outlook, documents=tuple(replace(row, tax_is_quoted=True) for row in outlook.documents))


def real_run(contract, *, tax):
    """The next billing run of a contract as in life, up to the quote."""
    run = BillingRun.objects.create(
        legal_entity=contract.legal_entity, through=today(), invoice_date=today(), started_by=factories.user()
    )
    runs.build(run_id=run.pk)
    made = list(Candidate.objects.filter(run=run, contract=contract).order_by("kind", "pk"))
    for candidate in made:
        if candidate.kind == Candidate.Kind.INVOICE:
            tax(candidate)
            candidate.refresh_from_db()
    return simulation._outlook(contract, made)


def ten_percent(candidate):
    factories.tax(candidate.legal_entity)
    with factories.quoting():
        quotes.quote(candidate_id=candidate.pk)


def test_a_release_brings_what_was_simulated(billed):
    contract, hold = billed
    (found,) = simulation.of_hold(hold)
    assert found.without.documents == ()
    (document,) = found.with_it.documents
    assert (document.net, document.tax, document.tax_is_quoted) == (Decimal("1100.00"), Decimal("110.00"), False)
    holds.release(hold_id=hold.pk, by=factories.user(), seen_version=hold.version, note="")
    drain_once(LOCAL)
    assert plain(real_run(contract, tax=ten_percent)) == plain(found.with_it)


def test_a_simulation_leaves_nothing(billed):
    _, hold = billed
    before, waiting = _stored(), list(connection.run_on_commit)
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM billing_billingrun_id_seq")
        numbers = cursor.fetchone()
    simulation.of_hold(hold)
    assert _stored() == before
    assert connection.run_on_commit == waiting
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value, current_setting('lock_timeout') FROM billing_billingrun_id_seq")
        assert cursor.fetchone() == (*numbers, "0")


def test_the_control_without_the_rollback_leaves_rows(billed, monkeypatch):
    """Negative control: the digest would see them."""
    _, hold = billed
    before = _stored()
    monkeypatch.setattr(simulation, "undone", lambda found: found())
    simulation.of_hold(hold)
    assert _stored() != before


def drafted(contract, rate):
    return Amendment.objects.create(
        contract=contract, number="D1", kind="rate", effective_on=date(2026, 1, 1), signed_on=date(2026, 3, 1),
        changes={"line": None, "role": "", "new_rate": rate, "new_limit": None, "new_end_on": None},
    )  # fmt: skip


def test_an_amendment_brings_its_credit_and_its_charge(billed):
    contract, hold = billed
    holds.release(hold_id=hold.pk, by=factories.user(), seen_version=hold.version, note="")
    drain_once(LOCAL)
    amendment = drafted(contract, "160")
    (found,) = simulation.of_amendment(amendment)
    kinds = {row.kind: row.net for row in found.with_it.documents}
    assert kinds == {"credit_memo": Decimal("-450.00"), "invoice": Decimal("480.00") + Decimal("1173.33")}
    assert [row.kind for row in found.without.documents] == ["invoice"]
    amendments.apply(amendment=amendment, line=None, by=factories.BY)
    for waiting in Hold.objects.filter(status="open"):
        holds.release(hold_id=waiting.pk, by="system:test", seen_version=waiting.version, note="arrived")
    drain_once(LOCAL)
    assert plain(real_run(contract, tax=ten_percent)) == plain(found.with_it)
    amendment.refresh_from_db()
    assert amendment.status == "applied"


def test_an_approval_leads_to_the_document_as_it_stands():
    contract = factories.contract_active(cap="1000", rate="150")
    candidate = factories.candidate_ready(contract, hours="8")
    (found,) = simulation.of_candidate(candidate)
    assert [(row.net, row.tax, row.tax_is_quoted) for row in found.with_it.documents] == [
        (Decimal(1000), Decimal(100), True)
    ]
    assert found.with_it.recognised == {date(2026, 3, 1): Decimal("1000.00")}
    assert (found.without.states["reserved"], found.with_it.states["posted"]) == (Decimal(1000), Decimal(1000))
    candidate.refresh_from_db()
    assert candidate.status == "ready"
    factories.invoice_posted(candidate)
    candidate.refresh_from_db()
    assert simulation._outlook(contract, [candidate]) == found.with_it


def test_a_prepaid_retainer_is_drawn_in_the_simulation():
    given_ = {
        "contracts": [{"id": "K1", "customer": "C1", "currency": "USD", "lines": [{"id": "L1", "method": "tm"}]}],
        "retainers": [{"id": "A", "kind": "prepaid", "contract": "K1", "balance": "300.00"}],
    }
    terms = Words("given", given_)
    world = build(terms, Words("policy", {}))
    agree(world, terms)
    entry = {"id": "T1", "type": "charge", "line": "L1", "date": "2026-01-12", "amount": "200.00"}
    VERBS.get("hold")(world, Words("step", {"id": "H", "scope": "contract", "target": "K1", "code": "PM_HOLD"}))
    VERBS.get("entries")(world, Words("step", {"items": [entry]}))
    decide(world)
    (found,) = simulation.of_hold(Hold.objects.get(target_label="H"))
    (document,) = found.with_it.documents
    assert (document.net, document.drawn, document.due, document.tax) == (
        Decimal(200),
        Decimal(200),
        Decimal(0),
        None,
    )
    assert (list(found.without.retainers.values()), list(found.with_it.retainers.values())) == (
        [Decimal(300)],
        [Decimal(100)],
    )
    assert "Left of" in simulated.panel(lambda: [found])


def test_work_that_somebody_holds_is_not_waited_for(billed, monkeypatch):
    _, hold = billed

    def locked(*_args, **_more):
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(holds, "release", locked)
    with pytest.raises(NotReady, match="worked on now"):
        simulation.of_hold(hold)
    assert "cannot be shown" in simulated.panel(lambda: simulation.of_hold(hold))


def test_too_many_contracts_are_not_tried(billed, monkeypatch):
    contract, _ = billed
    hold = holds.place(scope="customer", target=str(contract.customer_id), code="LEGAL_HOLD", by=factories.BY)
    assert [one.contract for one in simulation.of_hold(hold)] == [contract]
    monkeypatch.setattr(simulation, "MOST", 0)
    with pytest.raises(NotReady, match="too many"):
        simulation.of_hold(hold)


# -- on the screens and for programs -------------------------------------------------------------------------------


def words(url):
    return " ".join(text(signed_in().get(url)).split())


def test_the_confirm_step_of_a_release_shows_it(billed):
    html = words(reverse("billing:hold-release", args=[billed[1].pk]))
    for said in ("1,100.00", "110.00", "estimate", "Invoiced, net", "Used of the limit on 1. Line 1, hard"):
        assert said in html, said
    assert Hold.objects.get(pk=billed[1].pk).status == "open"


def test_the_confirm_step_of_an_approval_shows_it():
    candidate = factories.candidate_ready(factories.contract_active(rate="150"), hours="8")
    html = words(reverse("billing:candidate-approve", args=[candidate.pk]))
    for said in ("once it is posted", "1,200.00", "Recognised for March 2026", "Work: posted"):
        assert said in html, said


def test_a_draft_amendment_has_a_page(billed):
    amendment = drafted(billed[0], "160")
    html = words(reverse("billing:amendment-simulation", args=[amendment.pk]))
    assert "What amendment D1 would bring" in html
    assert reverse("billing:amendment-simulation", args=[amendment.pk]) in text(
        signed_in().get(reverse("contracts:contract-detail", args=[billed[0].pk]))
    )


def test_programs_get_exact_figures(billed, client):
    contract, hold = billed
    person = factories.user(everything=True)
    header = {"HTTP_AUTHORIZATION": f"Bearer {factories.token(person)}"}
    amendment = drafted(contract, "160")
    for path in (f"holds/{hold.pk}", f"amendments/{amendment.pk}"):
        (answer,) = client.get(f"/api/v1/{path}/simulation/", **header).json()
        assert answer["contract"] == contract.number
        assert set(answer["with_it"]) == {
            "documents",
            "deposits",
            "states",
            "caps",
            "retainers",
            "recognised",
            "retention",
        }
    (answer,) = client.get(f"/api/v1/holds/{hold.pk}/simulation/", **header).json()
    (document,) = answer["with_it"]["documents"]
    assert (document["net"], document["tax"], document["tax_is_estimate"]) == ("1100.00", "110.00", True)


# -- on random worlds ----------------------------------------------------------------------------------------------

GIVEN = {
    "contracts": [{"id": "K1", "customer": "C1", "currency": "USD",
                   "lines": [{"id": "L1", "method": "tm"}, {"id": "L2", "method": "tm"}]}],
    "rates": [{"scope": "contract", "ref": "K1", "currency": "USD", "from": "2026-01-01", "rate": "117.35"}],
    "caps": [
        {"id": "ALL", "kind": "hard", "contract": "K1", "limit": "2900"},
        {"id": "MONTH", "kind": "hard", "contract": "K1", "line": "L1", "period": "month", "limit": "700"},
    ],
    "retainers": [{"id": "PREPAID", "kind": "prepaid", "contract": "K1", "balance": "500.00"}],
}  # fmt: skip
ENTRY = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["T1", "T2", "T3", "T4"]),
        "line": st.sampled_from(["L1", "L2"]),
        "date": st.sampled_from(["2026-01-10", "2026-01-20", "2026-02-03", "2026-03-30"]),
        "minutes": st.integers(1, 900).map(str),
    }
)
ENTRIES = st.lists(ENTRY, min_size=1, max_size=3, unique_by=lambda one: one["id"]).map(
    lambda items: {"do": "entries", "items": items}
)
STEPS = st.one_of(ENTRIES, ENTRIES, st.just({"do": "run", "id": "R", "through": "2026-02-28"}))


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, print_blob=True)
@given(
    st.lists(STEPS, min_size=1, max_size=4),
    ENTRIES,
    st.sampled_from([("contract", "K1"), ("line", "L1")]),
    st.integers(60, 200).map(str),
)
def test_simulated_is_done_whatever_the_world(steps, last, target, rate):
    mark = transaction.savepoint()
    try:
        terms = Words("given", GIVEN)
        world = build(terms, Words("policy", {}))
        agree(world, terms)
        scope, name = target
        stop = {"do": "hold", "id": "H", "scope": scope, "target": name, "code": "PM_HOLD"}
        for step in [*steps, stop, last]:
            VERBS.get(step["do"])(world, Words("step", step))
            decide(world)
        contract = world.contracts["K1"]

        def taxed(candidate):
            quotes.keep(candidate, tax_of(world, candidate))

        (release,) = simulation.of_hold(Hold.objects.get(target_label="H"))
        (change,) = simulation.of_amendment(drafted(contract, rate))
        inside = transaction.savepoint()
        VERBS.get("release")(world, Words("step", {"do": "release", "id": "H"}))
        decide(world)
        same(real_run(contract, tax=taxed), release.with_it)
        transaction.savepoint_rollback(inside)
        amendments.apply(amendment=contract.amendments.get(status="draft"), line=None, by=factories.BY)
        for row in Hold.objects.filter(status="open", code="AMENDMENT_PROPAGATING"):
            holds.release(hold_id=row.pk, by="system:test", seen_version=row.version, note="")
        same(real_run(contract, tax=taxed), change.with_it)
    finally:
        transaction.savepoint_rollback(mark)


def same(done, tried):
    """To the cent; the tax of a document is not told where none was ever quoted."""
    documents = tuple(
        replace(real, tax=None) if guess.tax is None else real
        for real, guess in zip(done.documents, tried.documents, strict=True)
    )
    assert plain(replace(done, documents=documents)) == plain(tried)
