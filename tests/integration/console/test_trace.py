"""The trace and the audit trail: one box, the chain both ways, the record, the events, the seals."""

from dataclasses import replace
from decimal import Decimal

import pytest

from integration_hub.console import links, tracing
from integration_hub.people.models import Role
from integration_hub.trail import record, seal
from integration_hub.trail.lineage import FINDERS, PROVIDERS, Edge, Graph, Hit, Node, Provider
from integration_hub.trail.models import Event, Seal
from tests import screens
from tests.seals import all_older_are_over, tamper

pytestmark = screens.SCREENS

CHAIN = ["source", "work", "bill", "paid"]
LANES = {"source": "agreement", "work": "delivery", "bill": "invoice", "paid": "cash"}
ENTITY = {"source": "", "work": "US01", "bill": "US01", "paid": "DE01"}


def node(kind, key):
    return Node(kind, key, LANES[kind], f"{kind} {key}", "8 h", Decimal(100), "USD", f"/there/{kind}/", "Posted",
                "psa", ENTITY[kind], {"Rate row": "17"})  # fmt: skip


def neighbour(kind, step):
    place = CHAIN.index(kind) + step
    return lambda key, limit: [(CHAIN[place], key)] if 0 <= place < len(CHAIN) else []


@pytest.fixture
def chain(monkeypatch):
    """source → work → bill → paid; the payment belongs to another legal entity, the source to none."""

    def load(kind):
        return lambda keys: [node(kind, key) for key in keys if key != "gone"]

    kinds = {kind: Provider(load(kind), neighbour(kind, -1), neighbour(kind, 1)) for kind in CHAIN}
    monkeypatch.setattr(PROVIDERS, "_entries", kinds)

    def find(text):
        return [Hit(kind, text, f"{kind} {text}", legal_entity=ENTITY[kind]) for kind in CHAIN if text == "B-7"]

    def find_one(text):
        return [Hit("bill", text, text, legal_entity="US01")] if text == "B-8" else []

    monkeypatch.setattr(FINDERS, "_entries", {"test": find, "one": find_one})


@pytest.fixture
def aude(db):
    return screens.user(Role.AUDITOR, "aude")


@pytest.fixture
def uma(db):
    return screens.user(Role.FINANCE, "uma", entities=("US01",))


def test_the_box_lists_what_carries_the_number(chain, aude):
    body = screens.page(screens.browser(aude), "/trace/?q=B-7")
    for kind in CHAIN:
        assert f'href="/trace/{kind}/B-7/"' in body


def test_a_single_hit_opens_at_once(chain, aude):
    assert screens.browser(aude).get("/trace/?q= B-8 ")["Location"] == "/trace/bill/B-8/"


def test_nothing_found_says_what_to_check(chain, aude):
    client = screens.browser(aude)
    assert "Nothing carries this id" in screens.page(client, "/trace/?q=nope")
    assert "Nothing carries this id" not in screens.page(client, "/trace/")


def test_the_chain_is_shown_both_ways_and_as_a_list(chain, aude):
    body = screens.page(screens.browser(aude), "/trace/work/1/?depth=3")
    for kind in ("source", "bill", "paid"):
        assert f'href="/trace/{kind}/1/"' in body
    assert "Came from" in body
    assert "Became" in body
    assert "Rate row" in body
    assert 'href="/there/work/"' in body
    assert "/api/v1/trace/?kind=work&amp;key=1&amp;depth=3" in body


def test_depth_limits_the_picture(chain, aude):
    body = screens.page(screens.browser(aude), "/trace/work/1/?depth=1")
    assert "/trace/bill/1/" in body
    assert "/trace/paid/1/" not in body


def test_scope_cuts_the_chain_where_it_leaves_it(chain, uma):
    client = screens.browser(uma)
    body = screens.page(client, "/trace/work/1/?depth=5")
    assert "/trace/source/1/" in body
    assert "/trace/bill/1/" in body
    assert "/trace/paid/1/" not in body
    screens.page(client, "/trace/paid/1/", status=404)
    screens.page(client, "/trace/source/1/", status=404)
    hits = screens.page(client, "/trace/?q=B-7")
    assert "/trace/bill/B-7/" in hits
    assert "/trace/paid/B-7/" not in hits


def test_what_does_not_exist_is_not_found(chain, aude):
    client = screens.browser(aude)
    screens.page(client, "/trace/work/gone/", status=404)
    screens.page(client, "/trace/unknown/1/", status=404)


def test_where_it_went_follows_every_way_down():
    focus = ("event", "1")
    nodes = {
        ref: Node(ref[0], ref[1], "delivery", f"{ref[0]} {ref[1]}")
        for ref in (focus, ("piece", "1"), ("piece", "2"), ("bill", "1"))
    }
    edges = [Edge(focus, ("piece", "1")), Edge(focus, ("piece", "2")), Edge(("piece", "1"), ("bill", "1"))]
    ways = list(tracing.paths(Graph(focus, nodes, edges)))
    assert [[step.label for step in way.nodes] for way in ways] == [["piece 1", "bill 1"], ["piece 2"]]
    assert ways[0].end.label == "bill 1"


def test_a_circle_ends_and_the_number_of_ways_is_limited():
    focus = ("event", "1")
    refs = [focus, *(("piece", str(n)) for n in range(100))]
    nodes = {ref: Node(ref[0], ref[1], "delivery", ref[1]) for ref in refs}
    edges = [Edge(focus, ref) for ref in refs[1:]] + [Edge(refs[1], focus)]
    assert len(list(tracing.paths(Graph(focus, nodes, edges)))) == tracing.PATHS


def test_links_know_types_names_and_lineages(chain, monkeypatch):
    monkeypatch.setitem(PROVIDERS._entries, "work", replace(PROVIDERS.get("work"), recorded_as="app.thing"))
    assert links.address("case", 7) == "/exceptions/7/"
    assert links.address("billing.candidate", 7) == "/billing/candidates/7/"
    assert links.address("app.thing", 7) == "/trace/work/7/"
    assert links.address("paid", "7") == "/trace/paid/7/"
    assert links.address("nothing.known", 7) == ""
    assert links.address("", 7) == ""
    assert (links.names_of("work"), links.names_of("bill")) == (["work", "app.thing"], ["bill"])


def test_trace_and_audit_need_their_right(chain):
    for url in ("/trace/", "/trace/work/1/", "/audit/", "/audit/seals/"):
        screens.assert_needs_right(url)


# Audit --------------------------------------------------------------------------------------------------------------


def told(label, entity="US01", **more):
    values = {"by": "system:test", "object_type": "thing", "object_id": 1, "label": label, "legal_entity": entity}
    record.event("test.thing.moved", **{**values, **more})
    return Event.objects.first()


def test_the_trail_is_listed_newest_first_and_filtered(aude):
    told("first")
    told("second", by=aude, reason="Because.")
    client = screens.browser(aude)
    body = screens.assert_list(client, "/audit/")
    assert body.index("second") < body.index("first")
    assert "Because." in body
    assert "first" not in screens.page(client, "/audit/?actor=aude")
    assert "second" not in screens.page(client, "/audit/?actor_kind=system")
    assert "first" in screens.page(client, "/audit/?action=thing.moved&object_id=1")
    assert "Nothing matches" in screens.page(client, "/audit/?recorded_at_before=2001-01-01")


def test_events_of_other_legal_entities_do_not_exist(uma):
    mine, none, other = told("mine"), told("a customer", entity=""), told("foreign", entity="DE01")
    own = told("an export", entity="", by=uma)
    client = screens.browser(uma)
    body = screens.page(client, "/audit/")
    assert "mine" in body
    assert "an export" in body
    assert "a customer" not in body
    assert "foreign" not in body
    screens.page(client, f"/audit/{own.pk}/")
    screens.page(client, f"/audit/{mine.pk}/")
    screens.page(client, f"/audit/{none.pk}/", status=404)
    screens.page(client, f"/audit/{other.pk}/", status=404)


def test_an_event_shows_the_whole_act_and_its_seal(aude):
    with record.correlated("act-9"):
        event = told("asked", changes={"status": ["open", "done"]})
        told("answered")
    client = screens.browser(aude)
    body = screens.page(client, f"/audit/{event.pk}/")
    assert "answered" in body
    assert "Not sealed yet" in body
    Seal.objects.create(first_event=event.pk, last_event=event.pk + 1, count=2, hash="h")
    assert "by seal" in screens.page(client, f"/audit/{event.pk}/")


@pytest.mark.django_db(transaction=True)
def test_verifying_the_seals_is_kept_in_the_trail():
    aude = screens.user(Role.AUDITOR, "aude")
    told("one")
    all_older_are_over()
    assert seal.seal() > 0
    client = screens.browser(aude)
    assert "Verify the whole chain now" in screens.page(client, "/audit/seals/")
    answer = client.post("/audit/seals/", follow=True)
    assert "The chain is intact" in screens.text(answer)
    assert Event.objects.filter(action="trail.seals.verified", actor="aude").count() == 1
    tamper("UPDATE hub_trail_seal SET hash = %s", "0" * 64)
    broken = screens.text(client.post("/audit/seals/", follow=True))
    assert "The chain is broken." in broken
    assert "Verified: the chain is broken" in screens.page(client, "/")
