"""Rules of chargeability from their publication to decisions and invoices."""

import pytest

from billing.engine import charging
from billing.models import Decision, Piece
from contracts.models import LegalEntity
from integration_hub.people.models import Role
from integration_hub.rules.actions import tables
from integration_hub.rules.tables import RuleSpec
from integration_hub.work.inprocess import drain_once
from tests import factories, money

pytestmark = pytest.mark.django_db


def publish(*rules, legal_entity=""):
    """These rules, before those delivered, in force."""
    own = [RuleSpec(condition, {"answer": answer}, "Own") for condition, answer in rules]
    writer, publisher = (factories.user(Role.INTEGRATION_ADMIN, everything=True) for _ in range(2))
    made = tables.draft(kind=charging.KIND.name, legal_entity=legal_entity, by=writer,
                        rules=[*own, *charging.KIND.delivered])  # fmt: skip
    assert not tables.check(table_id=made.pk, by=writer, seen_version=made.version).problems
    made.refresh_from_db()
    tables.publish(table_id=made.pk, by=publisher, seen_version=made.version)
    drain_once()
    return made


def states(contract):
    rows = Piece.objects.filter(contract=contract, is_current=True).order_by("event__service_date", "pk")
    return list(rows.values_list("state", "amount"))


def test_publishing_decides_unbilled_work_anew_and_says_by_which_rule(landscape):
    contract = money.contract_in(landscape, "C-1")
    factories.time_entry(contract, hours="8")
    assert states(contract) == [("billable", 1200)]
    publish(("kind == 'time' && category == ''", "non_chargeable"))
    assert states(contract) == [("non_billable", 0)]
    said = Decision.objects.get(event__contract=contract, is_current=True).trace["charge"]
    assert (said["table"], said["version"], said["rule"], said["note"]) == ("billing.chargeability", 1, 1, "Own")


def test_rules_of_another_legal_entity_change_nothing(landscape):
    factories.legal_entity("GB01", currency="GBP", country="GB")
    assert LegalEntity.objects.filter(code="GB01").exists()
    contract = money.contract_in(landscape, "C-1")
    factories.time_entry(contract, hours="8")
    publish(("kind == 'time' && category == ''", "non_chargeable"), legal_entity="GB01")
    assert states(contract) == [("billable", 1200)]
    publish(("kind == 'time' && category == ''", "included"), legal_entity="US01")
    assert states(contract) == [("included", 0)]


def test_complimentary_time_is_a_line_at_nothing_and_stays_so_when_posted(landscape):
    contract = money.contract_in(landscape, "C-1")
    publish(("task == 'GIFT'", "complimentary"))
    factories.time_entry(contract, hours="8")
    factories.time_entry(contract, hours="2", task_code="GIFT")
    candidate = money.ready_in(landscape, contract, hours="")
    lines = candidate.lines.order_by("net").values_list("hours", "rate", "net")
    assert [(int(hours), int(rate), int(net)) for hours, rate, net in lines] == [(2, 0, 0), (8, 150, 1200)]
    money.posted_in(landscape, candidate)
    publish(("kind == 'time' && category == ''", "non_chargeable"))
    assert {state for state, _ in states(contract)} == {"posted"}
