"""What a run leaves behind so that anybody can perform it again: its inputs, and all else it follows from."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from integration_hub.kernel.ids import content_hash
from reconciliation import matching
from reconciliation.matching import staging
from reconciliation.matching.exchange import Factor
from reconciliation.matching.passes import Asked
from reconciliation.matching.rules import recalled_of, rule_of
from reconciliation.models import InputBlock, PairRun

FORMAT = "throughline-reconciliation/1"


@cache
def code_version() -> str:
    """SHA-256 of the code that compares: the same code and the same input give the same outcome."""
    made = sha256()
    for path in sorted(Path(matching.__file__).parent.glob("*.py")):
        made.update(path.name.encode() + b"\0" + path.read_bytes())
    return made.hexdigest()


def keep() -> dict[str, list[list[Any]]]:
    """Write down both staged sides; {side: [[bucket, digest, rows], …]}. What is known already is not kept twice."""
    told: dict[str, list[list[Any]]] = {}
    for side in staging.TABLES:
        found = staging.write_down(side)
        known = set(
            InputBlock.objects.filter(pk__in=[digest for digest, _ in found.values()]).values_list("pk", flat=True)
        )
        fresh = [bucket for bucket, (digest, _) in found.items() if digest not in known]
        for bucket, content in staging.lines(side, fresh):
            digest, rows = found[bucket]
            block = InputBlock(digest=digest, rows=rows, content=staging.packed(content))
            InputBlock.objects.bulk_create([block], ignore_conflicts=True)
        told[side] = [[bucket, digest, rows] for bucket, (digest, rows) in sorted(found.items())]
    return told


def restore(run: PairRun) -> None:
    """Stage the inputs of a run as they were. Raises Forged where one says something else, or is gone."""
    for side in staging.TABLES:
        staging.restore(side, _blocks([digest for _, digest, _ in run.manifest["inputs"][side]]))


def _blocks(digests: list[str]) -> Iterator[tuple[str, bytes]]:
    for digest in digests:
        block = InputBlock.objects.filter(pk=digest).first()
        if block is None:
            raise staging.Forged(f"The input {digest[:12]}… is gone.")
        yield digest, bytes(block.content)


def manifest(
    pair: str,
    asked: Asked,
    tables: Mapping[str, Mapping[str, Any]],
    inputs: Mapping[str, Any],
    feeds: list[dict[str, Any]],
) -> dict[str, Any]:
    """Everything an outcome follows from, as JSON. `tables` are the rules by legal entity."""
    return {
        "format": FORMAT,
        "pair": pair,
        "code": code_version(),
        "rules": dict(tables),
        "cut_off": {"a": asked.cut_a.isoformat(), "b": asked.cut_b.isoformat()},
        "grace_seconds": int(asked.grace.total_seconds()),
        "period": [asked.low.isoformat(), asked.high.isoformat()] if asked.low and asked.high else [],
        "asked": [[rule.way, rule.legal_entity, rule.currency] for rule in asked.rules],
        "accepted": [[ref, list(left), list(right)] for ref, (left, right) in asked.accepted],
        "rejected": [[list(left), list(right)] for left, right in asked.rejected],
        "confirms": sorted(asked.confirms),
        "rates": [[one.base, one.quote, one.day.isoformat(), str(one.times), str(one.over)] for one in asked.rates],
        "inputs": dict(inputs),
        "feeds": feeds,
    }


def recalled(kept: Mapping[str, Any]) -> Asked:
    """What a manifest says was asked."""
    tables = {entity: recalled_of(kept["pair"], facts) for entity, facts in kept["rules"].items()}
    low, high = map(date.fromisoformat, kept["period"]) if kept["period"] else (None, None)
    return Asked(
        rules=[rule_of(tables[entity], way, entity, currency) for way, entity, currency in kept["asked"]],
        cut_a=datetime.fromisoformat(kept["cut_off"]["a"]),
        cut_b=datetime.fromisoformat(kept["cut_off"]["b"]),
        grace=timedelta(seconds=kept["grace_seconds"]),
        low=low,
        high=high,
        accepted=[(ref, (tuple(left), tuple(right))) for ref, left, right in kept["accepted"]],
        rejected=[(tuple(left), tuple(right)) for left, right in kept["rejected"]],
        confirms=kept["confirms"],
        rates=[
            Factor(base, quote, date.fromisoformat(day), Decimal(times), Decimal(over))
            for base, quote, day, times, over in kept["rates"]
        ],
    )


def digest_of(kept: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest."""
    return content_hash(kept)
