"""Billing runs: starting one, watching it, its control totals."""

from datetime import date

import pytest

from billing.actions import runs
from billing.models import BillingRun
from integration_hub.kernel.errors import Denied
from integration_hub.work.inprocess import drain_once
from integration_hub.work.models import Lane
from tests import factories
from tests.integration.billing.screens import HTMX, nobody, outsider, signed_in, text
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
START = "/billing/runs/start/"
GOOD = {"legal_entity": "US01", "through": "2026-03-31", "invoice_date": "2026-03-31"}


@shared
def run() -> BillingRun:
    factories.time_entry(factories.contract_active("C-R"))
    person = factories.user("billing_analyst")
    return runs.start(legal_entity="US01", through=date(2026, 3, 31), invoice_date=date(2026, 3, 31), by=person)


def page(run: BillingRun) -> str:
    return f"/billing/runs/{run.pk}/"


def test_starting_offers_only_ones_own_entities():
    factories.legal_entity("US01")
    factories.legal_entity("DE01", currency="EUR", country="DE")
    html = text(signed_in("billing_analyst").get(START))
    assert "US01" in html
    assert "DE01" not in html


def test_starting_goes_to_the_run():
    factories.legal_entity()
    answer = signed_in("billing_analyst").post(START, GOOD)
    run = BillingRun.objects.get()
    assert answer["Location"] == page(run)
    assert (run.through, run.state) == (date(2026, 3, 31), "running")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"legal_entity": "DE01"}, "Select a valid choice"),
        ({"through": ""}, "required"),
        ({"invoice_date": "2026-03-01"}, "Date it on or after."),
    ],
)
def test_what_is_wrong_is_told(wrong, words):
    factories.legal_entity()
    factories.legal_entity("DE01", currency="EUR", country="DE")
    assert words in text(signed_in("billing_analyst").post(START, GOOD | wrong), 422)
    assert not BillingRun.objects.exists()


def test_one_run_at_a_time(run):
    assert "is still going on" in text(signed_in("billing_analyst").post(START, GOOD), 409)
    assert BillingRun.objects.count() == 1


@pytest.mark.parametrize("role", ["pmo", "delivery_lead", "auditor", "integration_admin"])
def test_roles_that_may_not_start(role):
    factories.legal_entity()
    reason = "Only billing analysts and finance can start billing runs."
    assert reason in text(signed_in(role).get("/billing/runs/"))
    assert reason in text(signed_in(role).get(START))
    assert reason in text(signed_in(role).post(START, GOOD), 403)
    assert not BillingRun.objects.exists()


def test_who_has_no_entity_reads_why():
    client = signed_in(entities=())
    assert "No legal entity is assigned to you." in text(client.get(START))


def test_a_running_run_polls_and_a_finished_one_does_not(run):
    client = signed_in()
    assert f'hx-get="{page(run)}" hx-trigger="load delay:2s"' in text(client.get(page(run)))
    part = text(client.get(page(run), headers=HTMX))
    assert part.lstrip().startswith('<div id="live"')
    factories.tax(run.legal_entity)
    with factories.quoting():
        drain_once()
    html = text(client.get(page(run)))
    assert "hx-trigger" not in html.split('id="live"')[1].split(">")[0]
    assert "1,200.00" in html
    assert "Difference" in html


def test_a_run_whose_candidates_wait_for_tax_still_polls(run):
    drain_once(["ingest"])
    html = text(signed_in().get(page(run)))
    assert "Quote tax and check" in html
    assert 'hx-trigger="load delay:2s"' in html


def test_a_run_that_stands_still_says_why_and_stops_polling(run):
    Lane.objects.filter(key="billing-run:US01").update(blocked=True, blocked_reason="A rate is not a number.")
    html = text(signed_in().get(page(run)))
    assert "A rate is not a number." in html
    assert "load delay:2s" not in html


def test_a_failed_run_says_why(run):
    runs.fail(run_id=run.pk, error="The disk was full.")
    assert "The disk was full." in text(signed_in().get(page(run)))


def test_a_stopped_run_says_who_stopped_it_and_that_what_it_built_stands(run):
    person = factories.user("billing_analyst")
    answer = signed_in("billing_analyst").post(page(run) + "stop/", {"seen": "running", "reason": "Wrong date"})
    assert answer["Location"] == page(run)
    asked = text(signed_in().get(page(run)))
    assert "it ends after the contract it is at" in asked
    drain_once()
    html = text(signed_in().get(page(run)))
    assert "Stopped by" in html
    assert "What it built stands" in html
    assert "Wrong date" in html
    with pytest.raises(Denied):
        runs.stop(run_id=run.pk, by=person, reason="Again")


def test_stopping_asks_for_a_reason_and_the_right(run):
    at, seen = page(run) + "stop/", {"seen": "running"}
    analyst = signed_in("billing_analyst")
    assert "It stops after the contract it is at." in text(analyst.get(at))
    assert "the reason is kept in the trail" in text(analyst.post(at, seen), 422)
    assert "Only billing analysts and finance" in text(signed_in("pmo").post(at, {**seen, "reason": "x"}), 403)
    text(outsider().get(at), 404)
    run.refresh_from_db()
    assert run.stop_asked_by == ""


def test_contracts_that_were_left_out_are_told(run):
    BillingRun.objects.update(state="done", contracts_total=2, contracts_done=2, contracts_left_out=1)
    assert "Contracts were left out." in text(signed_in().get(page(run)))


def test_a_difference_in_the_control_totals_is_marked(run):
    BillingRun.objects.update(state="done", control_totals={"USD": {"value": "10", "difference": "0.01"}})
    assert "must be nought" in text(signed_in().get(page(run)))


def test_others_do_not_find_it(run):
    text(outsider().get(page(run)), 404)
    text(nobody().get(page(run)), 403)
