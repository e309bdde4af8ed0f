"""Which decisions a reference means: a printed or posted line, a document, a piece, an entry, a source record."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from billing.models import BillableEvent, CandidateLine, Decision, Piece

FORMS = (
    "an invoice or candidate number, with its line (INV-7/2) or without, piece:ID, event:ID, a work key, a source id"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One decision that a reference means, with those of its pieces that are meant."""

    decision: Decision
    pieces: list[Piece]


def decisions(text: str) -> list[Asked]:
    """What a reference means, one of `FORMS`, in the order of the document or of the work; nothing when unknown."""
    for find in (_by_id, _by_document, _by_work):
        if found := _grouped(find(text.strip())):
            return found
    return []


def _pieces() -> QuerySet[Piece]:
    related = ("decision__contract_version", "decision__event", "candidate_line__candidate", "line", "cap")
    return Piece.objects.select_related(*related).order_by("candidate_line__number", "event__service_date", "pk")


def _by_id(text: str) -> Iterable[Piece]:
    kind, _, number = text.partition(":")
    if not number.isdecimal() or kind not in {"piece", "event"}:
        return ()
    return _pieces().filter(pk=number) if kind == "piece" else _of_works(Q(pk=number))


def _by_document(text: str) -> Iterable[Piece]:
    """Pieces of a document by the ERP's number or ours, or of one line of it."""
    number, _, line = text.rpartition("/")
    whole = Q(candidate__number__iexact=text) | Q(invoice_line__invoice__number__iexact=text)
    whole |= Q(candidate__credit_memo__number__iexact=text)
    if number and line.isdecimal():
        ours = Q(candidate__number__iexact=number) | Q(candidate__credit_memo__number__iexact=number)
        whole |= Q(number=line) & ours
        whole |= Q(invoice_line__number=line, invoice_line__invoice__number__iexact=number)
    return _pieces().filter(candidate_line__in=CandidateLine.objects.filter(whole).values("pk"))


def _by_work(text: str) -> Iterable[Piece]:
    """By work key; by the id in the source, or the source's whole name as `trace` prints it."""
    parts = text.split("/")
    source = Q(source_version__source_id=text)
    if len(parts) == 3:
        source |= Q(
            source_version__connection__code=parts[0],
            source_version__entity=parts[1],
            source_version__source_id=parts[2],
        )
    return list(_of_works(Q(work_key=text))) or _of_works(source)


def _of_works(which: Q) -> QuerySet[Piece]:
    """Current pieces of works, those that stand of earlier versions with them."""
    keys = BillableEvent.objects.filter(which).values("work_key")
    return _pieces().filter(event__work_key__in=keys, is_current=True)


def _grouped(pieces: Iterable[Piece]) -> list[Asked]:
    found: dict[int, Asked] = {}
    for piece in pieces:
        found.setdefault(piece.decision_id, Asked(piece.decision, [])).pieces.append(piece)
    return list(found.values())
