"""The close cockpit, the pack as files, and the API."""

import io
import json
from dataclasses import replace
from decimal import Decimal

from django.urls import reverse
from openpyxl import load_workbook

from integration_hub.kernel.ids import content_hash
from integration_hub.people.models import Role
from reconciliation.closing import checks, paper, standing
from reconciliation.closing.checks import CHECKS
from reconciliation.closing.found import Found
from reconciliation.models import ClosePack
from tests import screens
from tests.integration.api.conftest import Caller, problem
from tests.integration.reconciliation.closing import (
    accept,
    close,
    conrad,
    contract,
    fiona,
    found,
    fresh,
    held_work,
    nothing_else,
    signed,
)
from tests.pdf import Pdf

__all__ = ["close", "conrad", "contract", "fiona", "nothing_else"]

pytestmark = screens.SCREENS


# -- screens and files -------------------------------------------------------------------------------------------------


def page(client, address: str, *arguments) -> str:
    return screens.page(client, reverse(f"reconciliation:{address}", args=arguments))


def test_the_cockpit_shows_each_check_with_owner_and_money_and_signs(client, close, contract, fiona, nothing_else):
    nothing_else("held")
    held_work(contract)
    client.force_login(fiona)
    assert "2026-03" in page(client, "close-list")
    shown = page(client, "close-detail", close.pk)
    assert "Holds are released" in shown
    assert "1 check stands in its way." in shown
    address = reverse("reconciliation:close-accept", args=[close.pk, "held"])
    form = {"version": fresh(close).version, "seen": found(close, "held").digest, "reason": "Paid in April"}
    assert client.get(address).status_code == 200
    assert client.post(address, form | {"reason": ""}).status_code == 422
    assert client.post(address, form).status_code == 302
    sign = reverse("reconciliation:close-sign", args=[close.pk])
    assert client.post(sign, {"version": fresh(close).version}).status_code == 302
    assert "Waits for the second signature" in page(client, "close-detail", close.pk)
    reopen = reverse("reconciliation:close-reopen", args=[close.pk])
    assert client.post(reopen, {"version": fresh(close).version, "reason": "No"}).status_code == 302
    back = reverse("reconciliation:close-withdraw", args=[close.pk, "held"])
    assert client.post(back, {"version": fresh(close).version}).status_code == 302
    assert "Pack 1" in page(client, "close-detail", close.pk)


def test_a_close_is_opened_on_a_screen(client, contract, fiona):
    client.force_login(fiona)
    address = reverse("reconciliation:close-open")
    form = {"seen": "new", "legal_entity": "US01", "month": "2026-02-10", "cut_off_on": ""}
    answer = client.post(address, form)
    assert answer.status_code == 302
    assert answer.url.startswith("/closes/")
    assert client.post(address, form).status_code == 409
    assert client.post(address, form | {"legal_entity": "XX99"}).status_code == 422


def test_others_do_not_find_it(client, close):
    outsider = screens.user(Role.FINANCE, "outsider", entities=("DE01",))
    client.force_login(outsider)
    assert client.get(reverse("reconciliation:close-detail", args=[close.pk])).status_code == 404
    assert "2026-03" not in page(client, "close-list")


def test_costs_are_shown_to_those_who_may_see_them(client, close, fiona, monkeypatch):
    costs = replace(checks.BY_NAME["costs"], find=lambda period: Found(count=1, money={"USD": Decimal(4321)}))
    monkeypatch.setattr(standing, "CHECKS", tuple(costs if check.name == "costs" else check for check in CHECKS))
    client.force_login(fiona)
    assert "4,321.00" in page(client, "close-detail", close.pk)
    client.force_login(screens.user(Role.PMO, "paula"))
    assert "4,321.00" not in page(client, "close-detail", close.pk)


def test_the_pack_is_handed_out_in_three_forms_and_noted(client, close, contract, fiona, conrad, nothing_else):
    nothing_else("held")
    held_work(contract)
    accept(close, fiona, reason="=HYPERLINK(1)")
    pack = signed(close, fiona, conrad)
    client.force_login(fiona)
    address = reverse("reconciliation:close-pack", args=[close.pk, 1])
    told = json.loads(client.get(address, {"format": "json"}).content)
    assert told["digest"] == pack.digest == content_hash(told["content"])
    assert [row["by"] for row in told["signatures"]] == ["fiona", "conrad"]
    book = load_workbook(io.BytesIO(client.get(address, {"format": "xlsx"}).content))
    held = next(row for row in book["Checklist"].values if row[0] == "Holds are released")
    assert held[3:5] == ("accepted", 1)
    assert held[8] == "'=HYPERLINK(1)"
    set_ = client.get(address, {"format": "pdf"}).content
    assert set_ == paper.set_pack(ClosePack.objects.get()), "the same pack gives the same bytes"
    words = Pdf(set_).text.replace("\n", "")
    assert pack.digest[:20] in words
    assert "Signed by two people" in words
    assert client.get(address, {"format": "exe"}).status_code == 404
    client.force_login(screens.user(Role.PMO, "paula"))
    assert client.get(address).status_code == 403


def test_what_moved_after_it_was_signed_is_said(client, close, contract, fiona, conrad, nothing_else):
    nothing_else("held")
    signed(close, fiona, conrad)
    held_work(contract)
    client.force_login(fiona)
    assert "Changed since it was signed." in page(client, "close-detail", close.pk)


def test_the_api_tells_how_it_stands_and_what_was_signed(close, contract, fiona, conrad, nothing_else):
    nothing_else("held")
    held_work(contract)
    mine = Caller(fiona, "reconciliation:read")
    (row,) = mine.get("closes/").json()["results"]
    assert (row["legal_entity"], row["state"]) == ("US01", "open")
    told = mine.get(f"closes/{close.pk}/").json()
    assert {one["name"]: one["state"] for one in told["checks"]}["held"] == "open"
    accept(close, fiona)
    signed(close, fiona, conrad)
    (pack,) = mine.get(f"closes/{close.pk}/packs/").json()
    assert pack["state"] == "signed"
    outsider = Caller(screens.user(Role.FINANCE, "outsider", entities=("DE01",)), "reconciliation:read")
    assert outsider.get(f"closes/{close.pk}/").status_code == 404
    paula = Caller(screens.user(Role.PMO, "paula"), "reconciliation:read")
    assert problem(paula.get(f"closes/{close.pk}/packs/"), 403)
