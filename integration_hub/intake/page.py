"""One page on its way from raw to applied. Everything happens in the caller's transaction, under the feed's lock."""

from collections.abc import Mapping, Sequence

from integration_hub.connectors.models import Connection
from integration_hub.intake import deliver, drift, shapes, store, troubles, waiting
from integration_hub.intake.models import Run, SourceVersion
from integration_hub.intake.registry import Arrival, Receipt, Receiver
from integration_hub.intake.store import Outcome
from integration_hub.intake.versions import UNSETTLED, Incoming, Judged, Known, Plan, Verdict, classify, order
from integration_hub.intake.work import (
    BROKEN_ROW,
    Counts,
    Work,
    current,
    older,
    was_applied,
    waves,
    with_virtual_columns,
)
from integration_hub.kernel.errors import Problem
from integration_hub.mapping.apply import Translated, translate
from integration_hub.mapping.compile import Compiled

Stored = Mapping[str, Sequence[Known]]


class Page:
    """A page of one entity of one connection; `take` arriving versions or `repeat` stored ones, once."""

    def __init__(
        self, connection: Connection, entity: str, mapping: Compiled, receiver: Receiver, run: Run | None = None
    ) -> None:
        self.connection = connection
        self.entity = entity
        self.mapping = mapping
        self.receiver = receiver
        self.run = run
        self.file_name = run.file.name if run is not None and run.file is not None else ""
        self.counts = Counts()
        self.accept = False
        self.touched: set[troubles.Cause] = set()

    def take(self, arrived: Sequence[Incoming]) -> Counts:
        """Ingest arriving versions."""
        known = store.known(self.connection, self.entity, [item.source_id for item in arrived])
        plan = classify(arrived, known, self._again)
        worked = (Verdict.APPLY, Verdict.AGAIN)
        works = [self._work(judged, known) for judged in plan.judged if judged.verdict in worked]
        self._contest(plan)
        self._translate(works, known)
        works = self._store(plan, works)
        self._deliver(works)
        self._finish(works)
        return self.counts

    def repeat(self, ids: Sequence[int], *, accept: bool, settled: bool = False) -> Counts:
        """Take stored versions again; with `accept` also those in conflict, because a person chose them, with `settled`
        also those that were applied, because what became of them is something else by now.
        """
        self.accept = accept
        statuses = {*UNSETTLED, "filtered"} | ({"conflict"} if accept else set()) | ({"applied"} if settled else set())
        found = SourceVersion.objects.filter(pk__in=list(ids), status__in=statuses)
        rows = sorted(found.select_related("run__file"), key=lambda row: (order(row.version), row.deleted, row.pk))
        known = store.known(self.connection, self.entity, list({row.source_id for row in rows}))
        works = [work for row in rows if (work := self._repeated(row, known[row.source_id])) is not None]
        self._translate(works, known)
        self._deliver(works)
        self._finish(works)
        return self.counts

    # -- what is worked ----------------------------------------------------------------------------------------------

    def _again(self, known: Known) -> bool:
        """Whether an exact duplicate that is not settled is tried once more: another mapping, or a person's file."""
        if known.status not in UNSETTLED and known.status != "filtered":
            return False
        return known.mapping_version != self.mapping.version or (bool(self.file_name) and known.status != "filtered")

    def _work(self, judged: Judged, known: Stored) -> Work:
        item, stored = judged.incoming, known.get(judged.incoming.source_id, ())
        own = judged.known.id if judged.known is not None else 0
        if judged.known is not None:
            self._touch(judged.known)
        return Work(
            item.source_id,
            item.version,
            with_virtual_columns(item.payload, item.row, self.file_name),
            item.deleted,
            incoming=item,
            stored=own,
            was_applied=bool(stored) and was_applied(stored),
            older=older(stored, item.rank, besides=own) if stored else (),
            case=(judged.known.case_code, judged.known.root_cause) if judged.known is not None else None,
        )

    def _repeated(self, row: SourceVersion, stored: Sequence[Known]) -> Work | None:
        if row.payload.keys() == {BROKEN_ROW}:
            return None
        own = next(item for item in stored if item.id == row.pk)
        self._touch(own)
        now = current(stored)
        if now is not None and now.id != own.id and own.rank < now.rank:
            self._settle({own.id: Outcome("stale")})
            self.counts.add("stale")
            return None
        file_name = row.run.file.name if row.run is not None and row.run.file is not None else ""
        return Work(
            row.source_id,
            row.version,
            with_virtual_columns(row.payload, row.row_number, file_name),
            row.deleted,
            stored=row.pk,
            was_applied=was_applied(stored),
            older=older(stored, own.rank, besides=own.id),
            case=(own.case_code, own.root_cause),
        )

    def _touch(self, known: Known) -> None:
        if known.root_cause:
            self.touched.add((known.case_code, known.root_cause))

    # -- conflicts ---------------------------------------------------------------------------------------------------

    def _contest(self, plan: Plan) -> None:
        """Stored versions that are not applied yet and have a rival now: neither is applied."""
        for rival in plan.contested:
            self._touch(rival)
        self._settle({rival.id: self._conflict(rival.source_id, rival.version) for rival in plan.contested})

    def _conflict(self, source_id: str, version: str) -> Outcome:
        cause = f"{self.connection.code}:{self.entity}:{source_id}"[:200]
        self.touched.add((troubles.SOURCE_CONFLICT, cause))
        told = (troubles.told(troubles.conflict(version), self.mapping, {}),)
        return Outcome("conflict", told, code=troubles.SOURCE_CONFLICT, root_cause=cause)

    # -- translation -------------------------------------------------------------------------------------------------

    def _translate(self, works: Sequence[Work], known: Stored) -> None:
        self._find_predecessors(works, known)
        for work in works:
            if work.incoming is not None and work.incoming.problems:
                work.outcome = self._refused(work, work.incoming.problems, troubles.RECORD_REFUSED)
            elif work.deleted and work.predecessor is None:
                continue  # A deletion of what never came: the stored tombstone is all there is to do.
            else:
                self._understand(work)
        self._inspect(works)

    def _inspect(self, works: Sequence[Work]) -> None:
        """Keep back what does not look like this feed's records any more; a person must say what it means."""
        judged = [work for work in works if not work.deleted and work.outcome.code in ("", troubles.RECORD_REFUSED)
                  and work.outcome.status != "filtered" and not (work.incoming and work.incoming.problems)]  # fmt: skip
        if not judged or self.accept:
            return
        batch = [drift.Seen(work.raw, work.record) for work in judged]
        for work, seen, found in zip(judged, batch, shapes.inspect(self.connection, self.mapping, batch), strict=True):
            if found is not None:
                told = troubles.told(shapes.problem(found), self.mapping, work.raw) | shapes.money(seen)
                cause = shapes.root_cause(self.connection.code, self.entity, found)
                work.record, work.outcome = None, Outcome("refused", (told,), code=shapes.CODE, root_cause=cause)

    def _find_predecessors(self, works: Sequence[Work], known: Stored) -> None:
        """Give deletions the last payload they delete: vendors tell little more than the id."""
        deletions = [work for work in works if work.deleted]
        if not deletions:
            return
        living = {work.source_id: current(known.get(work.source_id, ())) for work in deletions if work.was_applied}
        wanted = [item.id for item in living.values() if item is not None]
        payloads = dict(SourceVersion.objects.filter(pk__in=wanted).values_list("source_id", "payload"))
        for work in works:
            if work.deleted:
                work.predecessor = payloads.get(work.source_id)
            else:
                payloads[work.source_id] = work.raw

    def _understand(self, work: Work) -> None:
        raw = {**(work.predecessor or {}), **work.raw} if work.deleted else work.raw
        result = translate(self.mapping, raw, source_id=work.source_id, version=work.version, deleted=work.deleted)
        if result.filtered:
            work.outcome = self._filtered(work)
        elif result.record is None:
            work.outcome = self._untranslated(work, result)
        elif result.record.source_id != work.source_id:
            work.outcome = self._refused(
                work, [_renamed(work.source_id, result.record.source_id)], troubles.RECORD_REFUSED
            )
        else:
            work.record = result.record

    def _filtered(self, work: Work) -> Outcome:
        if not work.was_applied:
            return Outcome("filtered")
        problem = Problem(
            "row_filter",
            "this record was applied before and its new version falls outside the row filter.",
            "Widen the filter, or delete or reverse the record in its source.",
        )
        return self._refused(work, [problem], troubles.RECORD_REFUSED)

    def _untranslated(self, work: Work, result: Translated) -> Outcome:
        cause = result.unmapped[0].root_cause if result.unmapped else ""
        return self._refused(work, result.problems, result.code or troubles.RECORD_REFUSED, cause)

    def _refused(self, work: Work, problems: Sequence[Problem], code: str, cause: str = "") -> Outcome:
        told = tuple(troubles.told(problem, self.mapping, work.raw) for problem in problems)
        cause = cause or troubles.root_cause(self.connection.code, self.entity, problems)
        return Outcome("refused", told, code=code, root_cause=cause)

    # -- storing, delivering, settling -------------------------------------------------------------------------------

    def _store(self, plan: Plan, works: Sequence[Work]) -> list[Work]:
        """Store all new versions with the status they will most likely keep; the few others are settled later.

        Returns what is left to do: a version that was stored meanwhile, past the feed's lock, is somebody else's.
        """
        fresh: list[tuple[Incoming, Outcome]] = []
        for judged in plan.judged:
            if judged.verdict is Verdict.UNCHANGED:
                self.counts.add("unchanged")
            elif judged.verdict is Verdict.STALE:
                fresh.append((judged.incoming, Outcome("stale")))
                self.counts.add("stale")
            elif judged.verdict is Verdict.CONFLICT:
                fresh.append((judged.incoming, self._conflict(judged.incoming.source_id, judged.incoming.version)))
                self.counts.add("conflict")
        if self.run is not None and self.file_name:
            again = {work.stored: work.incoming.row for work in works if work.stored and work.incoming}
            store.moved_to(self.run.pk, {pk: row for pk, row in again.items() if row is not None})
        new = [work for work in works if not work.stored]
        fresh.extend((work.incoming, work.outcome) for work in new if work.incoming is not None)
        run_id = self.run.pk if self.run is not None else None
        ids = store.insert(self.connection, self.entity, fresh, run_id=run_id, mapping_version=self.mapping.version)
        for work in new:
            if work.incoming is not None:
                work.stored = ids.get(work.incoming.identity, 0)
                work.written = work.outcome
        self.counts.add("unchanged", sum(not work.stored for work in works))
        return [work for work in works if work.stored]

    def _deliver(self, works: Sequence[Work]) -> None:
        for wave in waves([work for work in works if work.record is not None]):
            arrivals = [Arrival(self.connection, work.stored, work.record) for work in wave if work.record is not None]
            for work, receipt in zip(wave, deliver.deliver(self.receiver, arrivals), strict=True):
                self._note(work, receipt)

    def _note(self, work: Work, receipt: Receipt) -> None:
        if receipt.status == "parked":
            work.outcome = _parked(work, deliver.waits_for(self.connection.code, receipt.waits_for))
        elif receipt.status == "refused":
            work.outcome = self._refused(work, receipt.problems, receipt.code or troubles.RECORD_REFUSED)

    def _finish(self, works: Sequence[Work]) -> None:
        """Write outcomes, retire what they made out of date, wake who waited, bring the cases up to date."""
        changed: dict[int, Outcome] = {}
        passed: set[str] = set()
        for work in reversed(works):
            if work.source_id in passed and work.outcome.status in ("refused", "parked"):
                work.outcome = Outcome("stale")  # A later version of the same page passed.
            if work.outcome.status in ("applied", "filtered"):
                passed.add(work.source_id)
                for known in work.older:
                    self._touch(known)
                    changed.setdefault(known.id, Outcome("stale"))
            if work.outcome is not work.written:
                changed[work.stored] = work.outcome
            if work.outcome.root_cause:
                self.touched.add((work.outcome.code, work.outcome.root_cause))
            self.counts.add(work.outcome.status)
        self._settle(changed)
        waiting.wake(
            self.connection, self.entity, [work.source_id for work in works if work.outcome.status == "applied"]
        )
        troubles.bring_up_to_date(self.connection, self.entity, self.touched)

    def _settle(self, outcomes: Mapping[int, Outcome]) -> None:
        store.settle(outcomes, mapping_version=self.mapping.version)


def _parked(work: Work, key: str) -> Outcome:
    """Waiting for a parent; one that waits for the same parent still stays in its case."""
    cause = (troubles.PARKED_REFERENCE, key[:200])
    code, root = cause if work.case == cause else ("", "")
    return Outcome("parked", waits_for=key, code=code, root_cause=root)


def _renamed(before: str, after: str) -> Problem:
    return Problem(
        "source_id",
        f"the mapping now makes {after!r} of what was stored as {before!r}.",
        "Read the record or the file again.",
    )
