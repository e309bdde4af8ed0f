"""Progress of lines with a fixed price: what was done in all, less what was billed of it, is the next step.

The accepted steps of a line add up to its price times what was measured last, rounded once: however often it is
measured, and whatever an amendment made of the price, nothing is lost in the rounding. A step is a milestone, so it is
billed, held, credited and traced as one (R9).
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, QuerySet, Sum

from contracts import events, policies
from contracts.actions.agreements import held
from contracts.actions.delivery import tell_milestone
from contracts.kinds import PROGRESS_REGRESSED
from contracts.models import MILESTONE_MOVES, PROGRESS_MOVES, ContractLine, Milestone, ProgressMeasure
from integration_hub.cases.actions import cases
from integration_hub.kernel.clock import now, today
from integration_hub.kernel.errors import BadInput, Problem, Stale
from integration_hub.kernel.money import ZERO, round_money
from integration_hub.people.models import User
from integration_hub.trail.record import Actor, actor_name, event

State = ProgressMeasure.Status
_IN_MILESTONE = Milestone.Status
LARGEST = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureIn:
    """`percent` of the whole line, 0 to 100, was done at the end of the day `as_of`."""

    as_of: date
    percent: Decimal
    measured_by: str
    evidence: str


@transaction.atomic
def measure(*, line_id: int, said: MeasureIn, by: Actor) -> ProgressMeasure:
    """Record how far a line is. What is new of it becomes a step that is billed; what fell is questioned.

    Raises Denied, or BadInput that names the field.
    """
    line = _locked(line_id)
    policies.can_measure(line, by).or_raise()
    last = standing(line)
    _check(line, said, last)
    # What was questioned and is reached again was a slip; a lower figure still is a question of its own.
    for row in line.measures.filter(status=State.QUESTIONED):
        _end(row, State.DECLINED, by, "progress was measured again")
    row = ProgressMeasure(
        line=line, as_of=said.as_of, percent=said.percent, measured_by=said.measured_by, evidence=said.evidence,
        recorded_by=actor_name(by),
    )  # fmt: skip
    missing = earned(line, said.percent) - billed(line)
    fell = (last is not None and said.percent < last.percent) or missing < 0
    if fell:
        row.status = State.QUESTIONED
        row.save()
        _ask(row, last)
    else:
        row.step = _step(row, missing, by) if missing else None
        row.save()
    _tell("questioned" if fell else "recorded", row, by)
    return row


@transaction.atomic
def confirm(*, measure_id: int, by: User, seen_version: int, note: str = "") -> ProgressMeasure:
    """It did fall: the newest steps are taken back whole, and what remains of them is a step again.

    What is posted of a step that is taken back is credited. Raises Denied, or Stale when it changed meanwhile.
    """
    row = _held(measure_id, seen_version)
    policies.can_decide_progress(row, by).or_raise()
    line, target = row.line, earned(row.line, row.percent)
    for step in steps(line).order_by("-sequence"):
        if billed(line) <= target:
            break
        _withdraw(step, by)
    if missing := target - billed(line):
        row.step = _step(row, missing, by)
    _end(row, State.IN_FORCE, by, note)
    return row


@transaction.atomic
def decline(*, measure_id: int, by: User, seen_version: int, reason: str) -> ProgressMeasure:
    """It did not fall: what was measured before stands. Raises Denied, or Stale when it changed meanwhile."""
    row = _held(measure_id, seen_version)
    policies.can_decline_progress(row, by, reason).or_raise()
    _end(row, State.DECLINED, by, reason)
    return row


def standing(line: ContractLine) -> ProgressMeasure | None:
    """What was measured last and holds."""
    return line.measures.filter(status=State.IN_FORCE).order_by("-as_of", "-pk").first()


def steps(line: ContractLine) -> "QuerySet[Milestone]":
    """The steps of a line that are accepted."""
    return line.milestones.filter(status=_IN_MILESTONE.ACCEPTED)


def billed(line: ContractLine) -> Decimal:
    """What the accepted steps of a line come to, whether they are invoiced yet or not."""
    found: Decimal | None = steps(line).aggregate(total=Sum("amount"))["total"]
    return found or ZERO


def earned(line: ContractLine, percent: Decimal) -> Decimal:
    """A part of the price of a line, rounded as its legal entity rounds."""
    contract = line.contract
    return round_money((line.amount or ZERO) * percent / LARGEST, contract.currency, contract.legal_entity.rounding)  # type: ignore[arg-type]


def still_questioned(root_cause: str) -> bool:
    """Whether a fall of a line, `line:<id>`, waits for somebody's decision."""
    key = root_cause.removeprefix("line:")
    return key.isdecimal() and ProgressMeasure.objects.filter(line=int(key), status=State.QUESTIONED).exists()


# -- parts ------------------------------------------------------------------------------------------------------------


def _locked(line_id: int) -> ContractLine:
    found = ContractLine.objects.select_related("contract").get(pk=line_id)
    contract = held(found.contract)
    line = ContractLine.objects.select_for_update(of=("self",), no_key=True).get(pk=line_id)
    line.contract = contract
    return line


def _held(measure_id: int, seen_version: int) -> ProgressMeasure:
    line = _locked(ProgressMeasure.objects.values_list("line_id", flat=True).get(pk=measure_id))
    row = ProgressMeasure.objects.select_for_update(of=("self",), no_key=True).get(pk=measure_id)
    if row.version != seen_version:
        raise Stale
    row.line = line
    return row


def _check(line: ContractLine, said: MeasureIn, last: ProgressMeasure | None) -> None:
    checks: list[tuple[str, bool, str, str]] = [
        ("percent", not ZERO <= said.percent <= LARGEST, "is no part of a whole.", "Say 0 to 100."),
        ("as_of", said.as_of > today(), "is still to come.", "Name a day that is over."),
        ("measured_by", not said.measured_by.strip(), "is missing.", "Say who measured it."),
        ("evidence", not said.evidence.strip(), "is missing.", "Name the report or protocol that shows it."),
    ]
    if last is not None:
        told = f"is before {last.as_of}, of which {last.percent.normalize():f} % is known."
        checks.append(("as_of", said.as_of < last.as_of, told, "Measure as of a later day."))
    problems = [Problem(field, told, remedy) for field, is_wrong, told, remedy in checks if is_wrong]
    if problems:
        raise BadInput(f"Progress of {line.contract.number} line {line.number}", problems)


def _step(row: ProgressMeasure, amount: Decimal, by: Actor) -> Milestone:
    line = row.line
    last: int = line.milestones.aggregate(last=Max("sequence"))["last"] or 0
    step = Milestone.objects.create(
        line=line, sequence=last + 1, name=f"{line.name}: {row}", amount=amount, currency=line.contract.currency,
        status=_IN_MILESTONE.ACCEPTED, accepted_on=row.as_of, accepted_by=row.measured_by, evidence=row.evidence,
    )  # fmt: skip
    tell_milestone(step, by, amount=step.amount)
    events.milestone_moved(step)
    return step


def _withdraw(step: Milestone, by: Actor) -> None:
    """Take back a step: no longer accepted, and nothing that could be accepted again."""
    for status in (_IN_MILESTONE.IN_PROGRESS, _IN_MILESTONE.CANCELLED):
        MILESTONE_MOVES.check(step.status, status)
        step.status = status
    step.accepted_on, step.accepted_by, step.evidence = None, "", ""
    step.version += 1
    step.save()
    tell_milestone(step, by, amount=step.amount)
    events.milestone_moved(step)


def _end(row: ProgressMeasure, status: str, by: Actor, reason: str) -> None:
    PROGRESS_MOVES.check(row.status, status)
    row.status = status
    row.decided_by, row.decided_at = actor_name(by), now()
    row.version += 1
    row.save()
    _tell("confirmed" if status == State.IN_FORCE else "declined", row, by, reason)
    cases.heal(code=PROGRESS_REGRESSED, root_cause=f"line:{row.line_id}", because=reason or "It is confirmed.", by=by)


def _ask(row: ProgressMeasure, last: ProgressMeasure | None) -> None:
    line, contract = row.line, row.line.contract
    before = f"{last.percent.normalize():f} % as of {last.as_of}" if last else "nothing"
    less = billed(line) - earned(line, row.percent)
    cases.raise_case(
        code=PROGRESS_REGRESSED,
        root_cause=f"line:{line.pk}",
        title=f"Progress of {contract.number} line {line.number} fell to {row}",
        detail=f"Known before: {before}. {row.measured_by} says: {row.evidence}.",
        remedy="Confirm it, and the difference is credited; or decline it.",
        legal_entity=contract.legal_entity.code,
        subject=("contracts.progressmeasure", str(row.pk), f"{contract.number} line {line.number}"),
        members=[
            cases.MemberIn(
                "contracts.contractline", str(line.pk), f"{contract.number} {line}", max(less, ZERO), contract.currency
            )
        ],
        by="system:contracts",
    )


def _tell(what: str, row: ProgressMeasure, by: Actor, reason: str = "") -> None:
    contract = row.line.contract
    event(
        f"contracts.progress.{what}",
        by=by,
        object_type="contracts.contract",
        object_id=contract.pk,
        label=f"{contract.number} line {row.line.number}: {row}",
        legal_entity=contract.legal_entity.code,
        reason=reason,
        evidence=row.evidence,
        measured_by=row.measured_by,
    )
