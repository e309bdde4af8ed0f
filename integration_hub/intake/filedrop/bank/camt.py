"""camt.053 as banks write it, versions 02 to 13: read entry by entry, so that a long statement needs no memory.

What differs between versions stands in few places: a status is a text or has a code, a party may be wrapped, and a
detail has its amount in one of two places.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError  # types and errors; reading is defusedxml's

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from integration_hub.intake.filedrop.bank.lines import LONGEST, Line, Statement, Tally, day, refused

_ROOT = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d\d)\}Document")
_OTHER = re.compile(r"\{[^}]*?([a-z]{4}\.\d{3}\.\d{3}\.\d\d)\}")
_AMOUNT = re.compile(r"\d{1,18}(\.\d{1,6})?")
_DIRECTIONS = {"CRDT": "credit", "DBIT": "debit"}
_STATES = {"BOOK": "booked", "PDNG": "pending", "INFO": "pending", "FUTR": "pending"}
_NO_ID = "NOTPROVIDED"
OPENING, CLOSING = ("OPBD", "PRCD", "ITBD"), ("CLBD", "ITBD")
"""Codes of balances in the order they count; the pages of a long statement are joined by intermediate ones."""


def read(path: Path, name: str) -> Iterator[Line | Statement]:
    """The lines of each statement, then the statement itself. Raises BadInput for a file that is none."""
    with path.open("rb") as stream:
        try:
            yield from _statements(stream, name)
        except DefusedXmlException:
            remedy = "No bank writes these. Do not open the file; ask the bank where it comes from."
            raise refused(name, "", "declares a document type or entities, and is not read.", remedy) from None
        except (ParseError, LookupError, UnicodeError) as error:
            remedy = "It may be cut, or be in another encoding than its first line says: ask the bank for it again."
            raise refused(name, "", f"is not readable XML: {error}.", remedy) from None


def _statements(stream: BinaryIO, name: str) -> Iterator[Line | Statement]:
    parents: list[Element] = []
    reader: _Reader | None = None
    for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
        if event == "start":
            if not parents:
                _known(element.tag, name)
            element.tag = element.tag.rpartition("}")[2]  # one namespace, known by the root: paths are plain, and fast
            parents.append(element)
            continue
        parents.pop()
        if element.tag == "Ntry" and parents[-1].tag == "Stmt":
            reader = reader or _Reader(parents[-1], name)
            yield from reader.lines(element)
            parents[-1].remove(element)
        elif element.tag == "Stmt":
            reader = reader or _Reader(element, name)
            yield reader.finished(element)
            reader = None
            parents[-1].remove(element)


def _known(root: str, name: str) -> None:
    if _ROOT.fullmatch(root):
        return
    other = _OTHER.match(root)
    what = f"is {other[1]}, which is no camt.053 statement." if other else "is XML, but no camt.053 statement."
    raise refused(name, "", what, "Ask the bank for camt.053: other messages may list the same money twice.")


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("/"))


def _find(element: Element | None, path: str) -> Element | None:
    """The first element at a path, a step at a time: that is what the library does without Python."""
    for step in _steps(path):
        if element is None:
            return None
        element = element.find(step)
    return element


def _text(element: Element | None, *paths: str) -> str:
    """The first of these that says something."""
    for path in paths:
        found = _find(element, path)
        if found is not None and found.text and (told := " ".join(found.text.split())):
            return told
    return ""


def _all(element: Element, path: str) -> list[Element]:
    """Every element at the end of a path."""
    *before, last = _steps(path)
    parent = _find(element, before[0]) if before else element
    return parent.findall(last) if parent is not None else []


class _Reader:
    """One statement, from its head to its totals."""

    def __init__(self, head: Element, name: str) -> None:
        self._name = name
        account = _text(head, "Acct/Id/IBAN", "Acct/Id/Othr/Id")
        number, page = _text(head, "Id"), _text(head, "StmtPgntn/PgNb")
        balance = _find(head, "Bal/Amt")
        currency = _text(head, "Acct/Ccy") or (balance.get("Ccy", "") if balance is not None else "")
        paged = page and not (page == "1" and _text(head, "StmtPgntn/LastPgInd") == "true")
        told = Statement(account.replace(" ", ""), f"{number} page {page}" if number and paged else number, currency)
        self._tally, self._told = Tally(name, told), told
        self._entries = self._charged = 0
        self._day = ""

    # -- entries ----------------------------------------------------------------------------------------------------

    def lines(self, entry: Element) -> Iterator[Line]:
        """The lines of an entry: one, or one for each payment of a batch that says what each was."""
        self._entries += 1
        place = f"entry {self._entries} of {self._told.place}"
        state = _text(entry, "Sts/Cd", "Sts").upper()
        if state not in _STATES:
            raise refused(self._name, place, f"has the status {state!r}, which is none of {', '.join(_STATES)}.")
        direction, amount = self._direction(entry, place), self._amount(_find(entry, "Amt"), place)
        booked, valued = (self._day_of(entry, tag, place) for tag in ("BookgDt", "ValDt"))
        whole = Line(
            "", "", "", status=_STATES[state], direction=direction, booked_on=booked or valued,
            reversal="yes" if _text(entry, "RvslInd").lower() in ("true", "1") else "no", value_on=valued or booked,
            amount=f"{amount:f}", currency=self._told.currency, bank_reference=_text(entry, "AcctSvcrRef"),
            remittance=_text(entry, "AddtlNtryInf")[:LONGEST], code=_code(entry),
        )  # fmt: skip
        if not whole.booked_on:
            raise refused(self._name, place, "has neither a booking date nor a value date.")
        details = self._details(entry, place)
        for detail, part, each in self._split(details, direction, amount, entry, place):
            told = _detailed(whole, detail, part) if detail is not None else _joined(whole, details)
            yield self._tally.add(told._replace(direction=part, amount=f"{each:f}"), each)

    def _details(self, entry: Element, place: str) -> list[Element]:
        found: list[Element] = []
        for group in _all(entry, "NtryDtls"):
            inside, said = _all(group, "TxDtls"), _text(group, "Btch/NbOfTxs")
            if inside and said and said != str(len(inside)):
                self._told.wrong(f"{place.partition(' of ')[0]} says it is a batch of {said}, {len(inside)} are there.")
            found += inside
        return found

    def _split(
        self, details: list[Element], direction: str, amount: Decimal, entry: Element, place: str
    ) -> list[tuple[Element | None, str, Decimal]]:
        """What becomes a line: the payments of a batch, or the entry where they do not say what each was."""
        if len(details) < 2:
            return [(details[0] if details else None, direction, amount)]
        parts = [(detail, self._part(detail, direction, place)) for detail in details]
        known = [(detail, part, each) for detail, (part, each) in parts if each is not None]
        if len(known) < len(details):
            return [(None, direction, amount)]
        total = sum((each if part == direction else -each for _, part, each in known), Decimal(0))
        if total == amount:
            return list(known)
        if not _all(entry, "Chrgs") and not any(_all(detail, "Chrgs") for detail in details):
            short = place.partition(" of ")[0]
            self._told.wrong(f"{short} is {amount:,}, and its {len(details)} payments add up to {total:,}.")
        return [(None, direction, amount)]  # charges are taken off between them: which of them, nobody says

    def _part(self, detail: Element, direction: str, place: str) -> tuple[str, Decimal | None]:
        """Direction and amount of a payment of a batch; None where it is not said in the currency of the account."""
        own = self._direction(detail, place) if _text(detail, "CdtDbtInd") else direction
        for steps in ("Amt", "AmtDtls/TxAmt/Amt"):
            found = _find(detail, steps)
            if found is not None and found.get("Ccy") == self._told.currency:
                return own, self._amount(found, place)
        return own, None

    def _direction(self, element: Element, place: str) -> str:
        said = _text(element, "CdtDbtInd")
        if said not in _DIRECTIONS:
            raise refused(self._name, place, f"is {said!r}: neither CRDT nor DBIT.")
        return _DIRECTIONS[said]

    def _amount(self, element: Element | None, place: str) -> Decimal:
        text = (element.text or "").strip() if element is not None else ""
        if not _AMOUNT.fullmatch(text):
            raise refused(self._name, place, f"has the amount {text!r}, which is not one.")
        currency = element.get("Ccy") if element is not None else ""
        if currency != self._told.currency:
            raise refused(self._name, place, f"is in {currency or 'no currency'}, not in {self._told.currency}.")
        return Decimal(text)

    def _day_of(self, entry: Element, tag: str, place: str) -> str:
        found = day(self._name, place, _text(entry, f"{tag}/Dt", f"{tag}/DtTm"))
        return found.isoformat() if found is not None else ""

    # -- totals -----------------------------------------------------------------------------------------------------

    def finished(self, statement: Element) -> Statement:
        """The statement with its balances, and what of its totals its lines do not make."""
        told = self._told
        balances = [(_text(row, "Tp/CdOrPrtry/Cd"), row) for row in _all(statement, "Bal")]
        first = _chosen(OPENING, balances)
        last = _chosen(CLOSING, balances[::-1])
        told.opening, told.first_on = self._balance(first)
        told.closing, told.last_on = self._balance(last if last is not first else None)
        told.balanced(required=True)
        for summary in _all(statement, "TxsSummry"):
            self._summary(summary)
        return self._tally.finished()

    def _balance(self, row: Element | None) -> tuple[Decimal | None, Any]:
        if row is None:
            return None, None
        place = f"a balance of {self._told.place}"
        amount = self._amount(_find(row, "Amt"), place)
        signed = amount if self._direction(row, place) == "credit" else -amount
        return signed, day(self._name, place, _text(row, "Dt/Dt", "Dt/DtTm"))

    def _summary(self, summary: Element) -> None:
        told = self._told
        pending = bool(told.pending.count)  # banks differ in whether they count what is not booked yet
        count = _text(summary, "TtlNtries/NbOfNtries")
        if count and not pending and count != str(self._entries):
            told.wrong(f"says it has {count} entries, {self._entries} are there.")
        sums = (("TtlCdtNtries", told.credits.sum, "credits"), ("TtlDbtNtries", told.debits.sum, "debits"))
        for tag, reached, what in (*sums, ("TtlNtries", told.credits.sum + told.debits.sum, "entries")):
            said = _text(summary, f"{tag}/Sum")
            if said and not pending and (not _AMOUNT.fullmatch(said) or Decimal(said) != reached):
                told.wrong(f"says its {what} add up to {said}, they make {reached:,}.")


def _chosen(codes: tuple[str, ...], balances: list[tuple[str, Element]]) -> Element | None:
    return next((row for wanted in codes for code, row in balances if code == wanted), None)


def _code(entry: Element) -> str:
    """What kind of business it was: domain, family and sub-family, or the bank's own code."""
    domain = [_text(entry, f"BkTxCd/Domn/{steps}") for steps in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "-".join(part for part in domain if part) or _text(entry, "BkTxCd/Prtry/Cd")[:60]


def _detailed(line: Line, detail: Element, direction: str) -> Line:
    """The line with what its payment says: who paid, and what they quoted."""
    there, side = ("Dbtr", "Ultmt") if direction == "credit" else ("Cdtr", "Ultmt")
    own = _text(detail, "Refs/EndToEndId")
    wrote = _wrote(detail) or line.remittance or _text(detail, "AddtlTxInf")
    parties = "RltdPties"
    return line._replace(
        bank_reference=_text(detail, "Refs/AcctSvcrRef") or line.bank_reference,
        end_to_end_id="" if own == _NO_ID else own,
        reference=_quoted(detail)[:200],
        remittance=wrote[:LONGEST],
        counterparty=_text(
            detail, f"{parties}/{there}/Nm", f"{parties}/{there}/Pty/Nm", f"{parties}/{side}{there}/Nm",
            f"{parties}/{side}{there}/Pty/Nm",
        )[:200],
        counterparty_account=_text(detail, f"{parties}/{there}Acct/Id/IBAN", f"{parties}/{there}Acct/Id/Othr/Id")[:60],
    )  # fmt: skip


def _joined(line: Line, details: list[Element]) -> Line:
    """An entry that stays one line says what all its payments say."""
    said = [text for detail in details if (text := _wrote(detail))]
    quoted = [text for detail in details if (text := _quoted(detail))]
    return line._replace(
        remittance=(" / ".join(said) or line.remittance)[:LONGEST], reference=" ".join(quoted)[:200]
    )  # fmt: skip


def _wrote(detail: Element) -> str:
    return " ".join(text for row in _all(detail, "RmtInf/Ustrd") if (text := " ".join((row.text or "").split())))


def _quoted(detail: Element) -> str:
    """The structured reference, else the documents that are named."""
    rows = _all(detail, "RmtInf/Strd")
    found = [_text(row, "CdtrRefInf/Ref") or _text(row, "RfrdDocInf/Nb") for row in rows]
    return " ".join(text for text in found if text)
