"""Draft runs on their pages, by command, and who may do what."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.people.models import Role
from integration_hub.rules.actions import draft_runs, tables
from integration_hub.rules.models import DraftRun
from integration_hub.rules.tables import RuleSpec
from integration_hub.work.inprocess import drain_once
from tests import factories, money
from tests.integration.billing.test_draft_runs import MARCH, drafted, run_of
from tests.screens import HTMX, SCREENS, assert_needs_right, browser, page

pytestmark = SCREENS
DAYS = {"legal_entity": "US01", "first": "2026-03-01", "last": "2026-03-31"}


@pytest.fixture
def draft(landscape):
    contract = money.contract_in(landscape, "C-1")
    money.ready_in(landscape, contract, hours="8")
    factories.time_entry(contract, hours="1")
    return drafted(("kind == 'time'", "included"))


def publishing(draft):
    peter = factories.user(Role.FINANCE, everything=True)
    draft.refresh_from_db()
    if draft.status == "draft":
        tables.check(table_id=draft.pk, by=draft.author, seen_version=draft.version)
    return page(browser(peter), reverse("rules:table-publish", args=[draft.pk]))


def test_from_the_draft_to_what_the_publisher_reads(draft):
    wendy = browser(draft.author)
    detail = reverse("rules:table-detail", args=[draft.pk])
    assert "Run over history" in page(wendy, detail)
    assert "nobody has seen what it would change" in publishing(draft)
    answer = wendy.post(reverse("rules:draft-run-start", args=[draft.pk]), DAYS)
    run = DraftRun.objects.get()
    assert answer["Location"] == reverse("rules:draft-run", args=[run.pk])
    going = page(wendy, answer["Location"])
    assert "hx-get" in going
    assert "Stop…" in going
    drain_once()
    body = page(wendy, answer["Location"])
    assert 'hx-trigger="load delay' not in body
    for said in ("Brightwater", "1,200.00", "Would come out otherwise", "rule 7 of billing.chargeability"):
        assert said in body, said
    part = wendy.get(answer["Location"], headers=HTMX).content.decode()
    assert "<html" not in part
    assert "Which decisions and documents" in page(wendy, detail)
    told = publishing(draft)
    assert "2 of 2 decisions would come out otherwise" in told
    assert "-1,350.00 USD" in told
    tables.edit(table_id=draft.pk, by=draft.author, rules=[RuleSpec("", {"answer": "chargeable"}, "All")])
    assert "The rules were edited after this run" in publishing(draft)
    assert "The rules were edited after this run" in page(wendy, detail)


def test_a_run_that_goes_on_is_stopped_and_says_so(draft):
    run = draft_runs.start(table_id=draft.pk, legal_entity="US01", first=MARCH[0], last=MARCH[1], by=draft.author)
    with pytest.raises(NotReady, match="still going on"):
        draft_runs.start(table_id=draft.pk, legal_entity="US01", first=MARCH[0], last=MARCH[1], by=draft.author)
    wendy = browser(draft.author)
    stop = reverse("rules:draft-run-stop", args=[run.pk])
    assert "marked as not whole" in page(wendy, stop)
    assert wendy.post(stop, {"seen": "running", "reason": "Wrong month"}).status_code == 302
    drain_once()
    run.refresh_from_db()
    assert (run.state, run.units_done, run.finished_at is not None) == ("stopped", 0, True)
    assert "was stopped" in page(wendy, reverse("rules:draft-run", args=[run.pk]))
    with pytest.raises(Denied, match="This draft run is stopped"):
        draft_runs.stop(run_id=run.pk, by=draft.author, reason="again")
    assert run_of(draft).state == "done"


def test_an_edit_while_it_runs_ends_it(draft):
    run = draft_runs.start(table_id=draft.pk, legal_entity="US01", first=MARCH[0], last=MARCH[1], by=draft.author)
    tables.edit(table_id=draft.pk, by=draft.author, rules=[RuleSpec("", {"answer": "chargeable"}, "All")])
    drain_once()
    run.refresh_from_db()
    assert (run.state, run.error) == ("stopped", "The draft was edited while it ran.")


def test_rights_and_legal_entities(draft):
    run = run_of(draft)
    there, start = reverse("rules:draft-run", args=[run.pk]), reverse("rules:draft-run-start", args=[draft.pk])
    assert_needs_right(there)
    away = browser(factories.user(Role.INTEGRATION_ADMIN, entities=("GB01",)))
    assert away.get(there).status_code == 404
    assert away.post(start, DAYS).status_code == 422
    assert "Not yet." in page(away, reverse("rules:table-detail", args=[draft.pk])), "nor what others found"
    local = factories.user(Role.FINANCE, entities=("US01",))
    assert "1,200.00" in page(browser(local), there)
    assert browser(local).post(start, DAYS).status_code == 302
    with pytest.raises(Denied, match="Only people who may write or publish"):
        draft_runs.start(table_id=draft.pk, legal_entity="US01", first=MARCH[0], last=MARCH[1],
                         by=factories.user(Role.PMO, everything=True))  # fmt: skip
    drain_once()
    tables.discard(table_id=draft.pk, by=draft.author)
    assert not DraftRun.objects.exists()


def test_the_command_tells_the_same(draft):
    days = ["--legal-entity", "US01", "--from", "2026-03-01", "--to", "2026-03-31", "--by", draft.author.username]
    out = StringIO()
    call_command("draft_run", str(draft.pk), *days, stdout=out)
    assert "2 examined, 0 unchanged, 2 changed" in out.getvalue()
    out = StringIO()
    call_command("draft_run", str(draft.pk), *days, "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["state"], told["changed"], told["customers"][0]["difference"]) == ("done", 2, "-1350.000000")
    assert {row.digest for row in DraftRun.objects.all()} == {told["digest"]}, "the same inputs, the same digest"
    with pytest.raises(CommandError, match="does not exist"):
        call_command("draft_run", "999999", *days)
