"""The firewall at the door: touched keys are kept back with what changed, all others flow, and a person settles it."""

from decimal import Decimal
from typing import Any

import pytest

from integration_hub.cases.models import Case
from integration_hub.connectors.models import Connection
from integration_hub.connectors.registry import RawRecord
from integration_hub.intake import pipeline
from integration_hub.intake.actions import shapes
from integration_hub.intake.models import Feed, FeedShape, Run, SourceVersion
from integration_hub.intake.registry import RECEIVERS, Receipt
from integration_hub.kernel.errors import Denied
from integration_hub.mapping import queries
from integration_hub.mapping.actions import mappings
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import screens

pytestmark = screens.SCREENS

RULES: list[dict[str, Any]] = [
    {"target": "project_id", "source": "project", "required": True},
    {"target": "spent_on", "source": "day", "kind": "date", "required": True},
    {"target": "amount", "source": "amount", "kind": "decimal", "required": True},
    {"target": "currency", "source": "currency", "required": True},
    {"target": "approval", "source": "state", "required": True},
]


class Costs:
    """Expenses from a source that changes its mind."""

    def __init__(self) -> None:
        self.connection = Connection.objects.create(code="psa", vendor="fake", name="PSA")
        self.feed = Feed.objects.create(connection=self.connection, entity="expense")
        mappings.install_default(
            connection="psa", default={"values": {}, "entities": {"expense": {"rules": RULES}}}, by="system:test"
        )
        self.taken: dict[str, Any] = {}

    def receive(self, arrivals: Any) -> list[Receipt]:
        self.taken |= {arrival.record.source_id: arrival.record for arrival in arrivals}
        return [Receipt.applied() for _ in arrivals]

    def come(self, *records: RawRecord) -> Any:
        run = Run.objects.create(feed=self.feed, trigger="test")
        mapping = queries.published("psa", "expense")
        return pipeline.ingest(self.connection, "expense", records, run, mapping)


def cost(source_id: Any, version: str = "1", **change: Any) -> RawRecord:
    row = {"project": "P1", "day": "2026-03-02", "amount": 40 + int(source_id) % 60, "currency": "EUR"}
    return RawRecord(str(source_id), version, {**row, "state": "approved", **change})


@pytest.fixture
def costs(db: None, monkeypatch: pytest.MonkeyPatch) -> Costs:
    made = Costs()
    monkeypatch.setitem(RECEIVERS._entries, "expense", made.receive)
    for page in range(3):
        assert made.come(*(cost(1000 + 100 * page + number) for number in range(100))).applied == 100
    return made


def the_case() -> Case:
    return Case.objects.exclude(status="resolved").get(code="DRIFT")


def test_touched_keys_are_kept_back_and_all_others_flow(costs: Costs) -> None:
    counts = costs.come(cost(1), cost(2, currency="USD", amount=60), cost(3), cost(4, currency="USD", amount=70))

    assert (counts.applied, counts.refused) == (2, 2)
    assert {"1", "3"} <= costs.taken.keys()
    case = the_case()
    assert case.root_cause == "psa:expense:currency:value"
    assert case.title == "PSA: currency of expense was EUR until now, and is USD (301 records before)."
    members = case.members.filter(is_open=True)
    assert [(member.amount, member.currency) for member in members] == [(Decimal(60), "USD"), (Decimal(70), "USD")]


def test_a_later_version_as_it_always_was_heals_it(costs: Costs) -> None:
    costs.come(cost(2, currency="USD"))
    costs.come(cost(2, "2"))

    assert Case.objects.get(code="DRIFT").status == "resolved"
    assert costs.taken["2"].currency == "EUR"


def test_it_is_right_as_it_is(costs: Costs) -> None:
    costs.come(cost(2, currency="USD"))
    case = the_case()
    client = screens.browser(screens.user(Role.INTEGRATION_ADMIN, "ines"))
    shown = screens.page(client, f"/exceptions/{case.pk}/")
    for said in ("What changed", "was EUR until now, and is USD", "1 record is kept back", "/admin/hub_mapping/"):
        assert said in shown, said
    url = f"/exceptions/{case.pk}/accept-change/"
    screens.assert_needs_right(url)
    assert screens.browser(screens.user(Role.AUDITOR, "aude")).post(url, {}).status_code in (403, 422)
    assert client.post(url, {"version": case.version, "reason": ""}).status_code == 422
    assert client.post(url, {"version": case.version + 5, "reason": "x"}).status_code == 409

    assert client.post(url, {"version": case.version, "reason": "We bill in dollars now."}).status_code == 302
    drain_once()

    assert costs.taken["2"].currency == "USD"
    assert Case.objects.get(code="DRIFT").status == "resolved"
    assert costs.come(cost(5, currency="USD")).applied == 1
    event = Event.objects.get(action="intake.drift.accepted")
    assert (event.reason, event.data["records"]) == ("We bill in dollars now.", 1)
    assert client.post(url, {"version": case.version, "reason": "again"}).status_code == 409


def test_another_mapping_settles_another_unit(costs: Costs) -> None:
    cents = [cost(number, amount=(40 + number) * 100) for number in range(1, 31)]
    counts = costs.come(*cents)
    assert (counts.applied, counts.refused) == (0, 30)
    assert the_case().root_cause == "psa:expense:amount:unit"
    assert costs.come(cost(90)).applied == 1, "what is as always goes on"

    rules = [{**rule, "scale": "0.01"} if rule["target"] == "amount" else rule for rule in RULES]
    draft = mappings.create_draft(connection="psa", entity="expense", rules=rules, by="system:a")
    mappings.publish(mapping_id=draft.pk, by="system:b")
    pipeline.reapply(list(SourceVersion.objects.filter(status="refused").values_list("pk", flat=True)))

    assert costs.taken["30"].amount == Decimal("70.00")
    assert Case.objects.get(code="DRIFT").status == "resolved"


def test_only_who_edits_mappings_may_say_so(costs: Costs) -> None:
    costs.come(cost(2, currency="USD"))
    with pytest.raises(Denied):
        shapes.accept(root_cause=the_case().root_cause, reason="x", by=screens.user(Role.AUDITOR, "aude"))


def test_another_code_has_no_such_page(costs: Costs) -> None:
    costs.come(cost(2, state="maybe"))
    other = Case.objects.get(code="RECORD_REFUSED")
    client = screens.browser(screens.user(Role.INTEGRATION_ADMIN, "ines"))
    screens.page(client, f"/exceptions/{other.pk}/accept-change/", 404)


def test_what_was_learnt_is_one_row_a_feed(costs: Costs) -> None:
    row = FeedShape.objects.get()
    assert row.shape["fields"]["amount"]["n"] == 300
    assert row.shape["targets"]["currency"]["values"] == {"EUR": 300}
