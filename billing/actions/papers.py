"""Documents set as PDF: short ones while somebody waits, long ones by a lane, part by part (billing.md §5.4)."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction

from billing import policies
from billing.models import Candidate, Paper, PaperPart
from billing.papers import backup, figures
from integration_hub.console.typesetting import digest_of, set_pdf
from integration_hub.kernel.clock import now
from integration_hub.kernel.errors import NotReady
from integration_hub.kernel.failures import Failed
from integration_hub.kernel.ids import content_hash
from integration_hub.people.models import User
from integration_hub.trail.record import event
from integration_hub.work.actions import items

TEMPLATES = Path(__file__).parent.parent / "papers" / "templates"
KIND = "billing.paper"
AT_ONCE = 400
"""Lines or entries that are set while somebody waits: a second. More are set by a lane."""
LONGEST = 5_000
"""Lines of one document: it cannot be cut into parts, and all of it is in memory while it is set."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to hand out."""

    name: str
    body: bytes
    content_type: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a paper is set from: the data of each part, made when it is asked for."""

    kind: str
    candidate: Candidate
    document: dict[str, Any]
    found: Sequence[backup.Entry]

    @property
    def entries(self) -> int:
        """How long it is, in lines or entries."""
        return len(self.found) if self.kind == Paper.Kind.BACKUP else len(self.document["lines"])

    @property
    def parts(self) -> int:
        """Files it is set in."""
        return len(backup.parts(self.found)) if self.kind == Paper.Kind.BACKUP else 1

    @property
    def fingerprint(self) -> str:
        """Hash of everything that is in it, and of what it looks like."""
        entries = [[getattr(entry, name) for name in entry.__slots__] for entry in self.found]
        return content_hash([self.kind, digest_of(TEMPLATES), self.document, entries])

    def part(self, number: int) -> bytes:
        """One part as PDF, the first is 1."""
        on = self.candidate.invoice_date
        if self.kind == Paper.Kind.DOCUMENT:
            return set_pdf(TEMPLATES / "invoice.typ", self.document, on=on)
        return set_pdf(TEMPLATES / "backup.typ", self.data(number), on=on)

    def data(self, number: int) -> dict[str, Any]:
        """What one part of the backup shows."""
        kept = ("kind", "posted", "number", "paper", "issuer", "client", "contract", "service", "currency")
        return {
            **{name: self.document[name] for name in kept},
            "part": str(number),
            "parts": str(self.parts),
            "count": f"{self.entries:,}",
            "total": backup.totals(self.candidate, self.found),
            "groups": backup.groups(self.candidate, self.found, number),
        }

    def name(self, number: int = 1) -> str:
        """The name of a part's file."""
        words = [self.document["number"], "backup" if self.kind == Paper.Kind.BACKUP else ""]
        if not self.document["posted"]:
            words.append("draft")
        if self.parts > 1:
            words.append(f"{number}-of-{self.parts}")
        return f"{_file_safe('-'.join(filter(None, words)))}.pdf"


def draft_of(candidate: Candidate, kind: str) -> Draft:
    """What a document or backup is set from, as it stands now. Raises NotReady when figures do not add up."""
    found = backup.entries(candidate) if kind == Paper.Kind.BACKUP else []
    return Draft(kind, candidate, figures.document(candidate), found)


def is_long(draft: Draft) -> bool:
    """Whether a lane sets it."""
    return draft.entries > AT_ONCE


def hand_out(*, draft: Draft, by: User) -> File:
    """The file: set now where it is short, the kept one where a lane has set it. Recorded, with what it hashes to.

    Raises NotReady while a long one is not set. Several parts come in one ZIP.
    """
    policies.can_see(by, draft.candidate.legal_entity.code).or_raise()
    file = _kept(draft) if is_long(draft) else File(draft.name(), draft.part(1))
    told(draft.candidate, draft.kind, file, by=by)
    return file


def told(candidate: Candidate, kind: str, file: File, *, by: User) -> None:
    """A document left the house: who took it, and the hash of what it was."""
    event(
        "billing.candidate.exported",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        document=kind,
        file=file.name,
        sha256=hashlib.sha256(file.body).hexdigest(),
        content_hash=candidate.content_hash,
    )


def _kept(draft: Draft) -> File:
    paper = current(draft)
    if paper is None or paper.state != Paper.State.READY:
        raise NotReady(f"{draft.name()} is long: it is set by the workers. Ask for it, then fetch it when it is ready.")
    bodies = [bytes(body) for body in paper.parts.order_by("number").values_list("body", flat=True)]
    if len(bodies) == 1:
        return File(draft.name(), bodies[0])
    name = draft.name(1).replace(f"-1-of-{len(bodies)}.pdf", ".zip")
    return File(name, _zipped([(draft.name(place), body) for place, body in enumerate(bodies, 1)]), "application/zip")


def _zipped(files: Sequence[tuple[str, bytes]]) -> bytes:
    """The same bytes for the same files: PDF is compressed already, and no clock is read."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in files:
            archive.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue()


def current(draft: Draft) -> Paper | None:
    """The paper of exactly this content, whatever its state."""
    return Paper.objects.filter(candidate=draft.candidate, kind=draft.kind, fingerprint=draft.fingerprint).first()


@transaction.atomic
def order(*, draft: Draft, by: User) -> Paper:
    """Have a long paper set; the one that is there already where nothing changed since. An older one is given up.

    Raises NotReady for a document of more lines than can be set.
    """
    candidate = draft.candidate
    policies.can_see(by, candidate.legal_entity.code).or_raise()
    if draft.kind == Paper.Kind.DOCUMENT and draft.entries > LONGEST:
        raise NotReady(
            f"{draft.entries:,} lines are more than one document can hold ({LONGEST:,}): group the lines of "
            f"{candidate.bill_to}, or hand out the lines as a file."
        )
    Candidate.objects.select_for_update(of=("self",), no_key=True).get(pk=candidate.pk)
    paper = current(draft)
    if paper is not None and paper.state != Paper.State.FAILED:
        return paper
    Paper.objects.filter(candidate=candidate, kind=draft.kind).delete()
    paper = Paper.objects.create(
        candidate=candidate,
        kind=draft.kind,
        fingerprint=draft.fingerprint,
        entries=draft.entries,
        parts_total=draft.parts,
        asked_by=by,
    )
    _enqueue(paper)
    event(
        "billing.candidate.paper_asked",
        by=by,
        object_type="billing.candidate",
        object_id=candidate.pk,
        label=candidate.number,
        legal_entity=candidate.legal_entity.code,
        document=draft.kind,
        entries=draft.entries,
    )
    return paper


def _enqueue(paper: Paper) -> None:
    items.enqueue(
        KIND,
        lane=f"paper:{paper.candidate.number}",
        stage="bulk",
        payload={"paper": paper.pk},
        legal_entity=paper.candidate.legal_entity.code,
    )


@transaction.atomic
def set_next(*, paper_id: int) -> None:
    """Set the next part of a paper, and see to the one after it. Done again, it does the part that is missing."""
    paper = (
        Paper.objects.select_for_update(of=("self",), no_key=True)
        .select_related(*(f"candidate__{name}" for name in figures.PARTS))
        .filter(pk=paper_id, state=Paper.State.MAKING)
        .first()
    )
    if paper is None:
        return  # given up for a newer one
    draft = draft_of(paper.candidate, paper.kind)
    if draft.fingerprint != paper.fingerprint:
        _end(paper, Paper.State.FAILED, error="The figures moved while it was being set: ask for it again.")
        return
    body = draft.part(paper.parts_done + 1)
    PaperPart.objects.create(
        paper=paper, number=paper.parts_done + 1, body=body, sha256=hashlib.sha256(body).hexdigest()
    )
    paper.parts_done += 1
    if paper.parts_done == paper.parts_total:
        _end(paper, Paper.State.READY)
    else:
        paper.save(update_fields=["parts_done", "updated_at"])
        _enqueue(paper)


def given_up(*, paper_id: int, failure: Failed) -> None:
    """It could not be set: say why, so that somebody can ask again."""
    paper = Paper.objects.filter(pk=paper_id, state=Paper.State.MAKING).first()
    if paper is not None:
        _end(paper, Paper.State.FAILED, error=failure.message)


def _end(paper: Paper, state: Paper.State, *, error: str = "") -> None:
    paper.state, paper.error, paper.finished_at = state, error, now()
    paper.save(update_fields=["state", "error", "finished_at", "parts_done", "updated_at"])


def _file_safe(name: str) -> str:
    """A name no file system and no header stumbles over."""
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in name)
