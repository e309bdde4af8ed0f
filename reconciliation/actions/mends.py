"""Mend a break in one act: bring both sides up to date, and have the pair reconciled when that is through."""

from django.db import transaction

from integration_hub.kernel.errors import Denied, NotReady, Stale
from integration_hub.people.models import User
from integration_hub.trail import record
from reconciliation import mending, policies
from reconciliation.actions import pair_runs
from reconciliation.matching.pairs import PAIRS
from reconciliation.models import PairBreak, PairRun


@transaction.atomic
def mend(*, break_id: int, by: User, seen_version: int) -> PairRun:
    """Do all that can be done about a break at once, as far as the person may; the run that says whether it helped.

    Raises Denied, Stale, or NotReady where nothing can be done at once or the pair is being reconciled.
    """
    row = PairBreak.objects.select_for_update(no_key=True).get(pk=break_id)
    if row.version != seen_version:
        raise Stale
    policies.can_mend(row, by).or_raise()
    found = mending.acts_of(row, by)
    acts = [act for act in found if act.allowed]
    if not acts:
        if found:
            raise Denied(found[0].allowed.reason)
        raise NotReady("Nothing can be done about it at once: correct it where it is wrong, or explain it.")
    for act in acts:
        act.do(by)
    record.event(
        "reconciliation.break.mended",
        by=by,
        object_type="reconciliation.pairbreak",
        object_id=row.pk,
        label=f"{PAIRS.get(row.pair).title} {row.identity}",
        legal_entity=row.legal_entity,
        acts=[act.says for act in acts],
    )
    return pair_runs.request(
        pair=row.pair, by=by, legal_entity=_scope(row), after={act.lane for act in acts},
    )  # fmt: skip


def _scope(row: PairBreak) -> str:
    """The legal entity to reconcile again: all, where one side may have it under another one."""
    return "" if row.kind == PairBreak.Kind.DETAILS else row.legal_entity
