"""Invoices, credit memos and the work behind them as PDF: the figures that were posted, text that stays text."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from billing.actions import papers
from billing.models import Candidate, CreditMemo, Invoice, Paper, PaperPart, Piece
from billing.papers import backup, figures
from contracts.models import Customer, LegalEntity
from integration_hub.effects.models import Effect
from integration_hub.kernel.errors import Denied, NotReady
from integration_hub.trail.models import Event
from integration_hub.work.inprocess import drain_once
from tests import factories
from tests.integration.billing.screens import HTMX, nobody, of, outsider, signed_in, text
from tests.pdf import Pdf
from tests.worlds import shared

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:No directory at")]
HOSTILE = '#read("/etc/passwd") $x^2$ *bold* #import "@preview/x:1.0.0" <label> \\ @cite [box] = Head'
DOCUMENT, BACKUP = Paper.Kind.DOCUMENT, Paper.Kind.BACKUP


@shared
def candidate() -> Candidate:
    """20 minutes three times at 142, an expense, and text that a typesetter could stumble over."""
    entity = factories.legal_entity("DE01", currency="EUR", country="DE")
    LegalEntity.objects.filter(pk=entity.pk).update(
        name="Müller & Söhne GmbH", street="Torstraße 12", postal_code="10119", city="Berlin", tax_id="DE811907980",
        remittance="IBAN DE02 1203\nBIC BYLADEM1001",
    )  # fmt: skip
    client = factories.customer(name="Żółw Ελληνικά 中文 A.Ş.")
    contract = factories.contract_active("C-P", entity=entity, client=client, rate="142", po_number="PO-7",
                                         po_amount="9000")  # fmt: skip
    factories.line(contract, number=2, method="expense")
    ann = factories.resource("Ann Ångström", role="Architect")
    for day in (3, 4, 5):
        factories.time_entry(
            contract, hours="0.3333333333", on=date(2026, 3, day), by_whom=ann, description=HOSTILE, decide=False
        )
    factories.expense(contract, amount="61.32", on=date(2026, 3, 6), description="Taxi\u202e 中", category="Travel")
    return factories.candidate_ready(contract, hours="2", prepared_by=factories.user(everything=True))


@pytest.fixture
def fiona():
    return factories.user(everything=True)


def read(candidate: Candidate, kind: str, by) -> Pdf:
    return Pdf(papers.hand_out(draft=papers.draft_of(candidate, kind), by=by).body)


def joined(pdf: Pdf) -> str:
    return pdf.text.replace("\n", "")


def post(candidate: Candidate, number: str = "INV-0815") -> Invoice:
    return factories.invoice_posted(candidate, number=number, due_on=date(2026, 4, 30))


# -- the document ------------------------------------------------------------------------------------------------


def test_a_draft_says_that_it_is_one(candidate, fiona):
    printed = joined(read(candidate, DOCUMENT, fiona))
    assert "DRAFT" in printed
    assert "Proforma, not a tax invoice: it is not posted." in printed
    assert candidate.number in printed
    file = papers.hand_out(draft=papers.draft_of(candidate, DOCUMENT), by=fiona)
    assert file.name == f"{candidate.number}-draft.pdf"


def test_a_posted_invoice_shows_what_was_sent(candidate, fiona):
    invoice = post(candidate)
    candidate.refresh_from_db()
    pdf = read(candidate, DOCUMENT, fiona)
    printed = joined(pdf)
    assert "DRAFT" not in printed
    assert "INV-0815" in printed
    assert f"our reference {candidate.number}" in printed
    for words in ("Müller & Söhne GmbH", "Torstraße 12", "10119 Berlin", "Germany", "DE811907980", "BIC BYLADEM1001",
                  "PO-7", "30 Apr 2026", "31 Mar 2026", "2 Mar 2026 – 6 Mar 2026", "C-P · Advisory"):  # fmt: skip
        assert words in printed, words
    sent = invoice.effect.payload
    data = figures.document(candidate)
    plain = [Decimal(line["net"].replace(",", "")) for line in data["lines"]]
    assert plain == [Decimal(line["amount"]) for line in sent["lines"]]
    for name, figure in (("net", invoice.net), ("tax", invoice.tax), ("gross", invoice.gross)):
        assert Decimal(data[name].replace(",", "")) == figure == Decimal(sent[{"tax": "tax_total"}.get(name, name)])
        assert data[name] in printed
    assert sum(Decimal(row["tax"].replace(",", "")) for row in data["taxes"]) == invoice.tax
    assert f"Tax 10 % on {data['net']}" in printed


def test_the_figures_are_those_of_the_effect_and_of_nothing_else(candidate, fiona):
    """Negative control: the document follows what was sent, and refuses what does not add up."""
    invoice = post(candidate)
    payload = invoice.effect.payload
    payload["lines"][0]["description"] = "As it was sent"
    Effect.objects.filter(pk=invoice.effect_id).update(payload=payload)
    candidate.refresh_from_db()
    assert "As it was sent" in joined(read(candidate, DOCUMENT, fiona))
    payload["net"] = "1"
    Effect.objects.filter(pk=invoice.effect_id).update(payload=payload)
    with pytest.raises(NotReady, match="do not add up to its net"):
        figures.document(candidate)


def test_what_a_legal_entity_lacks_is_said(candidate, fiona):
    LegalEntity.objects.filter(code="DE01").update(street="", tax_id="")
    candidate = Candidate.objects.get(pk=candidate.pk)
    assert "Not on record: address, tax number" in joined(read(candidate, DOCUMENT, fiona))


def test_a_retainer_lowers_what_is_due(candidate, fiona):
    Candidate.objects.filter(pk=candidate.pk).update(drawdown=Decimal("100"))
    candidate = Candidate.objects.get(pk=candidate.pk)
    printed = joined(read(candidate, DOCUMENT, fiona))
    due = candidate.gross - 100
    assert "Paid from retainer−100.00" in printed
    assert f"Amount due{due:,.2f}" in printed


def test_a_credit_memo_names_what_it_credits(candidate, fiona):
    from billing.actions import crediting

    invoice = post(candidate)
    credit = crediting.ask(
        invoice_id=invoice.pk, by=fiona, seen_version=invoice.version, wanted=crediting.Wanted(), on=date(2026, 4, 30),
        reason="GOODWILL", rebillable=False, note="Agreed",
    )  # fmt: skip
    printed = joined(read(credit, DOCUMENT, fiona))
    assert "Credit memo" in printed
    assert "INV-0815 of 31 Mar 2026" in printed
    assert "Credits INV-0815, line 1" in printed
    assert f"Total credit{invoice.gross:,.2f}" in printed
    assert "Amount due" not in printed
    assert not CreditMemo.objects.exists()
    assert "No work goes back" in joined(read(credit, BACKUP, fiona))


# -- text, standard, determinism ---------------------------------------------------------------------------------


def test_text_of_others_is_printed_and_never_interpreted(candidate, fiona):
    printed = "".join(read(candidate, BACKUP, fiona).text.split())
    assert printed.count("".join(HOSTILE.split())) == 3
    assert "root:" not in printed


def test_what_cannot_be_printed_is_shown_by_its_code(candidate, fiona):
    printed = joined(read(candidate, BACKUP, fiona))
    assert "Żółw Ελληνικά [U+4E2D][U+6587] A.Ş." in printed
    assert "Taxi[U+202E] [U+4E2D]" in printed
    assert "Ann Ångström" in printed


def test_it_is_tagged_pdf_a_with_its_fonts(candidate, fiona):
    body = read(candidate, DOCUMENT, fiona).body
    assert b"<pdfaid:part>2</pdfaid:part>" in body
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in body
    assert b"/MarkInfo<</Marked true" in body
    assert body.count(b"/FontFile3 ") == body.count(b"/Type/FontDescriptor")


def test_the_same_document_is_the_same_bytes(candidate, fiona):
    for kind in (DOCUMENT, BACKUP):
        drafts = [papers.draft_of(Candidate.objects.get(pk=candidate.pk), kind) for _ in range(2)]
        assert drafts[0].part(1) == drafts[1].part(1)
        assert drafts[0].fingerprint == drafts[1].fingerprint
    before = papers.draft_of(candidate, DOCUMENT).fingerprint
    Customer.objects.filter(pk=candidate.bill_to.customer_id).update(city="Kraków")
    assert papers.draft_of(Candidate.objects.get(pk=candidate.pk), DOCUMENT).fingerprint != before


def test_templates_reach_for_nothing_outside():
    for path in papers.TEMPLATES.glob("*.typ"):
        source = path.read_text()
        for word in ("@preview", "eval(", "read(", "plugin(", "image("):
            assert word not in source, f"{path.name}: {word}"


# -- the work behind it ------------------------------------------------------------------------------------------


def test_the_entries_of_each_line_add_up_to_it(candidate, fiona):
    found = backup.entries(candidate)
    by_line = {line.number: line.net for line in candidate.lines.all()}
    assert {n: sum(entry.net for entry in found if entry.line == n) for n in by_line} == by_line
    assert len(found) == 5
    pdf = joined(read(candidate, BACKUP, fiona))
    for net in by_line.values():
        assert f"{net:,.2f}" in pdf
    assert f"{candidate.net:,.2f} EUR net" in pdf


def test_entries_that_do_not_add_up_are_not_printed(candidate):
    piece = Piece.objects.filter(candidate_line__candidate=candidate, is_current=True).first()
    Piece.objects.filter(pk=piece.pk).update(net=piece.net + Decimal("0.01"))
    with pytest.raises(NotReady, match="do not add up to its lines"):
        backup.entries(candidate)


@pytest.fixture
def short_parts(monkeypatch):
    monkeypatch.setattr(backup, "PART", 2)
    monkeypatch.setattr(papers, "AT_ONCE", 3)


def test_a_long_backup_is_set_by_the_workers(candidate, fiona, short_parts):
    draft = papers.draft_of(candidate, BACKUP)
    with pytest.raises(NotReady, match="is set by the workers"):
        papers.hand_out(draft=draft, by=fiona)
    paper = papers.order(draft=draft, by=fiona)
    assert (paper.entries, paper.parts_total, paper.state) == (5, 3, "making")
    assert papers.order(draft=draft, by=fiona) == paper
    drain_once()
    paper.refresh_from_db()
    assert (paper.state, paper.parts_done) == ("ready", 3)
    file = papers.hand_out(draft=papers.draft_of(candidate, BACKUP), by=fiona)
    assert file == papers.hand_out(draft=papers.draft_of(candidate, BACKUP), by=fiona)
    with zipfile.ZipFile(io.BytesIO(file.body)) as archive:
        pages = [joined(Pdf(archive.read(name))) for name in archive.namelist()]
        assert archive.namelist()[0] == f"{candidate.number}-backup-draft-1-of-3.pdf"
    assert "part 1 of 3" in pages[0]
    assert "Goes on in the next part." in pages[0]
    assert "(continued)" in pages[1]
    assert ["All entries" in page for page in pages] == [False, False, True]


def test_figures_that_move_meanwhile_make_another_paper(candidate, fiona, short_parts):
    paper = papers.order(draft=papers.draft_of(candidate, BACKUP), by=fiona)
    Customer.objects.filter(pk=candidate.bill_to.customer_id).update(name="Renamed")
    drain_once()
    paper.refresh_from_db()
    assert paper.state == "failed"
    assert "ask for it again" in paper.error
    again = papers.order(draft=papers.draft_of(Candidate.objects.get(pk=candidate.pk), BACKUP), by=fiona)
    drain_once()
    assert list(Paper.objects.values_list("pk", "state")) == [(again.pk, "ready")]
    assert PaperPart.objects.count() == 3


def test_a_document_too_long_for_one_file_is_refused(candidate, fiona, monkeypatch):
    monkeypatch.setattr(papers, "LONGEST", 1)
    with pytest.raises(NotReady, match="group the lines"):
        papers.order(draft=papers.draft_of(candidate, DOCUMENT), by=fiona)


# -- who, screens, files -----------------------------------------------------------------------------------------


def test_each_export_is_in_the_trail(candidate, fiona):
    file = papers.hand_out(draft=papers.draft_of(candidate, BACKUP), by=fiona)
    told = Event.objects.get(action="billing.candidate.exported")
    assert told.data["file"] == file.name == f"{candidate.number}-backup-draft.pdf"
    assert told.data["content_hash"] == candidate.content_hash
    assert (told.actor, told.legal_entity) == (fiona.username, "DE01")


def test_only_who_may_see_it_gets_it(candidate):
    stranger = factories.user(entities=("US01",))
    with pytest.raises(Denied):
        papers.hand_out(draft=papers.draft_of(candidate, DOCUMENT), by=stranger)
    elsewhere, without = of(stranger), nobody()
    for step in ("document/", "backup/", "entries/", "backup/making/", "document/order/"):
        url = f"/billing/candidates/{candidate.pk}/{step}"
        assert elsewhere.get(url).status_code == 404, step
        assert without.get(url).status_code == 403, step
    assert outsider().get(f"/billing/candidates/{candidate.pk}/document/").status_code == 200


def test_the_pages_lead_to_the_files(candidate):
    browser = signed_in(everything=True)
    page = text(browser.get(f"/billing/candidates/{candidate.pk}/"))
    for step in ("document", "entries"):
        assert f"/billing/candidates/{candidate.pk}/{step}/" in page
    answer = browser.get(f"/billing/candidates/{candidate.pk}/document/")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{candidate.number}-draft.pdf"'
    invoice = post(candidate)
    assert f"/billing/candidates/{candidate.pk}/document/" in text(browser.get(f"/billing/invoices/{invoice.pk}/"))


def test_the_page_of_a_long_one_asks_and_shows_how_far_it_is(candidate, short_parts):
    browser = signed_in(everything=True)
    start = f"/billing/candidates/{candidate.pk}/backup/"
    assert browser.get(start)["Location"] == f"{start}making/"
    assert "Have it set" in text(browser.get(f"{start}making/"))
    assert browser.post(f"{start}order/").status_code == 422
    assert browser.post(f"{start}order/", {"version": candidate.version}).status_code == 302
    part = text(browser.get(f"{start}making/", headers=HTMX))
    assert "<html" not in part
    assert "0 of 3 parts set" in " ".join(part.split())
    drain_once()
    assert "ZIP of 3 PDFs" in text(browser.get(f"{start}making/"))
    assert browser.get(start)["Content-Type"] == "application/zip"


def test_a_page_says_why_nothing_can_be_printed(candidate):
    Piece.objects.filter(candidate_line__candidate=candidate, is_current=True).update(net=Decimal("1"))
    browser = signed_in(everything=True)
    assert "do not add up" in text(browser.get(f"/billing/candidates/{candidate.pk}/backup/making/"), 409)


def test_the_detail_is_a_list_and_a_workbook(candidate):
    from openpyxl import load_workbook

    from tests.screens import assert_list

    browser = signed_in(everything=True)
    url = f"/billing/candidates/{candidate.pk}/entries/"
    assert "Ann Ångström" in assert_list(browser, url)
    answer = browser.get(f"{url}?format=xlsx&show=line_text&show=role")
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    rows = list(book["Rows"].values)
    heads = rows[0]
    assert heads[:3] == ("Line", "Line text", "Date")
    net = heads.index("Net")
    assert sum(Decimal(str(row[net])) for row in rows[1:]) == candidate.net
    assert {row[net + 1] for row in rows[1:]} == {"EUR"}
    assert rows[1][2].date() == date(2026, 3, 2)
    about: dict[str, str] = dict(book["About"].values)
    assert about["rows"] == "5"


def test_concessions_have_an_empty_list(candidate, fiona):
    from billing.actions import crediting

    invoice = post(candidate)
    credit = crediting.ask(
        invoice_id=invoice.pk, by=fiona, seen_version=invoice.version, wanted=crediting.Wanted(), on=date(2026, 4, 30),
        reason="GOODWILL", rebillable=False, note="Agreed",
    )  # fmt: skip
    page = text(of(fiona).get(f"/billing/candidates/{credit.pk}/entries/"))
    assert "No work is behind its lines" in page
