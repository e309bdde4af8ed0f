"""Every class of break, seeded between our invoices and the ERP's own records: found, classed, mended, agreed again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import Candidate
from integration_hub.intake.models import Feed, FeedDay, SourceVersion
from integration_hub.kernel.clock import now
from integration_hub.mapping.actions import mappings
from integration_hub.people.models import Role
from integration_hub.work.inprocess import drain_once
from reconciliation.actions import pair_runs
from reconciliation.models import PairBreak
from tests import factories, screens
from tests.integration.reconciliation import test_books as books
from tests.integration.reconciliation.seeds import SEEDS
from tests.integration.reconciliation.test_books import reconcile
from tests.vendors import landscape
from tests.worlds import shared

__all__ = ["landscape"]
pytestmark = screens.SCREENS

CLASSES = (
    *("amount", "tax", "rounding", "fx", "duplicate", "wrong_period", "manual_change", "details", "missing_in_b"),
    *("orphan", "timing", "healthy"),
)
"""One of our invoices for each; `missing_in_a` has none of ours."""


@shared
def invoices():
    """A posted invoice, with the feed of the ERP's, and as many like it as there are classes."""
    invoice = books.invoice_posted()
    books.feed_of(invoice)
    for place, kind in enumerate(CLASSES):
        candidate = Candidate.objects.get(pk=invoice.candidate_id)
        candidate.pk, candidate.number = None, f"TL-{kind}"
        candidate.net += 137 * place
        candidate.gross = candidate.net + candidate.tax
        candidate.save(force_insert=True)
    return invoice


@pytest.fixture
def erp(invoices):
    """The ERP's records: `erp("amount", gross=…)` brings the next version of the record of a class."""
    there = Ledger(invoices)
    there(invoices.candidate.number)
    return there


class Ledger:
    """The ERP as its feed tells of it."""

    def __init__(self, invoice):
        self.connection = invoice.effect.connection
        self.versions = 0

    def __call__(self, name, source_id="", *, deleted=False, **changes):
        ours = Candidate.objects.filter(number__in=[name, f"TL-{name}"]).first()
        body = {
            "number": name, "external_ref": ours.number if ours else f"TL-{name}", "legal_entity_id": "US01",
            "customer_id": "?", "currency": "USD", "status": "open", "net": "700", "tax": "0", "gross": "700",
            "paid": "0", "issued_on": "2026-03-31",
        }  # fmt: skip
        if ours:
            body |= {"net": str(ours.net), "tax": str(ours.tax), "gross": str(ours.gross)}
            body |= {"issued_on": ours.invoice_date.isoformat()}
        body |= {field: str(value) for field, value in changes.items()}
        self.versions += 1
        return SourceVersion.objects.create(
            connection=self.connection, entity="invoice", source_id=source_id or f"R-{name}",
            version=str(self.versions), hash=str(self.versions), payload=body, status="applied", deleted=deleted,
        )  # fmt: skip


def figures(name):
    row = Candidate.objects.get(number=f"TL-{name}")
    return row.net, row.tax, row.gross


def seed(erp):
    net, tax, gross = figures("amount")
    erp("amount", net=net + 100, gross=gross + 100)
    net, tax, gross = figures("tax")
    erp("tax", tax=tax + 5, gross=gross + 5)
    net, tax, gross = figures("rounding")
    erp("rounding", net=net + Decimal("0.03"), gross=gross + Decimal("0.03"))
    erp("fx", currency="EUR")
    erp("duplicate")
    erp("duplicate", "R-twice")
    erp("wrong_period", issued_on="2026-05-02")
    erp("manual_change")
    net, tax, gross = figures("manual_change")
    erp("manual_change", net=net - 50, gross=gross - 50)
    erp("details", legal_entity_id="GB01")
    erp("orphan", external_ref="", net="9.99", gross="9.99", tax="0")
    erp("healthy")
    erp("missing_in_a")


def standing():
    """{reference or key: kind} of what is open."""
    rows = PairBreak.objects.filter(pair="invoices").exclude(state__in=["closed", "explained"])
    return {row.identity.removeprefix("TL-"): row.kind for row in rows}


def later(monkeypatch, days):
    moment = now() + timedelta(days=days)
    monkeypatch.setattr(pair_runs, "now", lambda: moment)
    Feed.objects.update(last_ok_at=moment)
    FeedDay.objects.update(day=moment.date() - timedelta(days=1))


SEEDED = {
    **{name: name for name in ("amount", "tax", "rounding", "fx", "duplicate", "wrong_period")},
    **{name: name for name in ("manual_change", "details", "missing_in_a", "missing_in_b")},
}
LONE = "b:netsuite:R-orphan"
"""A document of the ERP without a reference of ours."""


def test_every_class_is_found_and_mended_until_nothing_is_left(invoices, erp, monkeypatch):
    seed(erp)
    reconcile("invoices")
    young = dict.fromkeys(("missing_in_a", "missing_in_b", "timing", "orphan"), "timing")
    assert standing() == {**SEEDED, **young, LONE: "orphan"}

    erp("timing")
    later(monkeypatch, 5)
    run = reconcile("invoices")
    assert run.verdict == "breaks"
    assert standing() == {**SEEDED, "orphan": "missing_in_b", LONE: "orphan"}, "what was young has its class"

    for name in ("amount", "tax", "fx", "wrong_period", "manual_change", "details", "missing_in_b", "orphan"):
        erp(name)
    erp("duplicate", "R-twice", status="voided")
    erp("missing_in_a", deleted=True)
    reconcile("invoices")
    assert standing() == {"rounding": "rounding"}

    explained(PairBreak.objects.get(identity="TL-rounding"))
    run = reconcile("invoices")
    assert (run.verdict, standing()) == ("agrees", {})
    assert pair_runs.again(run) == run.result_digest


def explained(broken):
    """A person says on the screen why three cents may stand."""
    finance = screens.browser(screens.user(Role.FINANCE, "fiona", entities=("US01",)))
    url = f"/pairs/breaks/{broken.pk}/"
    assert "Rounding" in screens.page(finance, url)
    asked = {"version": broken.version, "reason": "The ERP rounds each line"}
    assert finance.post(f"{url}explain/", asked).status_code == 302


# -- cash --------------------------------------------------------------------------------------------------------------

CASH = {
    "payment": ("payments", {"amount": "200"}, ("number", "legal_entity_id", "currency"), ("amount",), "received_on"),
    "credit_memo": (
        *("credits", {"net": "200", "tax": "0"}),
        *(("number", "legal_entity_id", "customer_id", "currency"), ("net", "tax", "gross"), "issued_on"),
    ),
}
"""By entity: its pair, what each of ours is made with, and the fields of a record: words, amounts, its day."""


@pytest.mark.parametrize("entity", CASH)
def test_cash_and_credits_are_found_and_mended_until_nothing_is_left(invoices, entity):
    pair, figures, words, amounts, day = CASH[entity]
    connection = invoices.effect.connection
    rules = [{"target": name, "source": name} for name in words]
    rules += [{"target": name, "source": name, "kind": "decimal"} for name in amounts]
    rules += [{"target": day, "source": day, "kind": "date"}]
    default = {"entities": {entity: {"rules": rules}}}
    mappings.install_default(connection=connection.code, default=default, by="system:test")
    healthy = {name: figures.get(name, "200") for name in amounts} | {
        "legal_entity_id": "US01", "customer_id": "?", "currency": "USD", day: "2026-04-20",
    }  # fmt: skip
    months = {"wrong_period": {day: "2026-07-01"}, "fx": {"currency": "EUR"}}
    wrong = {"manual_change": dict.fromkeys(amounts, "150"), **months, "missing_in_b": {}, "healthy": {}}
    made = getattr(factories, entity)
    for name in wrong:
        made(invoices, number=f"{entity}-{name}", on=date(2026, 4, 20), **figures)
        said(entity, connection, name, 1, healthy)
    for name in ("manual_change", "fx", "wrong_period"):
        said(entity, connection, name, 2, healthy | wrong[name])
    said(entity, connection, "missing_in_b", 2, healthy, deleted=True)
    said(entity, connection, "unknown", 2, healthy)
    SourceVersion.objects.filter(entity=entity).update(received_at=now() - timedelta(days=9))

    reconcile(pair)
    assert breaks_of(pair) == {
        **{name: name for name in ("manual_change", "fx", "wrong_period")}, "unknown": "missing_in_a",
        "missing_in_b": "timing",
    }  # fmt: skip
    for name in ("manual_change", "fx", "wrong_period", "missing_in_b"):
        said(entity, connection, name, 3, healthy)
    said(entity, connection, "unknown", 3, healthy, deleted=True)
    reconcile(pair)
    assert breaks_of(pair) == {}


def said(entity, connection, name, version, body, *, deleted=False):
    """The ERP tells of a record; the first version is there already where it was taken in here."""
    known = {"connection": connection, "entity": entity, "source_id": f"{entity}-{name}", "version": str(version)}
    body = body | {"number": f"{entity}-{name}"}
    fields = {"payload": body, "deleted": deleted, "status": "applied", "hash": f"{name}{version}"}
    SourceVersion.objects.update_or_create(**known, defaults=fields)


def breaks_of(pair):
    rows = PairBreak.objects.filter(pair=pair).exclude(state="closed")
    return {row.identity.rpartition("-")[2]: row.kind for row in rows}


# -- all other pairs ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", SEEDS)
def test_breaks_of_every_pair_are_mended_in_one_act_each_until_it_certifies(landscape, pair, monkeypatch):
    seeds = SEEDS[pair](landscape)
    seeds.seed()
    young = {name: "timing" for name, kind in seeds.found.items() if kind.startswith("missing")}
    reconcile(pair)
    assert named(seeds) == {**seeds.found, **young}
    later(monkeypatch, 5)
    assert reconcile(pair).verdict == "breaks"
    assert named(seeds) == seeds.found

    seeds.correct()
    finance = screens.browser(factories.user(Role.FINANCE, everything=True))
    for pk in PairBreak.objects.filter(pair=pair, state="open").order_by("pk").values_list("pk", flat=True):
        mended(finance, pk, explains=seeds.name_of(PairBreak.objects.get(pk=pk).identity) in seeds.stands)
        drain_once(["ingest", "post"])
        later(monkeypatch, 5)  # also of the feeds that were read now
        drain_once(["bulk"])
    run = reconcile(pair)
    assert (run.refusals, run.verdict, named(seeds)) == ([], "agrees", {})


def mended(finance, pk, *, explains):
    """A person does what the page of a break offers, unless another act has mended it meanwhile."""
    broken = PairBreak.objects.get(pk=pk)
    if broken.state == "closed":
        return
    url = f"/pairs/breaks/{pk}/"
    assert "Mend it" in screens.page(finance, url)
    act, asked = ("explain", {"reason": "Signed on paper"}) if explains else ("mend", {})
    screens.page(finance, f"{url}{act}/")
    assert finance.post(f"{url}{act}/", {"version": broken.version, **asked}).status_code == 302


def named(seeds):
    """{name it was seeded by: kind} of what stands."""
    rows = PairBreak.objects.filter(pair=seeds.pair, state__in=PairBreak.STANDING)
    return {seeds.name_of(row.identity): row.kind for row in rows}
