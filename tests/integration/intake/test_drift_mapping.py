"""From a field that changed to the mapping that understands it: proposed, checked by a second person, taken again."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from integration_hub.cases.models import Case
from integration_hub.intake import changes, remap
from integration_hub.intake.actions import shapes
from integration_hub.intake.models import FeedShape
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.mapping.actions import mappings, values
from integration_hub.mapping.models import FieldRule, Mapping, ValueMap, ValueRow
from integration_hub.people.models import Role, User
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import screens
from tests.integration.intake.test_drift import RULES, Costs, cost, costs, the_case

__all__ = ["costs"]

pytestmark = screens.SCREENS


@pytest.fixture
def ines(db: None) -> User:
    return screens.user(Role.INTEGRATION_ADMIN, "ines")


def publish(by: User | None = None) -> None:
    draft = Mapping.objects.get(status="draft")
    mappings.publish(mapping_id=draft.pk, by=by or screens.user(Role.INTEGRATION_ADMIN, "ivan"))
    assert remap.watch() == 1
    drain_once()


def rule(target: str) -> FieldRule:
    return FieldRule.objects.get(mapping__status="draft", target=target)


def draft(by: User, **meanings: str) -> Mapping:
    cause = the_case().root_cause
    return shapes.draft(root_cause=cause, by=by, seen=changes.read(cause).seen, meanings=meanings)


def card(case: Case, by: User) -> str:
    return " ".join(screens.page(screens.browser(by), f"/exceptions/{case.pk}/").split())


def press(case: Case, by: User, **more: str) -> Any:
    """The button of the card, as its page was loaded."""
    form = {"seen": changes.read(case.root_cause).seen, **more}
    return screens.browser(by).post(f"/exceptions/{case.pk}/draft-mapping/", form)


def test_another_unit_becomes_a_scale_that_two_people_put_in_force(costs: Costs, ines: User) -> None:
    costs.come(*(cost(number, amount=(40 + number) * 100) for number in range(1, 31)))
    case = the_case()
    body = card(case, ines)
    for said in (
        "about 100 times larger; multiplied by 0.01 they are as always",
        "scale: none → 0.01",
        "Tried on all 30 records kept back: <strong>30 would be taken",
    ):
        assert said in body, said
    assert press(case, ines).status_code == 302
    assert rule("amount").scale == Decimal("0.01")
    body = card(case, ines)
    for said in ("psa expense v2</a> is a draft of ines", "scale: none → 0.01", "<strong>30 would be taken"):
        assert said in body, said
    assert "Make the draft" not in body
    with pytest.raises(Denied, match="someone else must publish"):
        publish(by=ines)
    assert costs.come(cost(77, "2", amount=9000)).refused == 1, "nothing has changed yet"

    publish()

    assert costs.taken["30"].amount == Decimal("70.00")
    assert Case.objects.get(code="DRIFT").status == "resolved"
    told = Event.objects.filter(action="mapping.mapping.drafted").latest("id")
    assert (told.actor, told.data["changes"]) == ("ines", {"amount": {"scale": "0.01"}})
    assert told.reason.startswith("amount was about")


def test_another_notation_becomes_a_date_format(costs: Costs, ines: User) -> None:
    costs.come(cost(1, day="28.03.2026"), cost(2, day="01.03.2026"), cost(3))
    draft(ines)
    assert (rule("spent_on").date_format, Mapping.objects.get(status="draft").author) == ("%d.%m.%Y", ines)

    publish()

    assert costs.taken["1"].spent_on.isoformat() == "2026-03-28"
    assert Case.objects.get(code="DRIFT").status == "resolved"


def test_an_object_where_a_value_was_becomes_a_path(costs: Costs, ines: User) -> None:
    costs.come(cost(1, project={"id": "P1", "name": "Bridge"}))
    draft(ines)
    assert rule("project_id").source == "project.id"

    publish()

    assert costs.taken["1"].project_id == "P1"


def test_a_new_value_gets_its_meaning_in_a_value_map(costs: Costs, ines: User) -> None:
    costs.come(cost(1, currency="XEU"), cost(2))
    case = the_case()
    body = card(case, ines)
    assert "“XEU” means" in body
    assert "value map: none → expense_currency" in body
    assert press(case, ines, value0=" ").status_code == 422
    refused = press(case, ines, value0="CHF")
    assert (refused.status_code, "is not known as “CHF” either" in screens.text(refused)) == (422, True)
    with pytest.raises(BadInput, match="Say what XEU means here"):
        draft(ines, OTHER="EUR")
    assert not Mapping.objects.filter(status="draft").exists()
    assert not ValueMap.objects.exists()

    assert press(case, ines, value0="EUR").status_code == 302

    assert list(ValueRow.objects.values_list("value_map__name", "theirs", "ours")) == [
        ("expense_currency", "XEU", "EUR")
    ]
    assert rule("currency").value_map == ValueMap.objects.get()
    assert "value map: none → expense_currency (XEU is EUR)" in card(case, ines)

    publish()

    assert (costs.taken["1"].currency, costs.taken["2"].currency) == ("EUR", "EUR")
    assert Case.objects.get(code="DRIFT").status == "resolved"


def test_a_map_that_rules_read_is_never_filled_by_a_draft(costs: Costs, ines: User) -> None:
    """A draft changes nothing in force: a map of the same name that is read elsewhere, or refuses, stays as it is."""
    values.install(connection="psa", name="expense_currency", when_unknown="refuse", rows={}, by="system:test")
    costs.come(cost(1, currency="XEU"))
    draft(ines, XEU="EUR")
    assert rule("currency").value_map.name == "expense_currency_2"
    mappings.discard(mapping_id=Mapping.objects.get(status="draft").pk, by=ines)
    draft(ines, XEU="EUR")
    assert rule("currency").value_map.name == "expense_currency_2", "that of a discarded draft is free again"


def test_where_a_map_is_in_use_its_new_value_holds_at_once(costs: Costs, ines: User) -> None:
    values.install(connection="psa", name="money", when_unknown="keep", rows={"E": "EUR"}, by="system:test")
    rules = [{**rule, "value_map": "money"} if rule["target"] == "currency" else rule for rule in RULES]
    mappings.create_draft(connection="psa", entity="expense", rules=rules, by="system:a")
    mappings.publish(mapping_id=Mapping.objects.get(status="draft").pk, by="system:b")
    costs.come(cost(1, currency="XEU"), cost(2, currency="GBP"))
    case = the_case()
    body = card(case, ines)
    assert "Map it" in body
    assert "It holds at once" in body
    assert "Make the draft" not in body
    assert press(case, ines).status_code == 422

    assert press(case, ines, value1="EUR").status_code == 302
    drain_once()

    assert costs.taken["1"].currency == "EUR"
    assert not Mapping.objects.filter(status="draft").exists()
    assert changes.read(the_case().root_cause).proposed.theirs == ("GBP",)
    with pytest.raises(Denied):
        shapes.give_meaning(
            root_cause=case.root_cause, by=screens.user(Role.AUDITOR, "aude"), seen="", meanings={"GBP": "EUR"}
        )


def test_what_does_not_follow_is_left_to_a_person(costs: Costs, ines: User) -> None:
    """The third of February or the second of March: both can be read, so neither is proposed."""
    costs.come(cost(1, day="03/02/2026"))
    body = card(the_case(), ines)
    assert "No change of the mapping follows from the records" in body
    assert "What psa expense v1 cannot read is refused" in body
    assert changes.read(the_case().root_cause).leans == "change"
    made = draft(ines)
    assert (made.version, rule("spent_on").date_format) == (2, "")
    assert made.note.startswith("day was a date until now, and is text")
    body = card(the_case(), ines)
    assert "No rule differs yet" in body
    assert "<strong>0 would be taken" in body


def test_what_is_read_as_it_is_says_so(costs: Costs, ines: User) -> None:
    costs.come(cost(1, project=17))
    body = card(the_case(), ines)
    assert "psa expense v1 reads the records as they are" in body
    assert "cannot read" not in body
    assert changes.read(the_case().root_cause).leans == "right"


def test_a_unit_no_scale_can_say_is_not_proposed(costs: Costs) -> None:
    costs.come(*(cost(number, amount=(40 + number % 60) * 60) for number in range(1, 61)))
    assert changes.read(the_case().root_cause).proposed is None


def test_a_draft_of_somebody_else_is_shown_with_what_it_lacks(costs: Costs, ines: User) -> None:
    costs.come(cost(1, day="28.03.2026"))
    case = the_case()
    mappings.draft_from(mapping_id=Mapping.objects.get().pk, by=screens.user(Role.INTEGRATION_ADMIN, "ivan"))
    body = card(case, ines)
    for said in ("is a draft of ivan", "It lets none of them pass yet", "date format: none → %d.%m.%Y"):
        assert said in body, said
    refused = press(case, ines)
    assert (refused.status_code, "is already a draft" in screens.text(refused)) == (409, True)
    with pytest.raises(NotReady, match="already a draft"):
        draft(ines)


def test_a_draft_that_cannot_be_read_has_no_trial(costs: Costs, ines: User) -> None:
    costs.come(cost(1, day="28.03.2026"))
    made = draft(ines)
    made.rules.filter(target="spent_on").update(source="day[")
    body = card(the_case(), ines)
    assert "source: day → day[" in body
    assert "would be taken" not in body


def test_a_mapping_that_moved_on_is_told_and_refused(costs: Costs, ines: User) -> None:
    costs.come(cost(1, day="28.03.2026"))
    case = the_case()
    old = changes.read(case.root_cause).seen
    draft(ines)
    mappings.publish(mapping_id=Mapping.objects.get(status="draft").pk, by="system:b")
    body = card(case, ines)
    assert "psa expense v2 was published since: they are taken again by themselves" in body
    assert "Make the draft" not in body
    assert changes.read(case.root_cause).leans == ""
    refused = screens.browser(ines).post(f"/exceptions/{case.pk}/draft-mapping/", {"seen": old})
    assert (refused.status_code, "published anew" in screens.text(refused)) == (409, True)
    with pytest.raises(Stale):
        shapes.give_meaning(root_cause=case.root_cause, by=ines, seen=changes.read(case.root_cause).seen, meanings={})
    assert not Mapping.objects.filter(status="draft").exists()


def test_without_a_mapping_or_a_record_there_is_nothing_to_propose(costs: Costs, ines: User) -> None:
    costs.come(cost(1, day="28.03.2026"))
    case = the_case()
    FeedShape.objects.all().delete()
    assert "No change of the mapping follows" in card(case, ines)
    Mapping.objects.update(status="superseded")
    assert "No mapping of expense is in force" in card(case, ines)
    assert press(case, ines).status_code == 409


def test_only_who_edits_mappings_makes_drafts(costs: Costs) -> None:
    costs.come(cost(1, day="28.03.2026"))
    case, aude = the_case(), screens.user(Role.AUDITOR, "aude")
    assert "Make the draft" not in card(case, aude)
    assert press(case, aude).status_code == 403
    with pytest.raises(Denied):
        draft(aude)


def test_the_page_keeps_to_rights_and_legal_entities(costs: Costs, ines: User) -> None:
    costs.come(cost(1, day="28.03.2026"), cost(2, state="maybe"))
    case = the_case()
    url = f"/exceptions/{case.pk}/draft-mapping/"
    screens.assert_needs_right(url)
    asked = screens.page(screens.browser(ines), url)
    for said in ("Change the mapping of day", "date format: none → %d.%m.%Y", "until somebody else has published it"):
        assert said in asked, said
    away = screens.browser(screens.user(Role.INTEGRATION_ADMIN, "ulla", entities=("DE",)))
    assert away.get(url).status_code == 404
    Case.objects.filter(pk=case.pk).update(legal_entity="DE")
    assert away.get(url).status_code == 200
    other = Case.objects.get(code="RECORD_REFUSED")
    screens.page(screens.browser(ines), f"/exceptions/{other.pk}/draft-mapping/", 404)
    shapes.accept(root_cause=case.root_cause, by=ines, reason="It is.")
    drain_once()
    assert press(case, ines).status_code == 403


def test_the_card_asks_the_database_a_few_times(costs: Costs, ines: User, django_assert_max_num_queries: Any) -> None:
    costs.come(*(cost(number, amount=(40 + number) * 100) for number in range(1, 31)))
    cause = the_case().root_cause
    draft(ines)
    with django_assert_max_num_queries(12, connection=connection):
        found = changes.read(cause)
    assert found.drafted is not None
    assert found.drafted.taken == 30
