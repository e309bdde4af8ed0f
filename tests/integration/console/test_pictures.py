"""Timeline, lineage and charts: what they say and where they draw it."""

import re
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from integration_hub.console import charts, lineage, timeline, wording
from integration_hub.console.badges import badge
from integration_hub.console.columns import Column
from integration_hub.kernel.clock import now
from integration_hub.kernel.money import Money
from integration_hub.kernel.registry import Registry
from integration_hub.trail.lineage import Edge, Graph, Node
from tests.integration.console import kitchen_parts

pytestmark = pytest.mark.django_db  # the timeline asks for people's names


@pytest.fixture(autouse=True)
def presenters(monkeypatch):
    """A registry of our own."""
    monkeypatch.setattr(timeline, "PRESENTERS", Registry("event presenter"))
    timeline.tell("billing.hold.released", "lock-open", "released {label} after {days} days for {nobody}", "success")


def happened(**more):
    values = {"recorded_at": now(), "actor": "alice", "actor_kind": "person", "object_label": "H-1"}
    return values | {"action": "billing.hold.released", "reason": "", "data": {"days": 3}, "correlation_id": ""} | more


def test_sentences_are_filled_from_the_event():
    assert timeline.entries([happened()])[0].items[0].sentence == "released H-1 after 3 days for –"


def test_sentence_values_are_no_formats():
    event = happened(object_label="{days.__class__}", data={"days": "{label}"})
    assert timeline.entries([event])[0].items[0].sentence == "released {days.__class__} after {label} days for –"


def test_unknown_actions_are_readable():
    assert timeline.entries([happened(action="billing.hold.looked_at")])[0].items[0].sentence == "hold looked at: H-1"


def test_one_act_is_one_entry():
    events = [happened(correlation_id="a"), happened(correlation_id="a"), happened(correlation_id="b"), happened()]
    assert [len(entry.items) for entry in timeline.entries(events)] == [2, 1, 1]


def test_events_may_be_objects_and_show_their_changes():
    event = SimpleNamespace(**happened(data={"changes": {"bill_to": ["A", None]}}))
    entry = timeline.entries([event])[0]
    assert entry.items[0].changes == [("bill to", "A", None)]
    text = render_to_string("_components/timeline.html", {"entries": [entry]})
    assert "<del>A</del>" in text
    assert "Bill to" in text


def test_lanes_stand_in_the_order_of_the_business():
    picture = lineage.draw(kitchen_parts.graph())
    assert [lane.name for lane in picture.lanes][:3] == ["Agreement", "Contract", "Delivery"]
    assert [lane.x for lane in picture.lanes] == sorted(lane.x for lane in picture.lanes)


def test_boxes_do_not_overlap():
    boxes = lineage.draw(kitchen_parts.graph(), expanded=frozenset({"delivery"})).boxes
    places = [(box.x, box.y) for box in boxes]
    assert len(set(places)) == len(places)
    for x in {x for x, _ in places}:
        heights = sorted(y for other, y in places if other == x)
        assert all(b - a >= lineage.BOX_HEIGHT for a, b in pairwise(heights))


def test_crowds_are_folded_with_their_sum_and_can_be_opened():
    folded = lineage.draw(kitchen_parts.graph())
    group = next(box for box in folded.boxes if box.node.kind == "group")
    assert group.node.label == "24 × time entry"
    assert group.amount == "4,440.00 USD"
    assert group.node.url == "?expand=delivery"
    opened = lineage.draw(kitchen_parts.graph(), expanded=frozenset({"delivery"}))
    assert len(opened.boxes) == len(folded.boxes) + 23


def test_crowds_in_two_currencies_are_not_summed():
    nodes = [
        Node("cost", str(n), "delivery", f"C{n}", amount=Decimal(1), currency="USD" if n % 2 else "EUR")
        for n in range(22)
    ]
    focus = Node("invoice", "1", "invoice", "I")
    edges = [Edge(node.ref, focus.ref) for node in nodes]
    picture = lineage.draw(Graph(focus.ref, {node.ref: node for node in [*nodes, focus]}, edges))
    assert [box.node.detail for box in picture.boxes if box.node.kind == "group"] == ["11.00 EUR + 11.00 USD"]
    assert len(picture.lines) == 1


def test_the_list_says_what_the_picture_shows():
    picture = lineage.draw(kitchen_parts.graph())

    def names(branches):
        return {branch.box.node.ref for branch in branches} | {r for branch in branches for r in names(branch.branches)}

    assert picture.focus is not None
    told = names(picture.upstream) | names(picture.downstream) | {picture.focus.node.ref}
    assert told == {box.node.ref for box in picture.boxes}


def test_lineage_survives_rings_and_strangers():
    a, b = Node("x", "1", "invoice", "A"), Node("x", "2", "elsewhere", "B")
    ring = [Edge(a.ref, b.ref), Edge(b.ref, a.ref), Edge(a.ref, ("x", "9"))]
    picture = lineage.draw(Graph(a.ref, {a.ref: a, b.ref: b}, ring))
    assert len(picture.boxes) == 2
    assert lineage.draw(Graph(a.ref)).boxes == []


@pytest.mark.parametrize(("text", "depth"), [(None, 2), ("", 2), ("x", 2), ("0", 1), ("3", 3), ("99", 5)])
def test_depth(text, depth):
    assert lineage.depth_of(text) == depth


def test_svg_numbers_are_not_grouped():
    text = render_to_string("_components/lineage.html", {"picture": lineage.draw(kitchen_parts.graph())})
    assert not re.search(r'(width|height|x|viewBox)="[^"]*\d,\d', text)


def test_charts_can_be_read_without_being_seen():
    bars = [charts.Bar("0 to 7 days", 3, "3 holds", "success"), charts.Bar("<late>", 1, url="/x/")]
    text = charts.bars(bars, "Holds by age")
    assert 'aria-label="Holds by age"' in text
    assert "3 holds" in text
    assert "&lt;late&gt;" in text
    assert 'width="33.33%"' in text
    assert "lowest 1, highest 9" in charts.sparkline([4, 1, 9], "Entries")
    assert 'x="75.00%" width="25.00%"' in charts.stacked(bars, "All")


def test_charts_without_values_do_not_fall_over():
    assert "no values yet" in charts.sparkline([], "Entries")
    assert charts.bars([charts.Bar("none", 0)], "x")
    assert charts.stacked([charts.Bar("none", 0), charts.Bar("credit", -5)], "x")


def test_money_is_never_guessed():
    assert "–" in wording.money_html(None, "USD")
    assert "0.00" in wording.money_html(0, "USD")
    assert "1,200" in wording.money_html(Decimal(1200), "JPY")
    assert "is-negative" in wording.money_html(Decimal(-1), "USD")
    assert wording.money(Decimal("1.5"), "ZZZ") == "1.5 ZZZ"


def test_columns_escape_and_tell_missing_from_zero():
    row = SimpleNamespace(
        name="<b>", empty=None, zero=0, money=Money(Decimal(5), "EUR"), both={"EUR": Decimal(1), "USD": Decimal(2)}
    )
    assert Column("name", "Name").cell(row) == "&lt;b&gt;"
    assert "missing" in Column("empty", "Empty", kind="number").cell(row)
    assert Column("zero", "Zero", kind="number").cell(row) == "0"
    assert "5.00" in Column("money", "Money", kind="money").cell(row)
    assert Column("both", "Both", kind="money").cell(row).count("amount-line") == 2
    assert Column("both", "Both", kind="money").plain(row) == ["1.00 EUR; 2.00 USD", "EUR; USD"]


def test_badges_of_unknown_words_are_neutral():
    assert badge("some_new_state").label == "Some new state"
    assert badge("some_new_state").tone == "neutral"
