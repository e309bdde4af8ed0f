"""The tie-out pack: the whole close as it stood when it was signed, as plain values under one digest.

What is signed is the content; the same findings give the same bytes. `as_of` and the control totals are part of it.
"""

from typing import Any

from integration_hub.kernel.ids import as_json, content_hash
from integration_hub.trail.models import Seal
from reconciliation.closing import standing
from reconciliation.closing.checks import CHECKS
from reconciliation.closing.standing import Line, Standing
from reconciliation.models import ClosePack, PairRun, PeriodClose, TieOut

FORMAT = "throughline-close-pack/1"


def content(found: Standing) -> dict[str, Any]:
    """What a first signature freezes, as JSON values."""
    close, period = found.close, found.period
    return as_json(  # type: ignore[no-any-return]
        {
            "format": FORMAT,
            "legal_entity": close.legal_entity,
            "period": {"from": period.starts_on, "to": period.ends_on},
            "cut_off_on": period.cut_off_on,
            "as_of": period.moment,
            "checks": [_line(line) for line in found.lines],
            "readiness": [
                {"currency": row.currency, "due": row.due, "posted": row.posted, "stopped": row.stopped,
                 "unpriced_minutes": row.unpriced}
                for row in standing.readiness(period)
            ],
            "control_totals": _totals(close.legal_entity),
            "pairs": _pairs(close.legal_entity),
            "seal": _seal(),
        }
    )  # fmt: skip


def digest(kept: dict[str, Any]) -> str:
    """SHA-256 of a content."""
    return content_hash(kept)


def changed(kept: dict[str, Any], found: Standing) -> list[str]:
    """Titles of the checks whose findings are others now than in a pack."""
    then = {row["name"]: row["found"] for row in kept["checks"]}
    now = {line.check.name: as_json(line.found.told) for line in found.lines}
    return [check.title for check in CHECKS if then.get(check.name) != now[check.name]]


def exported(pack: ClosePack) -> dict[str, Any]:
    """A pack as it is handed out: what was signed, its digest, and who signed it."""
    return {
        "content": pack.content,
        "digest": pack.digest,
        "state": pack.state,
        "signatures": [
            {"by": by, "at": at.isoformat()}
            for by, at in ((pack.first_by, pack.first_at), (pack.second_by, pack.second_at)) if at
        ],
    }  # fmt: skip


def _line(line: Line) -> dict[str, Any]:
    accepted = line.acceptance if line.accepted else None
    return {
        "name": line.check.name,
        "title": line.check.title,
        "owner": str(line.check.owner),
        "due_on": line.due_on,
        "state": line.state,
        "found": line.found.told,
        "accepted": {"by": accepted.by, "at": accepted.at, "reason": accepted.reason} if accepted else None,
    }


def _totals(legal_entity: str) -> dict[str, Any] | None:
    """The comparisons of the legal entity in the last tie-out."""
    last = TieOut.objects.order_by("-id").first()
    if last is None:
        return None
    arrows = [row for row in last.totals.get("arrows", []) if row["legal_entity"] == legal_entity]
    return {"tie_out": last.pk, "at": last.at, "arrows": arrows}


def _pairs(legal_entity: str) -> list[dict[str, Any]]:
    """The last run of each pair that looked at the legal entity, with the digest that lets it be performed again."""
    rows = PairRun.objects.defer("manifest").filter(state="done", legal_entity__in=["", legal_entity])
    return [
        {"pair": run.pair, "run": run.pk, "at": run.finished_at, "verdict": run.verdict, "digest": run.result_digest}
        for run in rows.order_by("pair", "-pk").distinct("pair")
    ]


def _seal() -> dict[str, Any] | None:
    """The last seal of the trail: what happened before it cannot be written anew without breaking it."""
    last = Seal.objects.order_by("-pk").first()
    return None if last is None else {"seal": last.pk, "hash": last.hash}


def of(close: PeriodClose) -> ClosePack | None:
    """The pack that stands."""
    return close.packs.filter(state__in=ClosePack.STANDING).first()
