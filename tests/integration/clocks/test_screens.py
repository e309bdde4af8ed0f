"""The pages of clocks: figures, tabs, drill-down, files, rights, scope, statements; and the same by REST."""

import csv
import io
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contracts.models import Contract
from integration_hub.clocks.registry import CLOCKS
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.clocks.conftest import aim, build
from tests.screens import SCREENS, assert_needs_right, browser, page, text, user
from tests.worlds import shared

pytestmark = SCREENS
LIST, ONE = "clocks:clock-list", "clocks:clock-detail"
WHEN = {"as_of": "2026-04-20", "weeks": "16"}
BUDGET = 12
"""Statements of a page beside those of its clocks."""


@shared
def world() -> tuple[Contract, ...]:
    return build()


@pytest.fixture
def finance(world):
    return browser(user(Role.FINANCE, "finance"))


def address(name: str, *args: str, **query: str) -> str:
    asked = "&".join(f"{key}={value}" for key, value in {**WHEN, **query}.items())
    return f"{reverse(name, args=args)}?{asked}"


def test_all_clocks_on_one_page(finance, admin):
    aim(admin, "project-activation", "5")
    url = address(LIST)
    page(finance, url)
    with CaptureQueriesContext(connection) as queries:
        body = page(finance, url)
    assert len(queries) <= BUDGET + 2 * len(list(CLOCKS))
    for _, kind in CLOCKS:
        assert kind.title in body
    assert "5\N{NO-BREAK SPACE}d" in body
    assert address(ONE, "project-activation").replace("&", "&amp;") in body


def test_a_person_sees_the_clocks_of_his_role(world):
    lead = browser(user(Role.DELIVERY_LEAD, "lead"))
    body = page(lead, address(LIST))
    assert "Activating a project" in body
    assert "Storing a change of a source" not in body
    assert lead.get(address(ONE, "change-to-storage")).status_code == 403


def test_one_clock_leads_to_its_records_nearest_first(finance, admin):
    aim(admin, "project-activation", "20")
    body = page(finance, address(ONE, "project-activation"))
    contracts = {row.number: row for row in Contract.objects.all()}
    for number in ("C-4", "C-7", "C-8"):
        assert reverse("contracts:contract-detail", args=[contracts[number].pk]) in body
    assert body.index("C-4 Advisory") < body.index("C-7 Advisory") < body.index("C-8 Advisory")
    assert "20\N{NO-BREAK SPACE}d" in body
    late = page(finance, address(ONE, "project-activation", view="late"))
    assert "C-8 Advisory" in late
    assert "C-4 Advisory" not in late
    ended = page(finance, address(ONE, "project-activation", view="ended"))
    assert "C-5 Advisory" in ended
    assert "C-8 Advisory" not in ended


def test_rows_of_other_legal_entities_do_not_exist(world, admin):
    german = browser(user(Role.FINANCE, "german", entities=("DE01",)))
    body = page(german, address(ONE, "project-activation"))
    assert "C-7 Advisory" in body
    assert "C-4 Advisory" not in body


@pytest.mark.parametrize("query", [{"weeks": "0"}, {"as_of": "never"}, {"weeks": "1000"}])
def test_a_wrong_question_is_refused_at_its_field(finance, query):
    for url in (address(LIST, **query), address(ONE, "project-activation", **query)):
        assert finance.get(url).status_code == 422


def test_a_page_number_that_is_none_is_the_first(finance):
    for number in ("x", "0", "-1", "99999999"):
        assert "C-4 Advisory" in page(finance, address(ONE, "project-activation", page=number))


def test_files_hold_the_exact_figures_and_are_told(finance, admin):
    aim(admin, "project-activation", "20")
    rows = text(finance.get(address(ONE, "project-activation", format="csv"))).splitlines()
    found = list(csv.DictReader(io.StringIO("\n".join(rows[1:-1]))))
    assert [row["Contract"] for row in found] == ["C-4", "C-7", "C-8"]
    assert found[0]["Target, working days"] == "20.00"
    assert found[2]["Standing"] == "Over its target"
    every = text(finance.get(address(LIST, format="csv")))
    assert "Activating a project,project-activation,working days,20\N{NO-BREAK SPACE}d,5," in every
    assert finance.get(address(LIST, format="xlsx")).getvalue()[:2] == b"PK"
    assert Event.objects.filter(action="console.list.exported").count() == 3


def test_they_need_their_right(world):
    for url in (address(LIST), address(ONE, "project-activation")):
        assert_needs_right(url)
    assert browser(user(Role.FINANCE, "someone")).get(address(ONE, "no-such-clock")).status_code == 404


def test_the_same_by_rest(world, admin):
    aim(admin, "project-activation", "20", on=date(2025, 1, 1))
    person = user(Role.FINANCE, "machine")
    headers = {"Authorization": f"Bearer {factories.token(person, 'clocks:read')}"}
    client = browser(person)
    client.logout()
    every = client.get("/api/v1/clocks/", WHEN, headers=headers).json()["clocks"]
    assert {one["clock"] for one in every} == {slug for slug, _ in CLOCKS}
    one = client.get("/api/v1/clocks/project-activation/", WHEN, headers=headers).json()
    assert (one["ended"], one["running"], one["unit"]) == (5, 3, "working_days")
    assert [row["contract"] for row in one["rows"]] == ["C-4", "C-7", "C-8"]
    assert [row["target"] for row in one["rows"]] == ["20.0000", "20.0000", None]
    assert [week["ended"] for week in one["weeks"]] == [1, 1, 2, 1]
    none = client.get("/api/v1/clocks/project-activation/", {**WHEN, "standing": "late"}, headers=headers).json()
    assert none["rows"] == []
    for query, status in (({"standing": "x"}, 400), ({"weeks": "0"}, 400), ({"nonsense": "1"}, 400)):
        assert client.get("/api/v1/clocks/project-activation/", query, headers=headers).status_code == status
    assert client.get("/api/v1/clocks/none/", headers=headers).status_code == 404
    other = {"Authorization": f"Bearer {factories.token(person, 'cases:read')}"}
    assert client.get("/api/v1/clocks/", headers=other).status_code == 403
