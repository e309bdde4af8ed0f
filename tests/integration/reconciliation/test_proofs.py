"""The proof of an invoice: it holds as it is made, it is the same twice, and no change in it goes unnoticed."""

import copy
import json
import random
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.models import BillableEvent, Invoice
from integration_hub.intake.models import SourceVersion
from integration_hub.kernel.ids import content_hash
from integration_hub.trail.models import Event
from reconciliation.actions import proofs
from reconciliation.proof import statement, verifier
from tests import factories, screens
from tests.integration.api.conftest import call, problem
from tests.integration.billing.screens import outsider, signed_in, text
from tests.worlds import shared

__all__ = ["call"]

pytestmark = screens.SCREENS
SCRIPT = Path(verifier.__file__)


@shared
def invoice() -> Invoice:
    """Two entries of time in one invoice, partly paid."""
    contract = factories.contract_active("C-P")
    made = factories.invoice_posted(factories.candidate_ready(contract), number="INV-PROOF")
    factories.payment(made, amount="100.00", number="PAY-PROOF")
    payload = {"id": "m1", "time_in_minutes": 480, "notes": "Prüfung", "rate": 1.5}
    source = SourceVersion.objects.create(
        connection=made.effect.connection, entity="time_entry", source_id="m1", version="1", payload=payload,
        hash=content_hash(payload), status="applied",
    )  # fmt: skip
    BillableEvent.objects.filter(pieces__candidate_line__candidate=made.candidate).update(source_version=source)
    return Invoice.objects.select_related(*statement.PARTS).get(pk=made.pk)


@pytest.fixture
def proof(invoice) -> dict[str, Any]:
    return statement.of(invoice, payloads=True)


def wrong(proof: dict[str, Any]) -> list[str]:
    return [what for what, agrees, _ in verifier.findings(proof) if not agrees]


def sealed_anew(proof: dict[str, Any]) -> dict[str, Any]:
    """A forger's file: changed, with a digest that fits."""
    return {**proof, "digest": verifier.sha256(proof["content"])}


def run(file: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """The script as its reader runs it: alone, without our packages."""
    line = [sys.executable, "-I", str(file.with_name("verify_invoice.py")), str(file), *options]
    return subprocess.run(line, capture_output=True, text=True, check=False, cwd=file.parent)


@pytest.fixture
def handed_out(proof, tmp_path: Path) -> Path:
    (tmp_path / "verify_invoice.py").write_bytes(SCRIPT.read_bytes())
    file = tmp_path / "proof.json"
    file.write_bytes(statement.written(proof))
    return file


def test_the_proof_of_a_posted_invoice_holds(invoice, proof):
    assert wrong(proof) == []
    content = proof["content"]
    assert content["document"]["number"] == "INV-PROOF"
    assert [Decimal(row["net"]) for row in content["lines"]] == [invoice.net]
    assert {row["work"] for row in content["pieces"]} == {row["id"] for row in content["work"]}
    assert content["approval"]["content"]["number"] == content["document"]["our_number"]
    assert content["pieces"][0]["decision"]["trace"], "why it costs what it costs"
    assert [row["number"] for row in content["cash"]["payments"]] == ["PAY-PROOF"]
    assert content["work"][0]["source"]["payload"]["notes"] == "Prüfung"
    assert any(row["action"] == "billing.candidate.approved" for row in content["trail"])


def test_the_same_invoice_gives_the_same_bytes(invoice, proof):
    again = Invoice.objects.select_related(*statement.PARTS).get(pk=invoice.pk)
    assert statement.written(statement.of(again, payloads=True)) == statement.written(proof)


def test_the_script_stands_alone_and_says_so(handed_out, proof):
    said = run(handed_out)
    assert (said.returncode, said.stderr) == (0, "")
    assert "0 wrong: it holds." in said.stdout
    assert run(handed_out, "--digest", proof["digest"]).returncode == 0
    other = run(handed_out, "--digest", "0" * 64, "--json")
    assert other.returncode == 1
    assert [row["what"] for row in json.loads(other.stdout)["wrong"]] == ["the digest is the one that was issued"]


def test_every_changed_byte_is_found(handed_out):
    """One byte at a time, all over the file: it fails, or it is no proof any more."""
    whole = handed_out.read_bytes()
    plain = json.loads(whole)
    dice = random.Random(20260)
    for place in dice.sample(range(len(whole)), 400):
        changed = bytearray(whole)
        changed[place] = dice.choice([one for one in b'0123456789abcxyz"{}[]:, ' if one != changed[place]])
        try:
            read = json.loads(changed, object_pairs_hook=verifier.once, parse_constant=verifier.unreadable)
        except ValueError:
            continue
        if read == plain:  # a space where a space does not matter
            continue
        assert read.get("format") != verifier.FORMAT or not isinstance(read.get("content"), dict) or wrong(read), place


@pytest.mark.parametrize("harm", [
    lambda proof: proof.pop("digest"),
    lambda proof: proof.update(digest=None),
    lambda proof: proof["content"]["document"].update(customer="\ud800"),
    lambda proof: proof["content"].update(lines=None),
])  # fmt: skip
def test_a_proof_without_a_part_or_with_half_a_character_fails_in_words(proof, handed_out, harm):
    harm(proof)
    handed_out.write_text(json.dumps(proof))
    done = run(handed_out)
    assert (done.returncode, done.stderr) == (1, "")
    assert "WRONG" in done.stdout


FORGERIES = {
    "a cent more at the head": lambda c: c["document"].update(net="1200.01", gross="1320.01"),
    "a cent more on a line and at the head": lambda c: (
        c["lines"][0].update(net="1200.01"), c["document"].update(net="1200.01", gross="1320.01"),
    ),
    "a cent more down to the work": lambda c: (
        c["lines"][0].update(net="1200.01"), c["document"].update(net="1200.01", gross="1320.01"),
        c["pieces"][0].update(net=str(Decimal(c["pieces"][0]["net"]) + Decimal("0.01"))),
    ),
    "less tax": lambda c: (
        c["lines"][0].update(tax=str(Decimal(c["lines"][0]["tax"]) - 1)),
        c["document"].update(tax=str(Decimal(c["document"]["tax"]) - 1),
                             gross=str(Decimal(c["document"]["gross"]) - 1)),
    ),
    "more hours billed than worked": lambda c: c["work"][0].update(minutes="1"),
    "work that nobody approved": lambda c: c["work"][0].update(approval="submitted"),
    "the same work twice": lambda c: c["work"].append(copy.deepcopy(c["work"][0])),
    "an approver who prepared it": lambda c: c["approval"].update(prepared_by=c["approval"]["approvals"][0]["by"]),
    "nobody approved it": lambda c: c["approval"].update(approvals=[]),
    "another content was approved": lambda c: c["approval"]["content"].update(net="1"),
    "a payment less": lambda c: c["cash"]["payments"].clear(),
    "another write": lambda c: c["erp"]["key_of"].__setitem__(4, 2),
    "another body was sent": lambda c: c["erp"]["sent"].update(memo="other"),
    "another number in the ERP": lambda c: c["erp"].update(number="INV-1"),
    "the ERP's total": lambda c: c["erp"]["said"].update(gross="1"),
    "a line left out": lambda c: c["lines"].clear(),
    "another source record": lambda c: c["work"][0]["source"].update(payload={"minutes": 1}),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forger_who_writes_a_new_digest_is_found_all_the_same(proof, name):
    FORGERIES[name](proof["content"])
    assert wrong(sealed_anew(proof)), name


@pytest.mark.parametrize("part", ["document", "lines", "pieces", "work", "approval", "erp", "cash", "limits"])
def test_a_part_that_is_missing_is_said_and_stops_nothing_else(proof, part):
    del proof["content"][part]
    said = wrong(sealed_anew(proof))
    assert any("can be read" in what for what in said)


def test_what_is_no_proof_is_refused(tmp_path):
    (tmp_path / "verify_invoice.py").write_bytes(SCRIPT.read_bytes())
    for name, body in {"text": "hello", "list": "[]", "twice": '{"a": 1, "a": 2}', "nan": '{"a": NaN}',
                       "other": '{"format": "x", "content": {}}'}.items():  # fmt: skip
        file = tmp_path / f"{name}.json"
        file.write_text(body)
        said = run(file)
        assert said.returncode == 2
        assert "is no invoice proof" in said.stderr


def test_the_page_checks_it_and_the_file_is_noted(invoice):
    browser = signed_in("auditor")
    page = text(browser.get(f"/invoice-proofs/{invoice.pk}/"))
    assert "It holds." in page
    assert "No proof was handed out yet" in page
    assert not Event.objects.filter(action=proofs.EXPORTED).exists(), "looking at it hands nothing out"
    answer = browser.get(f"/invoice-proofs/{invoice.pk}/?file")
    proof = json.loads(answer.content)
    assert wrong(proof) == []
    [event] = Event.objects.filter(action=proofs.EXPORTED)
    assert (event.data["digest"], event.actor) == (proof["digest"], browser.person.username)
    assert proof["digest"] in text(browser.get(f"/invoice-proofs/{invoice.pk}/"))
    assert f"/invoice-proofs/{invoice.pk}/" in text(browser.get(f"/billing/invoices/{invoice.pk}/"))
    script = browser.get("/invoice-proofs/verify_invoice.py")
    assert script.content == SCRIPT.read_bytes()


def test_nobody_takes_along_what_they_do_not_see_here(invoice):
    assert text(outsider().get(f"/invoice-proofs/{invoice.pk}/"), 404)
    assert Event.objects.filter(action=proofs.EXPORTED).count() == 0
    made = statement.of(invoice, payloads=False)
    assert wrong(made) == []
    assert all("payload" not in row["source"] for row in made["content"]["work"])
    assert all(row["source"]["hash"] for row in made["content"]["work"])


def test_a_program_takes_it_too(call, invoice):
    answer = call("auditor").get(f"invoice-proofs/{invoice.pk}/")
    assert answer.status_code == 200
    assert wrong(answer.json()) == []
    problem(call("auditor", entities=("DE01",)).get(f"invoice-proofs/{invoice.pk}/"), 404)
    problem(call("auditor", "contracts:read").get(f"invoice-proofs/{invoice.pk}/"), 403)
