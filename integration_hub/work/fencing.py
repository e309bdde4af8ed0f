"""Fencing: whoever writes for a lane proves first, under the lane's row lock, that the lane is still his."""

from collections.abc import Sequence

from integration_hub.work.models import Lane
from integration_hub.work.registry import Job, Superseded

_HOLD = "SELECT * FROM hub_work_lane WHERE key = %s FOR NO KEY UPDATE"


def hold(job: Job) -> Lane:
    """Lock the lane's row for the rest of the transaction; raise `Superseded` when another worker took it since."""
    lane = next(iter(Lane.objects.raw(_HOLD, [job.lane])), None)
    if lane is None:
        raise Superseded(f"Lane {job.lane} is gone.")
    _refuse_old(lane, job)
    return lane


def hold_all(jobs: Sequence[Job]) -> None:
    """`hold` for the lanes of all these jobs, in the order of their keys, in which writers enter them too."""
    claimed = {job.lane: job for job in jobs}
    lanes = Lane.objects.select_for_update(no_key=True).only("key", "token").filter(key__in=list(claimed))
    for lane in lanes.order_by("key"):
        _refuse_old(lane, claimed[lane.key])


def _refuse_old(lane: Lane, job: Job) -> None:
    if not is_current(lane, job):
        raise Superseded(f"Lane {job.lane} moved on: token {job.token} is old, {lane.token} is current.")


def is_current(lane: Lane, job: Job) -> bool:
    """Whether the job's token is the lane's."""
    return lane.token == job.token
