"""Decision tables on their pages and in the administration."""

import pytest
from django.urls import reverse

from integration_hub.people.models import Role
from integration_hub.rules.actions import tables
from integration_hub.rules.models import DecisionTable
from tests import factories
from tests.integration.rules.conftest import ALL_ONE, ALL_TWO, KIND, in_force
from tests.screens import SCREENS, assert_list, assert_needs_right, browser, page

pytestmark = SCREENS


def test_the_pages_keep_their_rules(writer, publisher):
    made = in_force(writer, publisher)
    client = browser(publisher)
    assert "Approval matrix" in assert_list(client, reverse("rules:table-list"))
    assert "amount &gt;= 250000.0" in page(client, reverse("rules:delivered"))
    assert_needs_right(reverse("rules:table-list"))
    assert_needs_right(reverse("rules:table-detail", args=[made.pk]))
    local = browser(factories.user(Role.FINANCE, entities=("US01",)))
    page(local, reverse("rules:table-detail", args=[made.pk]))
    own = in_force(writer, publisher, legal_entity="GB01")
    assert local.get(reverse("rules:table-detail", args=[own.pk])).status_code == 404


def test_a_version_shows_what_it_changes_and_what_the_checks_say(writer, publisher):
    in_force(writer, publisher, ALL_TWO)
    made = tables.draft(kind=KIND, legal_entity="", by=writer, rules=ALL_ONE)
    body = page(browser(publisher), reverse("rules:table-detail", args=[made.pk]))
    assert "compared with version 1" in body
    assert "Always two" in body
    assert "removed" in body
    assert "added" in body
    assert "this is everything the rules can answer" in body


def test_a_version_goes_from_draft_to_force_and_back_on_its_pages(writer, publisher):
    made = tables.draft(kind=KIND, legal_entity="", by=writer, rules=ALL_TWO)
    wendy, peter = browser(writer), browser(publisher)

    def post(client, name, row, **data):
        row.refresh_from_db()
        return client.post(reverse(f"rules:table-{name}", args=[row.pk]), {"version": row.version, **data})

    assert "It has to be checked first" in page(peter, reverse("rules:table-publish", args=[made.pk]))
    assert post(wendy, "check", made).status_code == 302
    assert post(wendy, "publish", made).status_code == 403
    assert peter.post(reverse("rules:table-publish", args=[made.pk]), {"version": 1}).status_code == 409
    assert post(peter, "publish", made).status_code == 302
    second = in_force(writer, publisher, ALL_ONE)
    answer = post(peter, "back", made, reason="Too few")
    third = DecisionTable.objects.get(number=3)
    assert answer["Location"] == reverse("rules:table-detail", args=[third.pk])
    assert (third.status, DecisionTable.objects.get(pk=second.pk).status) == ("published", "superseded")
    answer = post(wendy, "draft", third)
    assert DecisionTable.objects.get(number=4).status == "draft"


def rows(prefix, given, first):
    data = {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": str(first)}
    for number, row in enumerate(given):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


@pytest.fixture
def admin(writer):
    return browser(writer)


def test_a_draft_is_made_and_edited_in_the_administration(admin, writer):
    add = reverse("admin:hub_rules_decisiontable_add")
    page(admin, add)
    assert admin.post(add, {"kind": KIND, "legal_entity": "GB01", "note": "Stricter"}).status_code == 302
    made = DecisionTable.objects.get()
    assert (made.legal_entity, made.author, made.rules.count()) == ("GB01", writer, 9)
    url = reverse("admin:hub_rules_decisiontable_change", args=[made.pk])
    assert "says_people" in page(admin, url)
    rule = made.rules.get(position=1)
    change = {"id": rule.pk, "table": made.pk, "position": "1", "condition": "amount > 'x", "says_people": "2",
              "says_second": ["finance"], "note": "Two"}  # fmt: skip
    last = {"table": made.pk, "position": "9", "condition": "", "says_people": "1", "note": ""}
    gone = [{"id": row.pk, "table": made.pk, "position": row.position, "condition": row.condition, "says_people": "1",
             "note": "", "DELETE": "on"} for row in made.rules.filter(position__gt=1)]  # fmt: skip
    test = {"table": made.pk, "name": "large", "inputs": '{"amount": 900}', "expected": '{"people": "2"}'}

    def send(**changes):
        data = {
            "note": "Stricter",
            **rows("rules", [{**change, **changes}, *gone, last], 9),
            **rows("tests", [test], 0),
        }
        return admin.post(url, data)

    wrong = send()
    assert wrong.status_code == 200
    assert "It cannot be read" in wrong.content.decode()
    right = send(condition="amount > 500.0")
    assert right.status_code == 302, right.content.decode()
    assert [(row.position, row.condition, row.outputs["people"]) for row in made.rules.all()] == [
        (1, "amount > 500.0", "2"), (2, "", "1"),
    ]  # fmt: skip
    assert made.rules.first().outputs["second"] == "finance"
    made.refresh_from_db()
    assert tables.check(table_id=made.pk, by=writer, seen_version=made.version).problems == ()


def test_what_is_in_force_is_only_looked_at_and_a_second_draft_is_refused(admin, writer, publisher):
    made = in_force(writer, publisher)
    url = reverse("admin:hub_rules_decisiontable_change", args=[made.pk])
    assert "says_people" not in page(admin, url)
    assert admin.post(url, {"note": "x"}).status_code == 403
    add = reverse("admin:hub_rules_decisiontable_add")
    admin.post(add, {"kind": KIND, "legal_entity": "", "note": ""})
    told = admin.post(add, {"kind": KIND, "legal_entity": "", "note": ""}, follow=True).content.decode()
    assert "Version 2 is a draft of this table" in told
    assert "says_people" in page(admin, reverse("admin:hub_rules_decisiontable_change", args=[made.pk + 1]))
