"""Holds: one hold with what it stops, releasing from list and page, placing by link and by name."""

import json
from datetime import timedelta

import pytest

from billing.models import Hold
from contracts.models import Contract
from integration_hub.kernel.clock import today
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.billing.screens import DRAWER, HTMX, nobody, of, outsider, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


@shared
def contract() -> Contract:
    return factories.contract_active("C-H")


@shared
def hold(contract: Contract) -> Hold:
    factories.time_entry(contract, hours="6")
    found = factories.hold(contract, reason="The client asks for timesheets")
    drain_once()
    return found


def page(hold: Hold) -> str:
    return f"/billing/holds/{hold.pk}/"


def release(client, hold: Hold, version: int | None = None, **more):
    data = {"version": hold.version if version is None else version, "note": "Agreed by phone."}
    return client.post(f"{page(hold)}release/", data | more.pop("data", {}), **more)


def test_the_page_shows_what_it_holds(hold):
    html = text(signed_in().get(page(hold)))
    for words in (
        "900.00",
        "6.00 h",
        "1 piece",
        "The client asks for timesheets",
        "Keeps out of candidates",
        "Ann Lee",
    ):
        assert words in html, words


def test_a_hold_on_posting_shows_the_candidates_it_stops(contract):
    candidate = factories.candidate_ready(contract)
    found = factories.hold(candidate.contract, code="TAX_REVIEW")
    drain_once()
    html = text(signed_in().get(page(found)))
    assert candidate.number in html
    assert "keeps them from posting" in html


def test_others_do_not_find_it(hold):
    text(outsider().get(page(hold)), 404)
    text(outsider().get(f"{page(hold)}release/"), 404)
    text(release(outsider(), hold), 404)
    text(nobody().get(page(hold)), 403)
    assert Hold.objects.get(pk=hold.pk).status == "open"


def test_releasing_on_the_page(hold):
    answer = release(signed_in("pmo"), hold, follow=True)
    assert "released." in text(answer)
    assert "It holds nothing any more" in text(answer)
    hold.refresh_from_db()
    assert (hold.status, hold.decision_note) == ("released", "Agreed by phone.")


def test_releasing_in_the_list_answers_with_the_row(hold):
    row = f"hold-{hold.pk}"
    asked = signed_in().get(f"{page(hold)}release/?row={row}", headers=DRAWER)
    assert f'name="row" value="{row}"' in text(asked)
    assert "900.00" in text(asked), "the money that is freed"
    answer = release(signed_in(), hold, data={"row": row}, headers=DRAWER)
    assert answer["HX-Retarget"] == f"#{row}"
    assert text(answer).strip().startswith(f'<tr role="row" id="{row}"')
    assert "Released" in text(answer)
    assert json.loads(answer["HX-Trigger"])["console:outcome"]["done"] is True


def test_ones_own_hold_is_refused_with_the_reason_beside_the_button(contract):
    fiona = factories.user()
    hold = factories.hold(contract, by=fiona)
    reason = "You placed this hold, so someone else must release it."
    assert reason in text(of(fiona).get("/billing/holds/"))
    assert reason in text(of(fiona).get(page(hold)))
    assert reason in text(of(fiona).get(f"{page(hold)}release/"))
    assert reason in text(release(of(fiona), hold), 403)
    assert reason in text(release(of(fiona), hold, headers=DRAWER), 403)
    assert Hold.objects.get(pk=hold.pk).status == "open"


@pytest.mark.parametrize("role", ["billing_analyst", "delivery_lead", "integration_admin", "auditor"])
def test_roles_that_may_not_release(hold, role):
    assert "Only finance and PMO can release holds." in text(signed_in(role).get(page(hold)))
    text(release(signed_in(role), hold), 403)
    assert Hold.objects.get(pk=hold.pk).status == "open"


def test_an_old_copy_is_a_conflict(hold):
    assert "Someone else changed this" in text(release(signed_in(), hold, version=hold.version + 1), 409)
    assert Hold.objects.get(pk=hold.pk).status == "open"


@pytest.mark.parametrize("version", ["", "0", "x"])
def test_no_version_is_an_error(hold, version):
    assert "Reload the page and try again." in text(release(signed_in(), hold, data={"version": version}), 422)
    assert Hold.objects.get(pk=hold.pk).status == "open"


def test_a_released_one_cannot_be_released_again(hold):
    release(signed_in(), hold)
    hold.refresh_from_db()
    assert "already released" in text(release(signed_in(), hold), 403)


# -- placing ------------------------------------------------------------------------------------------------------

GOOD = {"code": "CLIENT_QUERY", "reason": "They ask for details."}


def place(client, **data):
    return client.post("/billing/holds/place/", {**GOOD, **data})


def test_placing_by_a_link_names_the_target(contract):
    html = text(signed_in().get(f"/billing/holds/place/?scope=contract&target={contract.pk}"))
    assert "C-H" in html
    assert 'type="hidden" name="target"' in html


def test_placing_goes_to_the_hold(contract):
    due = today() + timedelta(days=4)
    client = signed_in("delivery_lead")
    answer = place(client, scope="contract", target=str(contract.pk), review_on=due.isoformat())
    found = Hold.objects.get()
    assert answer["Location"] == page(found)
    assert (found.contract, found.review_on, found.placed_by_user) == (contract, due, client.person)


def test_placing_by_number_and_by_work_key(contract):
    entry = factories.time_entry(contract)
    place(signed_in(), scope="contract", target="C-H")
    place(signed_in(), scope="event", target=entry.work_key)
    assert sorted(Hold.objects.values_list("scope", flat=True)) == ["contract", "event"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"code": ""}, "Choose why billing must stop."),
        ({"reason": " "}, "Say why"),
        ({"target": "C-UNKNOWN"}, "Look it up first."),
        ({"code": "AMENDMENT_PROPAGATING"}, "Select a valid choice"),
        ({"review_on": "soon"}, "Enter a valid date"),
    ],
)
def test_what_is_wrong_is_told_at_the_field(wrong, words, contract):
    html = text(place(signed_in(), **{"scope": "contract", "target": "C-H", **wrong}), 422)
    assert words in html
    assert not Hold.objects.exists()


def test_the_same_hold_twice_is_a_conflict(contract):
    place(signed_in(), scope="contract", target="C-H")
    assert "There is an open hold “Client query”" in text(place(signed_in(), scope="contract", target="C-H"), 409)
    assert Hold.objects.count() == 1


def test_what_lies_outside_ones_entities_is_unknown(contract):
    assert "Look it up first." in text(place(outsider(), scope="contract", target=str(contract.pk)), 422)
    html = text(outsider().get(f"/billing/holds/place/?scope=contract&target={contract.pk}"))
    assert "C-H" not in html
    assert not Hold.objects.exists()


@pytest.mark.parametrize("role", ["integration_admin", "auditor"])
def test_roles_that_may_not_place(role, contract):
    assert "Only finance, PMO and delivery leads can place holds." in text(signed_in(role).get("/billing/holds/place/"))
    text(place(signed_in(role), scope="contract", target="C-H"), 403)
    assert not Hold.objects.exists()


def test_the_list_swaps_only_its_part(hold):
    html = text(signed_in().get("/billing/holds/?status=open", headers=HTMX))
    assert html.lstrip().startswith('<section id="list"')
