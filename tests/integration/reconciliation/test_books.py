"""The pairs of the product: each reads both of its sides, and invoices are compared with what the ERP really sent."""

from datetime import timedelta
from typing import Any

import pytest

from billing.models import Payment
from integration_hub.intake.models import Feed, FeedDay, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.mapping.actions import mappings
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import pair_runs
from reconciliation.matching.pairs import ordered
from reconciliation.models import PairBreak
from tests import factories
from tests.worlds import shared

pytestmark = pytest.mark.django_db
FIELDS = ("number", "external_ref", "legal_entity_id", "customer_id", "currency", "status")


@shared
def invoice():
    """A posted invoice."""
    return invoice_posted()


def invoice_posted():
    return factories.invoice_posted(number="INV-1")


@pytest.fixture
def feed(invoice) -> Feed:
    return feed_of(invoice)


def feed_of(invoice) -> Feed:
    """The feed of invoices, read just now and proved whole yesterday."""
    erp = invoice.effect.connection
    rules: list[dict[str, Any]] = [{"target": name, "source": name} for name in FIELDS]
    rules += [{"target": name, "source": name, "kind": "decimal"} for name in ("net", "tax", "gross", "paid")]
    rules += [{"target": "issued_on", "source": "issued_on", "kind": "date"}]
    mappings.install_default(connection=erp.code, default={"entities": {"invoice": {"rules": rules}}}, by="system:test")
    made = Feed.objects.create(connection=erp, entity="invoice", last_ok_at=now())
    yesterday = now().date() - timedelta(days=1)
    FeedDay.objects.create(feed=made, day=yesterday, verdict="complete", basis="ids", expected=1, seen=1)
    return made


def sent(invoice, version="1", **changes):
    """The ERP's own record of an invoice comes in."""
    body = {
        "number": invoice.number, "external_ref": invoice.candidate.number, "legal_entity_id": "US01",
        "customer_id": "?", "currency": invoice.currency, "status": "open", "net": str(invoice.net),
        "tax": str(invoice.tax), "gross": str(invoice.gross), "paid": "0",
        "issued_on": invoice.invoice_date.isoformat(),
    } | changes  # fmt: skip
    return SourceVersion.objects.create(
        connection=invoice.effect.connection, entity="invoice", source_id="R-1", version=version, hash=version,
        payload=body, status="applied",
    )  # fmt: skip


def reconcile(pair):
    run = pair_runs.request(pair=pair, by="system:test")
    drain_once(["bulk"])
    run.refresh_from_db()
    return run


def standing():
    return dict(PairBreak.objects.exclude(state="closed").values_list("pair", "kind"))


def test_an_invoice_agrees_with_the_erp_and_the_run_certifies_it(invoice, feed):
    sent(invoice)
    run = reconcile("invoices")
    assert (run.refusals, run.verdict) == ([], "agrees")
    assert run.counts["agreed"]["key"]["references"] == "1"
    assert pair_runs.again(run) == run.result_digest


def test_an_invoice_changed_by_hand_in_the_erp_is_told_and_closes_when_it_is_mended(invoice, feed):
    sent(invoice)
    sent(invoice, "2", net="1", gross=str(invoice.tax + 1))
    assert reconcile("invoices").verdict == "breaks"
    assert standing() == {"invoices": "manual_change"}
    sent(invoice, "3")
    assert reconcile("invoices").verdict == "agrees"
    assert standing() == {}


def test_an_invoice_that_the_erp_does_not_have_is_missing_when_it_is_late(invoice, feed, monkeypatch):
    assert reconcile("invoices").verdict == "agrees"
    assert standing() == {"invoices": "timing"}
    later = now() + timedelta(days=3)
    monkeypatch.setattr(pair_runs, "now", lambda: later)
    Feed.objects.update(last_ok_at=later)
    assert reconcile("invoices").verdict == "breaks"
    assert standing() == {"invoices": "missing_in_b"}


def test_an_invoice_without_our_reference_is_an_orphan(invoice, feed):
    sent(invoice)
    SourceVersion.objects.create(
        connection=feed.connection, entity="invoice", source_id="R-2", version="1", hash="1", status="applied",
        payload=SourceVersion.objects.get(source_id="R-1").payload
        | {"external_ref": "", "gross": "7", "net": "7", "tax": "0"},
    )  # fmt: skip
    reconcile("invoices")
    assert standing() == {"invoices": "orphan"}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda feed: Feed.objects.update(last_ok_at=now() - timedelta(days=2)), "was not read to its end since"),
        (lambda feed: Feed.objects.update(is_active=False), "is paused"),
        (lambda feed: FeedDay.objects.all().delete(), "has no certificate"),
        (lambda feed: FeedDay.objects.update(verdict="short", reason="1 of 2 is not here."), "is not whole"),
        (lambda feed: FeedDay.objects.update(verdict="unprovable", expected=None), "is not proved whole"),
        (lambda feed: feed.days.all().delete() and feed.delete(), "no feed brings them here"),
    ],
)
def test_a_feed_that_is_late_or_not_whole_certifies_nothing(invoice, feed, spoil, said):
    sent(invoice)
    spoil(feed)
    run = reconcile("invoices")
    assert run.verdict == "uncertified"
    assert any(said in refusal for refusal in run.refusals), run.refusals


def test_a_record_that_cannot_be_understood_certifies_nothing(invoice, feed):
    sent(invoice, gross="a lot")
    run = reconcile("invoices")
    assert run.verdict == "uncertified"
    assert "1 records could not be understood" in run.refusals[0]


def test_every_pair_of_the_product_can_be_reconciled(invoice):
    factories.payment(invoice, amount="10")
    assert Payment.objects.count() == 1
    runs = {pair.name: reconcile(pair.name) for pair in ordered()}
    assert {name: run.error for name, run in runs.items() if run.state != "done"} == {}
    assert runs["payments"].counts["rows"] == {"a": 1, "b": 0}


def test_all_pairs_are_reconciled_once_a_day():
    assert pair_runs.daily() == len(ordered())
    assert pair_runs.daily() == 0
    drain_once(["bulk"])
    assert pair_runs.daily() == 0
