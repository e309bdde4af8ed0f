"""A refused effect is corrected under its own identity: only what may be, seen before, agreed above a limit, once."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from integration_hub.connectors.registry import Editable, Figures
from integration_hub.effects.actions import corrections, effects
from integration_hub.effects.models import Correction, Effect
from integration_hub.effects.queries import proof
from integration_hub.effects.registry import OUTCOMES, Objection, Outcome
from integration_hub.kernel.errors import BadInput, Denied, NotReady, Stale
from integration_hub.kernel.failures import Failed, FailureClass
from integration_hub.people.models import Role
from integration_hub.trail.models import Event
from tests import factories
from tests.integration.api.conftest import call, problem
from tests.screens import assert_list, browser, page, text

__all__ = ["call"]

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]

EDITABLE = (
    Editable("memo", "Memo", longest=30),
    Editable("on", "Date", kind="date", roles=("finance",)),
    Editable("net", "Net", kind="amount", roles=("finance",)),
    Editable("lines[].text", "Text", required=True),
)
PAYLOAD = {
    "memo": "Work in May", "on": "2026-05-31", "net": "100", "customer": "ACME",
    "lines": [{"text": "Design"}, {"text": "Build"}],
}  # fmt: skip


@pytest.fixture
def refused(plan, work, ledger, monkeypatch):
    """A refused effect of a write that says what may be edited in it."""
    figures = Figures(net="net", gross="net", date="on")
    writes = tuple(replace(write, editable=EDITABLE, figures=figures) for write in ledger.manifest.writes)
    monkeypatch.setattr(ledger, "manifest", replace(ledger.manifest, writes=writes))
    ledger.vices.append(Failed(FailureClass.REJECTED, "memo: not allowed"))
    effect = plan("K", payload=PAYLOAD, posting_date="2026-05-31")
    work()
    return fresh(effect)


@pytest.fixture
def analyst(db):
    return factories.user(Role.BILLING_ANALYST, entities=("US",))


@pytest.fixture
def finance(db):
    return factories.user(Role.FINANCE, entities=("US",))


def fresh(row):
    row.refresh_from_db()
    return row


def correct(effect, by, **wanted):
    paths = {name.replace("__", "."): value for name, value in wanted.items()}
    return corrections.propose(effect_id=effect.pk, wanted=paths, reason="typo", by=by, seen_state="rejected")


def test_a_small_correction_goes_at_once_as_the_next_revision(refused, work, ledger, analyst, heard):
    done = correct(refused, analyst, memo="Work in June")
    assert (done.state, done.four_eyes, done.decided_by) == ("applied", "", analyst)
    assert (fresh(refused).state, refused.payload["memo"]) == ("superseded", "Work in May")
    after = done.result
    assert (after.revision, after.business_key, after.corrects, after.lane) == (2, "C-1", refused, refused.lane)
    assert after.payload == {**PAYLOAD, "memo": "Work in June"}
    assert after.key != refused.key
    work()
    assert fresh(after).state == "confirmed"
    assert proof(after).is_proved
    assert (ledger.entries("C-1"), heard()) == (1, [("confirmed", "C-1")])
    told = Event.objects.get(action="effects.effect.corrected")
    assert told.data["changes"] == {"Memo": ["Work in May", "Work in June"]}
    assert not proof(refused).is_proved


def test_only_what_the_write_and_the_role_allow(refused, analyst, finance):
    for by, path, value, why in (
        (analyst, "customer", "OTHER", "may not be corrected here"),
        (analyst, "on", "2026-06-01", "may not be corrected here"),
        (analyst, "lines[2].text", "More", "may not be corrected here"),
        (analyst, "lines[0].text", "", "is empty"),
        (analyst, "memo", "x" * 31, "longer than 30"),
        (finance, "on", "tomorrow", "is no date"),
        (finance, "net", "NaN", "is no amount"),
        (analyst, "memo", "Work in May", "Nothing differs"),
    ):
        with pytest.raises(BadInput, match=why):
            corrections.propose(effect_id=refused.pk, wanted={path: value}, reason="x", by=by, seen_state="rejected")
    assert Correction.objects.count() == 0
    assert fresh(refused).payload == PAYLOAD


def test_one_line_of_many_is_corrected(refused, analyst):
    done = correct(refused, analyst, **{"lines[1]__text": "Build and test"})
    assert done.result.payload["lines"] == [{"text": "Design"}, {"text": "Build and test"}]


def test_money_and_period_are_shown_and_need_a_second_person(refused, finance, work, ledger):
    proposed = correct(refused, finance, net="90", on="2026-06-30")
    assert proposed.state == "proposed"
    assert proposed.figures == {
        "net": ["100", "90"], "gross": ["100", "90"], "date": ["2026-05-31", "2026-06-30"],
    }  # fmt: skip
    assert "net, gross, date" in proposed.four_eyes
    work()
    assert (fresh(refused).state, ledger.sends) == ("rejected", 1)
    with pytest.raises(Denied, match="someone else"):
        corrections.approve(correction_id=proposed.pk, by=finance, seen_version=1)
    second = factories.user(Role.FINANCE, entities=("US",))
    done = corrections.approve(correction_id=proposed.pk, by=second, seen_version=1, reason="agreed")
    assert (done.result.amount, str(done.result.posting_date)) == (Decimal(90), "2026-06-30")
    work()
    assert (fresh(done.result).state, ledger.entries("C-1")) == ("confirmed", 1)


def test_above_the_limit_any_change_needs_a_second_person(refused, analyst, settings):
    settings.ALONE_AMOUNT = Decimal(99)
    proposed = correct(refused, analyst, memo="June")
    assert (proposed.state, "100.00 USD" in proposed.four_eyes) == ("proposed", True)


def test_the_database_knows_the_second_person_too(refused, analyst, settings):
    settings.ALONE_AMOUNT = Decimal(0)
    proposed = correct(refused, analyst, memo="June")
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.filter(pk=proposed.pk).update(
            state="applied", decided_by=analyst, decided_at=proposed.created_at, result=refused
        )


@pytest.fixture
def proposed(refused, analyst, settings):
    settings.ALONE_AMOUNT = Decimal(0)
    return correct(refused, analyst, memo="June")


def test_while_one_waits_neither_a_second_nor_a_plain_retry_goes(proposed, refused, finance):
    with pytest.raises(NotReady, match="Another correction"):
        correct(refused, finance, memo="July")
    with pytest.raises(Denied, match="waits for a second person"):
        effects.retry(effect_id=refused.pk, by=finance)


def test_declined_and_withdrawn_ones_leave_it_refused(proposed, refused, analyst, finance):
    corrections.decline(correction_id=proposed.pk, by=finance, seen_version=1, reason="wrong month")
    assert fresh(refused).state == "rejected"
    again = correct(refused, analyst, memo="July")
    corrections.withdraw(correction_id=again.pk, by=analyst, seen_version=1)
    effects.retry(effect_id=refused.pk, by=finance)
    assert fresh(refused).state == "planned"


def test_who_may_not(proposed, refused, analyst):
    auditor = factories.user(Role.AUDITOR, entities=("US",))
    stranger = factories.user(Role.FINANCE, entities=("DE",))
    for by, why in ((auditor, "does not approve"), (stranger, "legal entity"), (analyst, "someone else")):
        with pytest.raises(Denied, match=why):
            corrections.approve(correction_id=proposed.pk, by=by, seen_version=1)
    with pytest.raises(Denied, match="Only its author"):
        corrections.withdraw(correction_id=proposed.pk, by=auditor, seen_version=1)
    with pytest.raises(Denied, match="does not correct"):
        correct(refused, auditor, memo="x")


def test_withdrawing_the_effect_withdraws_its_correction(proposed, refused, finance):
    effects.cancel(effect_id=refused.pk, by=finance, reason="not needed")
    assert fresh(proposed).state == "withdrawn"
    with pytest.raises(Stale):
        corrections.approve(correction_id=proposed.pk, by=finance, seen_version=1)


def test_an_effect_that_moved_on_is_not_replaced(proposed, refused, finance):
    Effect.objects.filter(pk=refused.pk).update(state="planned")
    with pytest.raises(Stale, match="is planned since"):
        corrections.approve(correction_id=proposed.pk, by=finance, seen_version=1)
    assert Effect.objects.filter(business_key="C-1").count() == 1


def test_a_room_may_object(refused, analyst, monkeypatch):
    listener = Outcome(
        lambda effect: None, lambda effect: None, retried=lambda rows: {row.pk: Objection("Dissolved.") for row in rows}
    )
    monkeypatch.setattr(OUTCOMES, "_entries", {**OUTCOMES._entries, "*": listener})
    with pytest.raises(Denied, match="Dissolved"):
        correct(refused, analyst, memo="June")
    assert fresh(refused).state == "rejected"
    assert Correction.objects.count() == 0


# -- screens and API ---------------------------------------------------------------------------------------------------


def test_the_form_is_made_of_the_content_and_shows_the_difference_first(refused, analyst):
    client, url = browser(analyst), reverse("effects:effect-correct", args=[refused.pk])
    assert "Correct and try again" in page(client, reverse("effects:effect-detail", args=[refused.pk]))
    body = page(client, url)
    assert "Text, line 2" in body
    assert 'value="Work in May"' in body
    assert 'type="date"' not in body
    form = {"f0": "Work in June", "f1": "Design", "f2": "Build", "reason": "typo", "seen": "rejected"}
    shown = text(client.post(url, {**form, "step": "check"}))
    assert "<del>Work in May</del>" in shown
    assert "Send it corrected" in shown
    assert Correction.objects.count() == 0
    assert client.post(url, {**form, "f1": "", "step": "check"}).status_code == 422
    assert client.post(url, {**form, "seen": "", "step": "apply"}).status_code == 422
    answer = client.post(url, {**form, "step": "apply"})
    assert answer["Location"] == reverse("effects:correction-detail", args=[Correction.objects.get().pk])
    assert "Revision 2 went instead" in page(client, answer["Location"])
    assert client.post(url, {**form, "step": "apply"}).status_code == 403


def test_a_second_person_decides_on_the_screen(proposed, refused, finance):
    client = browser(finance)
    assert "Waits for a second person" in assert_list(client, reverse("effects:correction-list"))
    url = reverse("effects:correction-approve", args=[proposed.pk])
    assert client.post(url, {"note": "ok"}).status_code == 422
    assert client.post(url, {"note": "ok", "version": 7}).status_code == 409
    assert client.post(url, {"note": "ok", "version": 1}).status_code == 302
    assert fresh(proposed).state == "applied"
    stranger = browser(factories.user(Role.FINANCE, entities=("DE",)))
    assert stranger.get(reverse("effects:correction-detail", args=[proposed.pk])).status_code == 404


def test_programs_correct_and_approve_under_the_same_rules(refused, call, settings):
    settings.ALONE_AMOUNT = Decimal(0)
    analyst, finance = call("billing_analyst", entities=("US",)), call("finance", entities=("US",))
    at = f"effects/{refused.pk}/correct/"
    problem(analyst.post(at, {"changes": {"customer": "X"}, "reason": "x", "state": "rejected"}), 422)
    made = analyst.post(at, {"changes": {"memo": "June"}, "reason": "typo", "state": "rejected"})
    assert (made.status_code, made.json()["state"]) == (201, "proposed")
    path = f"corrections/{made.json()['id']}"
    problem(analyst.post(f"{path}/approve/", {"version": 1, "reason": "me"}), 403)
    assert finance.post(f"{path}/approve/", {"version": 1, "reason": "ok"}).json()["state"] == "applied"
    assert [row["id"] for row in finance.rows("corrections/")] == [made.json()["id"]]
