"""An explained decision as text for a terminal, and as JSON for a machine: the same story as on the screen."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from billing.asked import Asked
from billing.explain import Considered, Explanation, Limit, explain

WIDTH = 26


def as_text(asked: Asked) -> str:
    """The story of one decision, a step a paragraph; steps that were not asked are left out."""
    decision, story = asked.decision, explain(asked.decision, asked.pieces)
    of = decision.event
    head = f"{of.get_kind_display()} {of.work_key} v{of.version}"
    made = f"decided {decision.decided_at:%Y-%m-%d %H:%M} UTC because of {decision.caused_by}, rules {decision.rules}"
    return "\n".join([head, f"  {made}, hash {decision.content_hash[:12]}", *_steps(story)])


def as_facts(asked: Asked) -> dict[str, Any]:
    """One decision as JSON: what identifies it, its story, its pieces' ids and the trace as it is stored."""
    decision, version = asked.decision, asked.decision.contract_version
    return {
        "decision": decision.pk,
        "event": decision.event_id,
        "work_key": decision.event.work_key,
        "event_version": decision.event.version,
        "recorded_at": decision.event.recorded_at.isoformat(),
        "contract_version": version.number if version else None,
        "terms_recorded_at": version.recorded_at.isoformat() if version else None,
        "rules": decision.rules,
        "decided_at": decision.decided_at.isoformat(),
        "because": decision.caused_by,
        "content_hash": decision.content_hash,
        "pieces": [piece.pk for piece in asked.pieces],
        "story": asdict(explain(decision, asked.pieces)),
        "trace": decision.trace,
    }


def _steps(story: Explanation) -> Iterable[str]:
    parts: tuple[tuple[str, Iterable[str]], ...] = (
        ("What was delivered", _facts(story.facts)),
        ("Under which terms", _facts(story.terms)),
        ("Which line takes it", [story.line_how, *map(_row, story.lines)]),
        ("Whether it is charged", [story.charge]),
        ("Which price applies", [story.rate_how, *map(_row, story.rates)]),
        ("Why what was billed is credited", story.corrected),
        ("From cost to price", story.sums),
        ("What the retainer covers", _facts(story.retainer)),
        ("What holds it", [f"{code} on {on}: {stops}" for code, on, stops in story.holds]),
        ("What the limits leave", map(_limit, story.limits)),
        ("Result", [*story.results, *([f"Rounding: {story.rounding}"] if story.rounding else [])]),
        ("Printed as", story.printed),
        ("Who approved it", story.approved),
        ("The document", [f"{what} {which}" for what, which in story.documents]),
    )
    for title, lines in parts:
        told = [line for line in lines if line]
        if told:
            yield f"  {title}"
            yield from (f"    {line}" for line in told)


def _facts(facts: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{label:<{WIDTH}}{value}" for label, value in facts]


def _row(row: Considered) -> str:
    mark = "+" if row.accepted else "-"
    return f"{mark} {', '.join(part for part in (row.name, row.value, row.detail) if part)}: {row.reason}"


def _limit(limit: Limit) -> str:
    reached = ", reached" if limit.binding else ""
    return f"{limit.name} ({limit.kind}) {limit.limit}: {limit.before} + {limit.taken} = {limit.after}{reached}"
