"""§3.1: every question, asked and answered both ways."""

from dataclasses import replace
from datetime import date

import pytest

from billing.engine.readiness import CandidateFacts, check, stops, warnings
from tests.unit.engine.build import d

DAY = date(2026, 3, 5)
READY = CandidateFacts(
    currency="USD", invoice_date=DAY, service_date=DAY, net=d(1000), gross=d(1080), line_count=3, tax=d(80)
)


def asked(**change):
    return check(replace(READY, **change))


def test_a_ready_candidate_answers_yes_to_everything():
    checks = check(READY)
    assert all(found.ok and not (found.code or found.message or found.owner_role or found.remedy) for found in checks)
    assert [found.number for found in checks] == [2, 9, 10, 11, 13, 14, 15, 16, 18, 22, 23, 25, 26, 28]
    assert (stops(checks), warnings(checks)) == ((), ())


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"amendment_pending": True, "amendment_lowers_price": True}, "AMENDMENT_PENDING", "lowers a price"),
        ({"po_required": True}, "PO_MISSING", "there is none"),
        ({"po_number": "4500", "po_expires_on": date(2026, 3, 4)}, "PO_EXPIRED", "PO 4500 expired on 2026-03-04"),
        (
            {"po_number": "4500", "po_amount": d("900"), "po_taken": d("12.5")},
            "PO_EXHAUSTED",
            "PO 4500 is 112.50 USD net short",
        ),
        ({"bill_to_verified": False}, "BILLTO_INCOMPLETE", "not verified"),
        ({"bill_to_missing": ("tax id", "address")}, "BILLTO_INCOMPLETE", "lacks tax id, address"),
        ({"customer_active": False}, "CUSTOMER_INACTIVE", "not active"),
        ({"credit_hold": True}, "CREDIT_HOLD", "credit hold"),
        ({"no_post_holds": ("TAX_REVIEW", "TAX_REVIEW")}, "TAX_REVIEW", "keeps it from posting: tax review"),
        ({"tax_quoted": False}, "TAX_MISSING", "has not answered"),
        ({"tax_of_engine": d("80.04")}, "TAX_VARIANCE", "says 80.04 USD, the lines say 80.00 USD"),
        ({"period_open": False}, "PERIOD_CLOSED", "No period is open"),
        ({"gross": d(-1)}, "NEGATIVE_TOTAL", "negative"),
        ({"net": d(0), "gross": d(0)}, "BELOW_MINIMUM", "nothing to charge"),
        ({"minimum": d(1001)}, "BELOW_MINIMUM", "1,001.00 USD"),
        ({"erp_customer_known": False, "erp_missing": ("item PM",)}, "ERP_MAPPING", "the customer, item PM"),
    ],
)
def test_a_stop_names_itself_an_owner_and_a_remedy(change, code, text):
    checks = asked(**change)
    assert stops(checks) == (code,)
    [failed] = [found for found in checks if not found.ok]
    assert text in failed.message
    assert failed.owner_role
    assert failed.remedy


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"amendment_pending": True}, "AMENDMENT_PENDING", "not in force"),
        ({"soft_caps_exceeded": ("2. Design",)}, "SOFT_CAP_EXCEEDED", "2. Design"),
        ({"retainers_unfunded": ("Advance",)}, "RETAINER_UNFUNDED", "Advance"),
        ({"earlier_nets": (d(100), d(110), d(90))}, "AMOUNT_ANOMALY", "1,000.00 USD where 100.00 USD is usual"),
        ({"earlier_nets": (d(9000), d(9000), d(9000))}, "AMOUNT_ANOMALY", "9,000.00 USD is usual"),
        ({"stragglers": 1, "stragglers_amount": d(50)}, "STRAGGLERS", "1 earlier piece of work, 50.00 USD"),
        ({"stragglers": 2, "stragglers_amount": d(50)}, "STRAGGLERS", "2 earlier pieces"),
    ],
)
def test_a_warning_does_not_stop(change, code, text):
    checks = asked(**change)
    assert (stops(checks), warnings(checks)) == ((), (code,))
    assert text in next(found.message for found in checks if not found.ok)


@pytest.mark.parametrize(
    "change",
    [
        {"po_required": True, "po_number": "4500", "po_amount": d(1000), "po_expires_on": DAY},
        {"tax_of_engine": d("80.03")},
        {"tax_of_engine": d("79.97")},
        {"accounting_date": DAY},
        {"service_date": date(2026, 3, 1), "accounting_date": date(2026, 3, 1)},
        {"earlier_nets": (d(100), d(100))},
        {"earlier_nets": (d(100), d(0), d(100), d(0))},
        {"earlier_nets": (d(900), d(1000), d(2000))},
        {"content_hash": "b", "approved_hashes": ("b",)},
    ],
)
def test_at_the_edge_it_is_still_fine(change):
    assert all(found.ok for found in asked(**change))


def test_tolerance_never_passes_five_cents():
    assert stops(asked(line_count=90, tax_of_engine=d("80.05"))) == ()
    assert stops(asked(line_count=90, tax_of_engine=d("80.06"))) == ("TAX_VARIANCE",)


def test_a_moved_accounting_date_is_only_noted():
    checks = asked(accounting_date=date(2026, 4, 1))
    assert (stops(checks), warnings(checks)) == ((), ())
    [note] = [found for found in checks if not found.ok]
    assert (note.level, note.code) == ("note", "PERIOD_CLOSED")
    assert "2026-04-01" in note.message


def test_every_open_hold_is_its_own_answer():
    assert stops(asked(no_post_holds=("TAX_REVIEW", "PO_AWAITED"))) == ("PO_AWAITED", "TAX_REVIEW")


def test_approvals_of_another_content_ask_for_new_ones_and_stop_nobody_who_gives_them():
    stale = asked(content_hash="b", approved_hashes=("a", "a"))
    assert (stops(stale), warnings(stale)) == ((), ("APPROVAL_STALE",))
    for given in ((), ("a", "b")):
        assert warnings(asked(content_hash="b", approved_hashes=given)) == ()


def test_a_credit_memo_is_asked_only_what_concerns_one():
    credit = {"kind": "credit_memo", "net": d(-100), "gross": d(-119)}
    checks = asked(**credit, po_required=True, credit_hold=True, tax_quoted=False, stragglers=3)
    assert [one.number for one in checks] == [13, 15, 18, 25, 26, 28]
    assert (stops(checks), warnings(checks)) == ((), ())
    assert stops(asked(**{**credit, "net": d(0)})) == ("BELOW_MINIMUM",)
    over = asked(**credit, over_credited=(("INV-1", d(30)),))
    assert stops(over) == ("OVER_CREDIT",)
    assert "INV-1 by 30.00 USD" in next(one.message for one in over if one.code == "OVER_CREDIT")
