"""The player against the real landscape process: what it leaves there is what the world says, and only once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from integration_hub.sandbox import Landscape
from integration_hub.sandbox.world import Hook, LandscapeUrls, Played, World, build, expect, play, player
from integration_hub.sandbox.world.vendors.control import Control
from integration_hub.sandbox.world.vendors.kantata import Kantata
from integration_hub.sandbox.world.vendors.salesforce import Salesforce

from .standin import StandIn

pytestmark = pytest.mark.landscape
SEED = 7


@dataclass
class Scene:
    """A landscape in which one month was played."""

    landscape: Landscape
    urls: LandscapeUrls
    hub: StandIn
    world: World
    played: Played
    heard: list[str]


def _play(scene: Scene, months: int = 1, seed: int = SEED) -> Played:
    return play(
        scene.urls, scene.hub, seed, lambda what, done, total: scene.heard.append(what), scene.hub.settle, months
    )


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with Landscape() as landscape:
        urls, world = LandscapeUrls.of(landscape.urls), build(SEED, 1)
        hub = StandIn(urls, world)
        made = Scene(landscape, urls, hub, world, Played(world, {}, []), [])
        made.played = _play(made)
        yield made
        hub.close()


def test_time_is_there_to_the_minute(scene: Scene) -> None:
    figures = expect(scene.world)
    ledger = scene.landscape.ledger("kantata")
    assert ledger["counts"]["time_entries"] == figures.entries
    assert Decimal(sum(row["minutes"] for row in ledger["time"])) / 60 == figures.hours
    approved = Decimal(sum(row["approved"] for row in ledger["time"])) / 60
    assert approved == sum(entity.hours_approved for entity in figures.entities.values())
    assert 0 < approved < figures.hours


def test_hours_agree_per_contract(scene: Scene) -> None:
    expected = {
        key: hours
        for entity in expect(scene.world).entities.values()
        for key, hours in entity.hours_by_contract.items()
    }
    titles = {contract.name: contract.key for contract in scene.world.contracts}
    kantata = Kantata(scene.urls.kantata)
    workspaces = {row["id"]: titles[row["title"]] for row in kantata.rows("workspaces", order="created_at:asc")}
    kantata.close()
    found = {
        workspaces[row["workspace_id"]]: Decimal(row["minutes"]) / 60
        for row in scene.landscape.ledger("kantata")["time"]
    }
    assert found == expected


def test_expenses_sum_up_by_currency(scene: Scene) -> None:
    kantata = Kantata(scene.urls.kantata)
    rows = kantata.rows("expenses", order="date:asc")
    kantata.close()
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row["currency"]] = found.get(row["currency"], Decimal(0)) + Decimal(row["amount_in_cents"]) / 100
    expected: dict[str, Decimal] = {}
    for entity in expect(scene.world).entities.values():
        for currency, amount in entity.expenses.items():
            expected[currency] = expected.get(currency, Decimal(0)) + amount
    assert found == expected
    assert all(row["receipt_id"] for row in rows)


def test_contracts_are_signed_and_two_of_them_fail_to_activate(scene: Scene) -> None:
    salesforce = Salesforce(scene.urls.salesforce)
    rows = salesforce.query("SELECT Name, Status, CustomerSignedDate, Opportunity__r.IsWon FROM Contract")
    lines = salesforce.query("SELECT Id FROM Contract_Line__c")
    salesforce.close()
    assert len(rows) == sum(entity.contracts_signed for entity in expect(scene.world).entities.values())
    assert len(lines) == sum(len(contract.lines) for contract in scene.world.contracts)
    assert {row["Status"] for row in rows} == {"Activated"}
    assert all(row["Opportunity__r"]["IsWon"] and row["CustomerSignedDate"] for row in rows)
    assert len(scene.hub.refused) == 2
    assert any("CUST-1006" in why for why in scene.hub.refused.values())
    assert any("CHF is not a currency" in why for why in scene.hub.refused.values())


def test_every_line_that_takes_time_has_its_task(scene: Scene) -> None:
    kantata = Kantata(scene.urls.kantata)
    stories = kantata.rows("stories", order="created_at:asc")
    entries = kantata.rows("time_entries", order="created_at:asc")
    kantata.close()
    tasks = {row["id"]: row["title"] for row in stories if row["story_type"] == "task"}
    names = {line.name for contract in scene.world.contracts for line in contract.lines}
    assert set(tasks.values()) <= names
    assert all(row["story_id"] in tasks for row in entries)


def test_a_lost_answer_left_one_invoice(scene: Scene) -> None:
    documents = scene.landscape.ledger("netsuite")["documents"]
    assert scene.hub.lost == ["C-AGH-EHR-202605"]
    assert [doc for doc in documents if "C-AGH-EHR-202605" in doc.values()]
    assert [fault["kind"] for fault in scene.landscape.faults()] == ["status"], "only the refused job stays"


def test_the_last_month_leaves_work_for_a_person(scene: Scene) -> None:
    assert scene.hub.candidates("ready")
    assert scene.hub.candidates("approved")
    assert scene.hub.candidates("posted")
    pending = [s for s in _submissions(scene) if s["status"] == "new"]
    rejected = [s for s in _submissions(scene) if s["status"] == "rejected"]
    assert pending
    assert len(pending) + len(rejected) < 20


def _submissions(scene: Scene) -> list[dict[str, Any]]:
    kantata = Kantata(scene.urls.kantata)
    rows = kantata.rows("timesheet_submissions", order="date:asc")
    kantata.close()
    return rows


def test_progress_ends_at_the_end(scene: Scene) -> None:
    assert scene.heard[-1] == "played"
    assert scene.played.steps > 10
    assert scene.played.notes == []


def test_the_treasury_fixes_rates_every_monday_and_none_of_the_franc(scene: Scene) -> None:
    assert len(scene.hub.rates) == 4 * 3
    assert {rate["day"] for rate in scene.hub.rates} == {f"2026-05-{day:02}" for day in (4, 11, 18, 25)}
    assert "CHF" not in {code for rate in scene.hub.rates for code in (rate["base"], rate["quote"])}
    assert all(Decimal(rate["rate"]) > 0 for rate in scene.hub.rates)


def test_a_second_start_adds_nothing(scene: Scene) -> None:
    before = _books(scene.landscape)
    again = _play(scene)
    assert (again.steps, again.written) == (0, {})
    assert _books(scene.landscape) == before


def test_a_play_killed_after_every_single_act_ends_the_same(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each act is done, then the player dies before it can mark it; the next start does the act again."""
    died: list[str] = []
    mark = player.Marks.add

    def die_first(marks: player.Marks, name: str) -> None:
        if name not in died:
            died.append(name)
            raise KeyboardInterrupt
        mark(marks, name)

    with Landscape() as landscape:
        urls = LandscapeUrls.of(landscape.urls)
        other = Scene(landscape, urls, StandIn(urls, scene.world), scene.world, scene.played, [])
        monkeypatch.setattr(player.Marks, "add", die_first)
        while True:
            try:
                _play(other)
                break
            except KeyboardInterrupt:
                continue
        assert len(died) == scene.played.steps
        assert _figures(landscape) == _figures(scene.landscape)
        other.hub.close()


def _figures(landscape: Landscape) -> dict[str, Any]:
    """What must not depend on interruptions: counts, hours, money; not how many events told of it."""
    kantata, netsuite = landscape.ledger("kantata"), landscape.ledger("netsuite")
    minutes = sorted((row["minutes"], row["approved"], row["entries"]) for row in kantata["time"])
    counts = {name: number for name, number in kantata["counts"].items() if name != "subscribed_events"}
    return {
        "counts": counts,
        "time": minutes,
        "money": netsuite["totals"],
        "crm": {name: book["live"] for name, book in landscape.ledger("salesforce").items() if "live" in book},
    }


def test_four_months_bring_payments_a_credit_closed_months_and_amendments() -> None:
    world = build(SEED, 4)
    with Landscape() as landscape:
        urls = LandscapeUrls.of(landscape.urls)
        hub = StandIn(urls, world)
        played = play(urls, hub, SEED, lambda what, done, total: None, hub.settle, 4)
        books, time = landscape.ledger("netsuite"), landscape.ledger("kantata")["time"]
        control = Control(landscape.control)
        periods = control.periods()
        amendments = hub.salesforce.query("SELECT Status__c, Effective_Date__c FROM Contract_Amendment__c")
        control.close()
        hub.close()
    assert Decimal(sum(row["minutes"] for row in time)) / 60 == expect(world).hours
    payments = [document for document in books["documents"] if document["type"] == "customerPayment"]
    assert played.written["payments"] == len(payments) > 20
    assert [total["credits"] for total in books["totals"]] == [0, 0, 1]
    assert {row["name"] for row in periods if row["closed"]} == {"May 2026", "Jun 2026"}
    assert [why for why in hub.refused.values() if "TRAN_PERIOD_CLOSED" in why]
    found = {(row["Status__c"], row["Effective_Date__c"]) for row in amendments}
    assert found == {("Draft", "2026-07-01"), ("Signed", "2026-08-01")}
    assert played.notes == []


def test_hints_go_where_the_hub_says(scene: Scene) -> None:
    secret = "whsec_" + "c2VjcmV0LW9mLXRoZS1ob29rLWZvci10ZXN0cw=="
    scene.hub.hooks["kantata"] = Hook("http://127.0.0.1:9/hooks/psa/", secret)
    control = Control(scene.urls.control)
    kept = {"seed": SEED, "done": [name for name in scene.heard if name not in {"hints", "played"}]}
    control.remember(kept)
    assert _play(scene).steps == 1
    target = scene.landscape.relay()["kantata"]
    assert (target["url"], target["enabled"], target["secret"]) == ("http://127.0.0.1:9/hooks/psa/", True, "set")
    assert 0 < target["duplicate_probability"] < 1
    control.relay("kantata", enabled=False)
    control.close()


def test_another_seed_is_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="seed 7, not 8"):
        _play(scene, seed=8)


def _books(landscape: Landscape) -> dict[str, Any]:
    return {vendor: landscape.ledger(vendor) for vendor in ("salesforce", "kantata", "netsuite")}
