"""Tax codes and accounts of lines by decision tables: to the engines, to the ERP, on the pages, into credits."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from billing import assigned
from billing.actions import approvals, checks, crediting
from billing.engine import line_rules
from billing.models import Candidate, CandidateLine, TaxDetermination
from billing.reassigned import NOT_KEPT, Lines
from contracts.models import Customer
from integration_hub.cases.models import Case
from integration_hub.people.models import Role
from integration_hub.rules.actions import draft_runs, tables
from integration_hub.rules.history import Period
from integration_hub.rules.tables import RuleSpec, compiled
from integration_hub.work.inprocess import drain_once
from tests import factories, money
from tests.screens import browser, page

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]


def code(condition, tax_code, note=""):
    return RuleSpec(condition, {"answer": "tax_code", "tax_code": tax_code}, note)


def nothing(condition="", note="Nobody has said so"):
    return RuleSpec(condition, {"answer": "not_determined"}, note)


def booked(condition, account, **beside):
    return RuleSpec(condition, {"answer": "account", "account": account, **beside}, "Services")


def publish(kind, *rules, legal_entity=""):
    writer, publisher = (factories.user(Role.INTEGRATION_ADMIN, everything=True) for _ in range(2))
    made = tables.draft(kind=kind.name, legal_entity=legal_entity, by=writer, rules=rules)
    assert tables.check(table_id=made.pk, by=writer, seen_version=made.version).problems == ()
    made.refresh_from_db()
    tables.publish(table_id=made.pk, by=publisher, seen_version=made.version)
    drain_once()


def asked_codes(candidate):
    return [line["tax_code"] for line in TaxDetermination.objects.get(candidate=candidate).request["lines"]]


def posted_lines(landscape, kind="invoice.post"):
    return landscape.erp.writes(kind)[-1].payload["lines"]


def test_without_tables_all_is_as_the_other_systems_are_set_up(landscape):
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-1"))
    assert asked_codes(candidate) == [""]
    line = candidate.lines.get()
    assert (line.assigned["tax"]["version"], line.assigned["revenue"]["rule"]) == (0, 1)
    assert line.assigned["inputs"]["kind"] == "time"
    assert not {"tax_codes", "booked_to"} & checks.content(candidate).keys(), "approvals of before stay bound"
    money.posted_in(landscape, candidate)
    assert not {"tax_code", "account", "department"} & posted_lines(landscape)[0].keys()


def test_codes_go_to_the_engine_and_the_erp_and_the_pages_say_by_which_rule(landscape):
    contract = money.contract_in(landscape, "C-1")
    publish(line_rules.TAX, code("kind == 'time' && place_country == 'US'", "PS080100", "Consulting"), nothing())
    publish(line_rules.REVENUE, booked("method == 'tm'", "400", department="12"), nothing())
    candidate = money.ready_in(landscape, contract)
    assert asked_codes(candidate) == ["PS080100"]
    said = candidate.lines.get().assigned
    assert (said["tax"]["table"], said["tax"]["version"], said["tax"]["rule"]) == ("billing.tax_codes", 1, 1)
    body = page(browser(factories.user()), reverse("billing:candidate-detail", args=[candidate.pk]))
    for words in ("Tax code PS080100", "rule 1 of billing.tax_codes, version 1", "Account 400, department 12"):
        assert words in body, words
    invoice = money.posted_in(landscape, candidate)
    assert {"tax_code": "PS080100", "account": "400", "department": "12"}.items() <= posted_lines(landscape)[0].items()
    assert "Tax code PS080100" in page(browser(factories.user()), reverse("billing:invoice-detail", args=[invoice.pk]))


def test_what_no_rule_determines_is_not_guessed(landscape):
    contract = money.contract_in(landscape, "C-1")
    publish(line_rules.TAX, code("kind == 'expense'", "X"), nothing(note="Only expenses so far"))
    publish(line_rules.REVENUE, booked("kind == 'expense'", "9"), nothing())
    factories.time_entry(contract)
    money.run_in(landscape)
    candidate = Candidate.objects.get(contract=contract)
    assert (candidate.status, candidate.codes) == ("needs_attention", ["ERP_MAPPING", "TAX_MISSING"])
    assert not TaxDetermination.objects.filter(candidate=candidate).exists(), "the engine was not asked"
    messages = [check.message for check in checks.questions(candidate) if not check.ok]
    assert "No rule determines the tax code of line 1 (Only expenses so far)." in messages
    assert "No rule says what line 1 (Nobody has said so) is booked to." in messages
    assert Case.objects.filter(code="TAX_MISSING", status__in=Case.OPEN_STATES).count() == 1
    body = page(browser(factories.user()), reverse("billing:candidate-detail", args=[candidate.pk]))
    assert "Not determined: Only expenses so far" in body
    publish(line_rules.TAX, code("", "ALL"))
    publish(line_rules.REVENUE, booked("", "1"))
    candidate.refresh_from_db()
    assert (candidate.status, asked_codes(candidate)) == ("ready", ["ALL"]), "a publication asks again by itself"
    assert not Case.objects.filter(code__in=["TAX_MISSING", "ERP_MAPPING"], status__in=Case.OPEN_STATES).exists()


def test_another_rule_lapses_the_approval_and_a_posted_line_keeps_its_own(landscape):
    first, second = (money.contract_in(landscape, number) for number in ("C-1", "C-2"))
    publish(line_rules.REVENUE, booked("", "400"))
    invoice = money.posted_in(landscape, money.ready_in(landscape, first))
    candidate = factories.candidate_approved(money.ready_in(landscape, second))
    publish(line_rules.REVENUE, booked("", "500"))
    candidate.refresh_from_db()
    assert (candidate.status, candidate.warnings) == ("ready", ["APPROVAL_STALE"])
    factories.candidate_approved(candidate)
    candidate.refresh_from_db()
    approvals.post(candidate_id=candidate.pk, by=factories.user(), seen_version=candidate.version)
    drain_once()
    assert posted_lines(landscape)[0]["account"] == "500"
    assert invoice.candidate.lines.get().assigned["revenue"]["account"] == "400"


def test_a_credit_goes_back_to_where_its_line_was_booked_unless_it_is_written_off(landscape):
    contract = money.contract_in(landscape, "C-1")
    publish(line_rules.TAX, code("", "ONE"))
    publish(line_rules.REVENUE, booked("", "400", location="7"))
    invoice = money.posted_in(landscape, money.ready_in(landscape, contract))
    publish(line_rules.TAX, nothing())
    publish(line_rules.REVENUE, nothing())

    def credited(reason, amount):
        invoice.refresh_from_db()
        credit = crediting.ask(
            invoice_id=invoice.pk, by=factories.user(), seen_version=invoice.version, reason=reason, rebillable=False,
            note="agreed", wanted=crediting.Wanted(amount=Decimal(amount)),
        )  # fmt: skip
        drain_once()
        credit.refresh_from_db()
        assert credit.status == "ready", credit.codes
        money.post(factories.candidate_approved(credit))
        drain_once()
        return credit, posted_lines(landscape, "creditmemo.post")[0]

    credit, line = credited("GOODWILL", "100")
    assert {"tax_code": "ONE", "account": "400", "location": "7"}.items() <= line.items()
    (group,) = assigned.told(credit.lines.all())
    assert group.tax.rule == "rule 1 of billing.tax_codes, version 1, with the line it goes back to"
    _, line = credited("BAD_DEBT", "50")
    assert line["kind"] == "write_off"
    assert "account" not in line


def test_facts_that_change_are_asked_again(landscape):
    contract = money.contract_in(landscape, "C-1")
    publish(
        line_rules.TAX,
        code("customer_has_tax_id && customer_country != seller_country", "REVERSE"),
        code("", "DOMESTIC"),
    )
    candidate = money.ready_in(landscape, contract)
    assert asked_codes(candidate) == ["DOMESTIC"]
    Customer.objects.filter(pk=contract.customer_id).update(country="DE", tax_id="DE123")
    checks.run(candidate_id=candidate.pk)
    candidate.refresh_from_db()
    assert candidate.codes == ["TAX_MISSING"], "the quote was for another code"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (RuleSpec("", {"answer": "tax_code"}), "Rule 1: It names no tax code."),
        (RuleSpec("", {"answer": "not_determined", "tax_code": "A"}), "Rule 1: It determines nothing"),
        (RuleSpec("", {"answer": "as_set_up", "tax_code": "A"}), "Rule 1: It leaves the tax code as it is set up"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(rule, problem):
    writer = factories.user(Role.INTEGRATION_ADMIN, everything=True)
    made = tables.draft(kind=line_rules.TAX.name, legal_entity="", by=writer, rules=[rule])
    (found,) = tables.check(table_id=made.pk, by=writer, seen_version=made.version).problems
    assert str(found).startswith(problem)


def test_a_draft_run_tells_what_publishing_would_book_elsewhere(landscape):
    first, second = (money.contract_in(landscape, number) for number in ("C-1", "C-2"))
    publish(line_rules.REVENUE, booked("", "400"))
    invoice = money.posted_in(landscape, money.ready_in(landscape, first))
    candidate = money.ready_in(landscape, second, hours="2")
    writer = factories.user(Role.INTEGRATION_ADMIN, everything=True)
    draft = tables.draft(kind=line_rules.REVENUE.name, legal_entity="", by=writer,
                         rules=[booked("kind == 'time'", "500", department="1"), nothing()])  # fmt: skip
    march = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
    run = draft_runs.start(table_id=draft.pk, legal_entity="US01", by=writer, **march)
    drain_once()
    run.refresh_from_db()
    assert (run.state, run.examined, run.changed, run.undecidable) == ("done", 2, 2, {})
    assert {row.label: (row.before, row.after) for row in run.documents.all()} == {
        f"Invoice {invoice.number}: Account 400": (1200, 0),
        f"Invoice {invoice.number}: Account 500, department 1": (0, 1200),
        f"Candidate {candidate.number}: Account 400": (300, 0),
        f"Candidate {candidate.number}: Account 500, department 1": (0, 300),
    }
    tables.check(table_id=draft.pk, by=writer, seen_version=draft.version)
    draft.refresh_from_db()
    tables.publish(table_id=draft.pk, by=factories.user(everything=True), seen_version=draft.version)
    drain_once()
    assert candidate.lines.get().assigned["revenue"]["account"] == "500", "as the run said"


def test_lines_of_before_are_not_decidable(landscape):
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-1"))
    CandidateLine.objects.filter(candidate=candidate).update(assigned={})
    found = Lines("tax").examine(candidate.pk, Period("US01", date(2026, 1, 1), date(2026, 12, 31)), compiled(
        line_rules.TAX, [code("", "X")]))  # fmt: skip
    assert (found.examined, found.changed, found.undecidable) == (1, 0, {NOT_KEPT: 1})


def test_a_legal_entity_of_its_own(landscape):
    factories.legal_entity("GB01", currency="GBP", country="GB")
    publish(line_rules.TAX, code("", "GB"), legal_entity="GB01")
    candidate = money.ready_in(landscape, money.contract_in(landscape, "C-1"))
    assert asked_codes(candidate) == [""]
