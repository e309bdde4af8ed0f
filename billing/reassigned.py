"""Lines of documents, asked again by a draft what they are taxed or booked as: which net would go elsewhere.

Lines of candidates that are not posted are asked as their next check would ask; those of posted documents with what
was known of them then, which was kept. What credits a line, or adds to its price, follows that line and is not asked.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db.models import QuerySet

from billing import assigned
from billing.actions.candidates import CHECKED
from billing.actions.line_rules import inputs_of
from billing.engine import line_rules
from billing.models import Candidate, CandidateLine
from billing.redecided import document_of
from integration_hub.kernel.ids import content_hash
from integration_hub.kernel.money import ZERO
from integration_hub.rules.history import Document, Found, Otherwise, Period
from integration_hub.rules.tables import Table

NOT_KEPT = "Printed before rules said what lines are taxed and booked as"


@dataclass(frozen=True, slots=True)
class Lines:
    """The history of one of the tables of lines: documents by their date."""

    what: Literal["tax", "revenue"]
    noun: str = "documents"

    def legal_entities(self) -> list[str]:
        """Those that have documents."""
        rows = Candidate.objects.order_by("legal_entity__code")
        return list(rows.values_list("legal_entity__code", flat=True).distinct())

    def count(self, period: Period) -> int:
        """How many documents have such a date."""
        return _documents(period).count()

    def following(self, period: Period, after: int) -> int | None:
        """The next of them."""
        return _documents(period).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True).first()

    def examine(self, unit: int, period: Period, draft: Table) -> Found:
        """What the draft makes of the lines of a document."""
        candidate = _documents(period).select_related(
            "legal_entity", "contract", "bill_to__customer", "invoice"
        ).get(pk=unit)  # fmt: skip
        return _Lines(candidate, self.what, draft).found()


def _documents(period: Period) -> QuerySet[Candidate]:
    dated = Candidate.objects.filter(invoice_date__range=(period.first, period.last))
    return dated.filter(legal_entity__code=period.legal_entity).exclude(status=Candidate.Status.DISSOLVED)


class _Lines:
    def __init__(self, candidate: Candidate, what: Literal["tax", "revenue"], draft: Table) -> None:
        self._candidate = candidate
        self._what = what
        self._draft = draft
        self._subject, self._label = document_of(candidate)

    def found(self) -> Found:
        rows = self._candidate.lines.filter(corrects=None, adjusts=None).select_related("contract_line")
        lines = [line for line in rows.order_by("number") if self._is_asked(line)]
        asked = [line for line in lines if line.assigned]
        compared = [(line, *self._both(line)) for line in asked]
        moved = [row for row in compared if _says(row[1]) != _says(row[2])]
        missing = len(lines) - len(asked)
        return Found(
            examined=len(lines),
            undecidable={NOT_KEPT: missing} if missing else {},
            documents=tuple(self._shifts(moved)),
            decisions=tuple(self._otherwise(*row) for row in moved),
            digest=content_hash([[line.pk, line.assigned, str(line.net)] for line in lines]),
        )

    def _is_asked(self, line: CandidateLine) -> bool:
        return line.kind not in ("retention", "deposit") and (self._what == "revenue" or line.kind != "passed_on")

    def _both(self, line: CandidateLine) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is said of a line now, and what the draft says."""
        waiting = self._candidate.status in CHECKED
        inputs = inputs_of(self._candidate, line) if waiting else line.assigned["inputs"]
        return line.assigned[self._what], line_rules.answer(self._draft, inputs)

    def _shifts(self, moved: list[tuple[CandidateLine, dict[str, Any], dict[str, Any]]]) -> list[Document]:
        """The net of a document by what it is, and would be, taxed or booked as, where that moves."""
        before: dict[str, Decimal] = defaultdict(Decimal)
        after: dict[str, Decimal] = defaultdict(Decimal)
        lines: Counter[str] = Counter()
        for line, was, would_be in moved:
            for said, sums in ((was, before), (would_be, after)):
                words = assigned.in_words(self._what, said)
                sums[words] += line.net
                lines[words] += 1
        return [
            Document(
                subject=self._subject,
                label=f"{self._label}: {words}",
                customer=self._candidate.bill_to.customer.name,
                currency=self._candidate.currency,
                before=before.get(words, ZERO),
                after=after.get(words, ZERO),
                decisions=lines[words],
            )
            for words in sorted(lines)
        ]

    def _otherwise(self, line: CandidateLine, was: dict[str, Any], would_be: dict[str, Any]) -> Otherwise:
        return Otherwise(
            subject=self._subject,
            label=f"{self._label}, line {line.number} · {line.description}",
            was=f"{assigned.in_words(self._what, was)} ({assigned.rule_of(was)})",
            would_be=f"{assigned.in_words(self._what, would_be)} ({assigned.rule_of(would_be)})",
            currency=self._candidate.currency,
            before=line.net,
            after=line.net,
        )


def _says(said: dict[str, Any]) -> list[Any]:
    """What of an answer another system is told."""
    return [said.get(name, "") for name in ("answer", "tax_code", *line_rules.BOOKED)]
